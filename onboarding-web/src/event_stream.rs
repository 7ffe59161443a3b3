//! A live page's stream of server-sent events: how a customer stands, again whenever it changes.

use std::{
    convert::Infallible,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use axum::{
    http::HeaderValue,
    response::{
        IntoResponse, Response, Sse,
        sse::{self, KeepAlive},
    },
};
use futures_util::Stream;
use tower_sessions::Session;

use crate::{
    access::signed_in,
    app::App,
    error::Problem,
    live::Watching,
    pages::progress::ProgressFragment,
    progress,
    store::{Customer, Sessions},
};

/// By what somebody may look.
#[derive(Debug, Clone)]
pub enum Watcher {
    /// The customer's link.
    Link,
    /// A session of staff.
    Staff(Session),
}

/// Opens a stream: the block at once, and again whenever the customer changes, for as long as whoever
/// looks may look. `base` is the address of the page without what comes after the customer.
pub fn open(app: &App, id: &str, watcher: Watcher, base: String) -> Result<Response, Problem> {
    let watching = app.live.watch(id).ok_or(Problem::TooMany(5))?;
    let seen = Seen { app: app.clone(), watching, id: id.to_owned(), watcher, base, last: None };
    let stream = Sse::new(blocks(seen)).keep_alive(KeepAlive::default());
    let mut response = stream.into_response();
    // nginx holds answers back otherwise.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Seen {
    app: App,
    watching: Watching,
    id: String,
    watcher: Watcher,
    base: String,
    last: Option<u64>,
}

fn blocks(seen: Seen) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    futures_util::stream::unfold(seen, |mut seen| async move {
        loop {
            if seen.last.is_some() && !seen.watching.changed().await {
                return None;
            }
            let customer = seen.app.store.customer(&seen.id).await.ok()??;
            if !seen.may_look(&customer).await {
                return None;
            }
            if let Some(html) = seen.block(&customer) {
                return Some((Ok(sse::Event::default().data(html)), seen));
            }
        }
    })
}

impl Seen {
    /// Whether the link was neither revoked nor replaced meanwhile, or the session still is one.
    async fn may_look(&self, customer: &Customer) -> bool {
        let store = &self.app.store;
        match &self.watcher {
            Watcher::Link => {
                let token = store.key().page_token(&customer.id, customer.generation);
                customer.link_is_valid(store.now()) && self.base.ends_with(&token)
            }
            Watcher::Staff(session) => {
                // Read anew: the one that came with the request remembers what it once read.
                let session = Session::new(session.id(), Arc::new(Sessions(store.clone())), None);
                matches!(signed_in(&self.app, &session).await, Ok(Some(_)))
            }
        }
    }

    /// The block, unless it is the same as the last one but for the time.
    fn block(&mut self, customer: &Customer) -> Option<String> {
        let now = self.app.store.now();
        let staff = matches!(self.watcher, Watcher::Staff(_));
        let mut progress = progress::of(&self.app.site, customer, now, staff, &self.base);
        let updated = std::mem::take(&mut progress.updated);
        let mut hasher = DefaultHasher::new();
        format!("{progress:?}").hash(&mut hasher);
        let digest = hasher.finish();
        if self.last == Some(digest) {
            return None;
        }
        self.last = Some(digest);
        progress.updated = updated;
        let fragment = ProgressFragment { progress: &progress };
        askama::Template::render(&fragment).ok()
    }
}
