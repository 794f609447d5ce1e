//! The terminal: keys and clicks in, cells out. Whatever happens, the terminal is given back as it was.

use std::io::stdout;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{
    self, DisableMouseCapture, EnableMouseCapture, Event, KeyEventKind, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::crossterm::execute;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::ConsoleError;
use crate::app::message::{Command, Intent, Message};
use crate::app::{Model, Setting, update};
use crate::link::Link;
use crate::opening::Opened;
use crate::screens::draw;
use crate::widgets::drawing::Drawn;
use crate::widgets::look::Look;
use crate::words::Zone;

/// How often the thread that reads the terminal looks whether it should end.
const LOOK_UP: Duration = Duration::from_millis(200);
/// Rows that a turn of the wheel moves.
const WHEEL: isize = 3;

/// Runs the console until the person leaves; gives how many actions were on this phone only.
pub async fn run(opened: &Opened) -> Result<usize, ConsoleError> {
    let screen = Screen::take().map_err(ConsoleError::io("terminal"))?;
    let ended = show(screen, opened).await.map_err(ConsoleError::io("terminal"));
    ended.map(|()| opened.account.state().waiting)
}

/// The terminal while it is ours; dropping it gives it back.
struct Screen {
    terminal: DefaultTerminal,
    is_over: Arc<AtomicBool>,
}

impl Screen {
    fn take() -> std::io::Result<Self> {
        // Restores the terminal before a panic is told.
        let terminal = ratatui::try_init()?;
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            execute!(stdout(), DisableMouseCapture).ok();
            told(panic);
        }));
        execute!(stdout(), EnableMouseCapture)?;
        Ok(Self { terminal, is_over: Arc::default() })
    }

    /// Reads the terminal on a thread of its own.
    fn listen(&self, events: UnboundedSender<Event>) {
        let is_over = Arc::clone(&self.is_over);
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let read = match event::poll(LOOK_UP) {
                    Ok(true) => event::read(),
                    Ok(false) => continue,
                    Err(error) => Err(error),
                };
                if !read.is_ok_and(|event| events.send(event).is_ok()) {
                    return;
                }
            }
        });
    }

    fn draw(&mut self, model: &mut Model) -> std::io::Result<Drawn> {
        let mut drawn = Drawn::default();
        self.terminal.draw(|frame| drawn = draw(model, frame.buffer_mut()))?;
        model.drawn(drawn.top, drawn.rows);
        Ok(drawn)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        execute!(stdout(), DisableMouseCapture).ok();
        ratatui::restore();
    }
}

async fn show(mut screen: Screen, opened: &Opened) -> std::io::Result<()> {
    let (messages, mut told) = unbounded_channel();
    let (events, mut pressed) = unbounded_channel();
    screen.listen(events);
    let mut link = Link::new(opened.account.clone(), messages);
    let setting = Setting {
        server: opened.server.clone(),
        folder: opened.folder.clone(),
        zone: Zone::of_this_machine(),
        look: Look::of_environment(),
    };
    let (mut model, commands) = Model::new(setting, opened.account.state());
    commands.into_iter().for_each(|command| link.perform(command));
    let mut ending = Ending::new()?;
    loop {
        let drawn = screen.draw(&mut model)?;
        let first = tokio::select! {
            message = told.recv() => message,
            event = pressed.recv() => match event {
                Some(event) => meaning(&event, &drawn),
                None => return Ok(()),
            },
            () = ending.comes() => return Ok(()),
        };
        for message in first.into_iter().chain(all_that_came(&mut told)) {
            for command in update(&mut model, message) {
                if matches!(command, Command::Quit) {
                    return Ok(());
                }
                link.perform(command);
            }
        }
    }
}

/// What came while the screen was drawn is taken together, so that a storm of batches does not draw a storm of screens.
fn all_that_came(told: &mut UnboundedReceiver<Message>) -> Vec<Message> {
    std::iter::from_fn(|| told.try_recv().ok()).collect()
}

/// What an event of the terminal means on the screen that was drawn.
fn meaning(event: &Event, drawn: &Drawn) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Message::Key(*key)),
        Event::Mouse(mouse) => clicked(*mouse, drawn).map(Message::Wish),
        _ => None,
    }
}

fn clicked(mouse: MouseEvent, drawn: &Drawn) -> Option<Intent> {
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => drawn.meaning(mouse.column, mouse.row),
        MouseEventKind::ScrollUp => Some(Intent::Move(-WHEEL)),
        MouseEventKind::ScrollDown => Some(Intent::Move(WHEEL)),
        _ => None,
    }
}

/// Signals that end the program as a key would.
#[cfg(unix)]
struct Ending {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Ending {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, hang_up: signal(SignalKind::hangup())? })
    }

    async fn comes(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
