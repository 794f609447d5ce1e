//! Requests and sessions over real connections, against servers made by hand to misbehave.

#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod feeds;
#[cfg(test)]
mod server;
#[cfg(test)]
mod session;
#[cfg(test)]
mod tls;
