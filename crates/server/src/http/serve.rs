//! The listening socket: plain or TLS, with connections that can be cut, and an orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::Service;

use super::faults::{Cut, FaultSwitch};
use super::idle::{Answering, Asked, Patience};

/// How long running requests may take to end.
const GRACE: Duration = Duration::from_secs(3);
/// The most requests at a time on one connection of HTTP/2.
const STREAMS: u32 = 100;

/// A server that is listening.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

impl Listening {
    /// Takes no more requests, lets running ones end, then cuts what is left.
    pub(crate) async fn stop(self) {
        self.handle.graceful_shutdown(Some(GRACE));
        // The task ends by itself; were it gone already, there would be nothing to stop.
        self.task.await.ok();
    }
}

/// Begins to listen. `patience`: how long the head of a request may take, and how long a connection may be without one.
pub(crate) async fn listen(
    address: SocketAddr,
    tls: Option<RustlsConfig>,
    router: Router,
    faults: FaultSwitch,
    patience: Duration,
) -> io::Result<Listening> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let cuttable = CuttableAcceptor { faults: faults.clone(), patience };
    let make = Front { router, faults, peer: None, asked: Asked::nothing() };
    let mut server = Server::<SocketAddr>::from_listener(listener).handle(handle.clone());
    // Whoever dribbles a request would else hold a connection for ever, and with many of them all there are.
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(patience);
    // The other protocol has no such time-out: what is idle is cut off below it (see `idle`), and what is not is asked
    // whether it lives.
    server
        .http_builder()
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience)
        .keep_alive_timeout(patience)
        .max_concurrent_streams(STREAMS);
    let task = match tls {
        None => tokio::spawn(server.acceptor(cuttable).serve(make)),
        Some(config) => tokio::spawn(server.acceptor(RustlsAcceptor::new(config).acceptor(cuttable)).serve(make)),
    };
    Ok(Listening { address, handle, task })
}

/// The router behind the fault switch. Made once, and again for each connection, which then knows its peer.
#[derive(Clone)]
struct Front {
    router: Router,
    faults: FaultSwitch,
    peer: Option<SocketAddr>,
    asked: Asked,
}

impl Service<SocketAddr> for Front {
    type Response = Self;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, peer: SocketAddr) -> Self::Future {
        std::future::ready(Ok(Self { peer: Some(peer), ..self.clone() }))
    }
}

impl<B> Service<Request<B>> for Front
where
    B: axum::body::HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = Cut;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Cut>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let under_way = self.asked.begin();
        let Self { mut router, faults, peer, .. } = self.clone();
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let request = request.map(Body::new);
        Box::pin(async move {
            let answer = async |request| match router.call(request).await {
                Ok(response) => response,
                Err(impossible) => match impossible {},
            };
            let answered = faults.through(request, answer).await;
            answered.map(|response| response.map(|body| Answering::body(body, under_way)))
        })
    }
}

/// Accepts connections that break when the signal is lost, and when nothing is asked on them.
#[derive(Clone)]
struct CuttableAcceptor {
    faults: FaultSwitch,
    patience: Duration,
}

impl Accept<TcpStream, Front> for CuttableAcceptor {
    type Stream = Cuttable;
    type Service = Front;
    type Future = std::future::Ready<io::Result<(Cuttable, Front)>>;

    fn accept(&self, stream: TcpStream, service: Front) -> Self::Future {
        let offline = self.faults.watch_offline();
        if *offline.borrow() {
            return std::future::ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let asked = Asked::nothing();
        let patience = Patience::new(asked.clone(), self.patience);
        let accepted = stream
            .set_nodelay(true)
            .map(|()| (Cuttable { stream, cut: cut(offline), patience }, Front { asked, ..service }));
        std::future::ready(accepted)
    }
}

type Signal = Pin<Box<dyn Future<Output = ()> + Send>>;

fn cut(mut offline: watch::Receiver<bool>) -> Signal {
    Box::pin(async move {
        if offline.wait_for(|offline| *offline).await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// A connection that breaks when the signal is lost, also while nothing is said on it, and when nothing is asked on it.
struct Cuttable {
    stream: TcpStream,
    cut: Signal,
    patience: Patience,
}

impl Cuttable {
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(context) {
            // A future that has ended must not be asked again.
            Poll::Ready(()) => {
                self.cut = Box::pin(std::future::ready(()));
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending if self.patience.is_over(context) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            read => read,
        }
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
