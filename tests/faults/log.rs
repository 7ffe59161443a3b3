//! What the function writes to its log: at every level, and each case's by itself.

use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
};

use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

thread_local! {
    /// A case is played on one thread from its beginning to its end.
    static CURRENT: RefCell<Log> = RefCell::default();
}

/// The log of a case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<u8>>>);

impl Log {
    /// From now on what is logged on this thread goes here.
    pub(crate) fn listen(&self) {
        CURRENT.with(|current| self.clone_into(&mut current.borrow_mut()));
    }

    /// Adds what is not logged, and could be seen all the same.
    pub(crate) fn add(&self, some: &[u8]) {
        self.0.borrow_mut().extend_from_slice(some);
    }

    /// As text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

struct Writer;

impl Write for Writer {
    fn write(&mut self, some: &[u8]) -> io::Result<usize> {
        CURRENT.with(|current| current.borrow().add(some));
        Ok(some.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Has everything logged that the function can log: its own lines, at every level. One subscriber for
/// all cases, since a new one makes every line of every library ask again whether it is wanted.
pub(crate) fn start() {
    let handler =
        Targets::new().with_default(LevelFilter::OFF).with_target("handler", Level::TRACE);
    let lines = fmt::layer().json().without_time().with_writer(|| Writer);
    tracing_subscriber::registry().with(lines).with(handler).init();
}
