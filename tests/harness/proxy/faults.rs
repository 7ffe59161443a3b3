//! What goes wrong on demand between the handler and AWS, over real connections.

use std::{collections::VecDeque, future, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use tokio::sync::oneshot;

use super::{Message, Proxy, Shared, failure, respond};
use crate::wire::Call;

/// What happens to a call instead of, or beside, what AWS does.
#[derive(Debug)]
pub(super) enum Fault {
    /// AWS answers with an error and does nothing.
    Fail(u16, &'static str, String),
    /// The call waits before AWS does it.
    Hold(Hold),
    /// AWS does it, and the answer waits.
    HoldAnswer(Hold),
    /// The call takes longer.
    Slow(Duration),
    /// The connection is of no use.
    Break(Breakage),
}

/// How a connection fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// It breaks before AWS has done anything.
    BeforeItTookEffect,
    /// AWS did what was asked, and the answer is lost.
    AfterItTookEffect,
    /// AWS did what was asked, and what comes back is not AWS's.
    Garbled,
    /// Nothing ever comes back.
    NeverAnswered,
}

/// The proxy's end of a held call.
#[derive(Debug)]
pub(super) struct Hold {
    reached: oneshot::Sender<()>,
    release: oneshot::Receiver<()>,
}

impl Hold {
    fn new() -> (Self, Held) {
        let (reached, when_reached) = oneshot::channel();
        let (release, when_released) = oneshot::channel();
        let hold = Self { reached, release: when_released };
        (hold, Held { reached: Some(when_reached), release })
    }

    async fn wait(self) {
        let _ = self.reached.send(());
        let _ = self.release.await;
    }
}

/// The story's end of a held call.
#[derive(Debug)]
pub struct Held {
    reached: Option<oneshot::Receiver<()>>,
    release: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the handler makes the call.
    pub async fn reached(&mut self) {
        if let Some(reached) = self.reached.take() {
            let _ = reached.await;
        }
    }

    /// Lets it go on.
    pub fn release(self) {
        let _ = self.release.send(());
    }
}

impl Proxy {
    /// The next `times` calls of an operation fail.
    pub fn fail(
        &self,
        operation: &str,
        times: usize,
        status: u16,
        code: &'static str,
        message: &str,
    ) {
        for _ in 0..times {
            self.queue(operation, Fault::Fail(status, code, message.to_owned()));
        }
    }

    /// The next calls of an operation take longer, all of them.
    pub fn slow(&self, operation: &str, times: usize, by: Duration) {
        for _ in 0..times {
            self.queue(operation, Fault::Slow(by));
        }
    }

    /// The connection of the next call of an operation fails.
    pub fn break_connection(&self, operation: &str, how: Breakage) {
        self.queue(operation, Fault::Break(how));
    }

    /// The next call of an operation waits until it is released; then AWS does it.
    pub fn hold(&self, operation: &str) -> Held {
        let (ours, held) = Hold::new();
        self.queue(operation, Fault::Hold(ours));
        held
    }

    /// AWS does the next call of an operation, and the answer waits until it is released.
    pub fn hold_answer(&self, operation: &str) -> Held {
        let (ours, held) = Hold::new();
        self.queue(operation, Fault::HoldAnswer(ours));
        held
    }

    fn queue(&self, operation: &str, fault: Fault) {
        let mut state = self.shared.state();
        state.faults.entry(operation.to_owned()).or_default().push_back(fault);
    }
}

impl Shared {
    /// Answers a call, with the fault that waits for its operation.
    pub(super) async fn play(&self, call: &Call, message: &Message) -> Response {
        let fault = {
            let mut state = self.state();
            state.faults.get_mut(&call.operation).and_then(VecDeque::pop_front)
        };
        match fault {
            Some(Fault::Fail(status, code, message)) => {
                return failure(call, status, code, &message);
            }
            Some(Fault::HoldAnswer(hold)) => {
                let answer = self.authorize(call, message).await;
                hold.wait().await;
                return answer;
            }
            Some(Fault::Break(how)) => return self.play_broken(how, call, message).await,
            Some(Fault::Hold(hold)) => hold.wait().await,
            Some(Fault::Slow(by)) => tokio::time::sleep(by).await,
            None => {}
        }
        self.authorize(call, message).await
    }

    async fn play_broken(&self, how: Breakage, call: &Call, message: &Message) -> Response {
        if matches!(how, Breakage::AfterItTookEffect | Breakage::Garbled) {
            self.authorize(call, message).await;
        }
        match how {
            Breakage::NeverAnswered => future::pending().await,
            Breakage::Garbled => respond(200, "<html><p>Welcome to the hotel\u{0}".to_owned()),
            Breakage::BeforeItTookEffect | Breakage::AfterItTookEffect => {
                // A body that cannot be read: the server gives the connection up.
                let lost: Result<Bytes, std::io::Error> = Err(std::io::Error::other("broken"));
                Response::new(Body::from_stream(futures_util::stream::iter([lost])))
            }
        }
    }
}
