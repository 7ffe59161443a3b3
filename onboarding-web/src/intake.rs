//! Takes in what SNS says of new logs.
//!
//! In reading order: [`message`] is what SNS sends, [`topic`] who sends it; [`certificate_url`] and
//! [`certificate`] decide whether it was SNS, [`certificates`] fetches what that takes; [`door`] is where
//! SNS comes in, [`places`] where customers are; [`inbox`] keeps what came before it is acknowledged.
//! Then [`work`] does what follows from it: [`object`] is what S3 tells, [`log_key`] what a key says,
//! [`belongs`] whose it is, [`proof`] whether it is a log, [`told`] what people read of it; [`watch`]
//! looks who has fallen silent. [`queue`] is the other way in, [`stream`] what goes on to the analysis.
//!
//! No address that stands in a message is ever called, but for the certificate's, whose host and path
//! have one form only.

pub mod belongs;
pub mod certificate;
pub mod certificate_url;
pub mod certificates;
pub mod door;
pub mod inbox;
pub mod log_key;
pub mod message;
pub mod object;
pub mod places;
pub mod proof;
pub mod queue;
pub mod stream;
pub mod told;
pub mod topic;
pub mod watch;
pub mod work;

use std::sync::Arc;

use self::{certificates::Certificates, inbox::Inbox, places::Places};
use crate::{settings::TakeIn, store::Store};

/// The parts of the intake that requests and tasks share.
#[derive(Debug)]
pub struct Intake {
    /// How it was set.
    pub settings: TakeIn,
    /// What SNS signs with.
    pub certificates: Certificates,
    /// Where customers are.
    pub places: Places,
    /// What came and is not worked on yet.
    pub inbox: Inbox,
}

impl Intake {
    /// An intake as it was set; `None` if others take the logs in.
    pub fn new(store: &Store, settings: &TakeIn) -> reqwest::Result<Option<Arc<Self>>> {
        if !settings.is_on() {
            return Ok(None);
        }
        let certificates = Certificates::new(settings.certificates.clone())?;
        let inbox = Inbox::new(store.clone());
        let (settings, places) = (settings.clone(), Places::default());
        Ok(Some(Arc::new(Self { settings, certificates, places, inbox })))
    }
}
