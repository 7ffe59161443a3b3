//! Who is looking at which customer, and tells them that something changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{broadcast, watch};

/// Live pages of one customer at once, at most: a link that got around must not use up the service.
/// Those beyond it ask every few seconds instead.
const PAGES_PER_CUSTOMER: usize = 100;

/// Changes of customers, as they happen in this process or are found in the database.
#[derive(Debug, Clone)]
pub struct Live {
    changes: broadcast::Sender<Arc<str>>,
    open: Arc<Mutex<HashMap<String, usize>>>,
    stop: watch::Sender<bool>,
}

/// A live page; while it is there, it is counted.
#[derive(Debug)]
pub struct Watching {
    live: Live,
    customer: String,
    changes: broadcast::Receiver<Arc<str>>,
    stop: watch::Receiver<bool>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            changes: broadcast::channel(1024).0,
            open: Arc::default(),
            stop: watch::channel(false).0,
        }
    }
}

impl Live {
    /// Says that a customer changed.
    pub fn changed(&self, customer: &str) {
        // Nobody may be looking.
        let _ = self.changes.send(customer.into());
    }

    /// Begins to look; `None` if too many do already.
    pub fn watch(&self, customer: &str) -> Option<Watching> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(customer.to_owned()).or_default();
        if *count >= PAGES_PER_CUSTOMER {
            return None;
        }
        *count += 1;
        metrics::gauge!("onboarding_live_pages").increment(1);
        Some(Watching {
            live: self.clone(),
            customer: customer.to_owned(),
            changes: self.changes.subscribe(),
            stop: self.stop.subscribe(),
        })
    }

    /// Ends all live pages, so that the service can stop.
    pub fn end(&self) {
        self.stop.send_replace(true);
    }
}

impl Watching {
    /// Waits until the customer changes; `false` when the service stops.
    pub async fn changed(&mut self) -> bool {
        loop {
            let change = tokio::select! {
                _ = self.stop.wait_for(|stop| *stop) => return false,
                change = self.changes.recv() => change,
            };
            match change {
                Ok(customer) if *customer != *self.customer => {}
                // Missed ones may have been of this customer.
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return true,
                Err(broadcast::error::RecvError::Closed) => return false,
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        metrics::gauge!("onboarding_live_pages").decrement(1);
        let mut open = self.live.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.customer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.customer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_looks_hears_of_that_customer_only_and_of_the_end() {
        let live = Live::default();
        let mut watching = live.watch("acme").unwrap();
        live.changed("other");
        live.changed("acme");
        assert!(watching.changed().await);
        live.end();
        assert!(!watching.changed().await);
        drop(watching);
        assert!(live.open.lock().unwrap().is_empty());
    }
}
