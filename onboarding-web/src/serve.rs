//! Runs the site: opens the database, takes the templates in, listens, and stops in order.

use std::{
    future::{Future, IntoFuture},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Error, Result, ensure};
use axum::{Router, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, sync::watch, time::interval};

use crate::{
    app::App,
    clock::{Clock, Millis},
    intake::{
        self,
        work::{Aws, Worker},
    },
    password, routes,
    settings::{Serve, Storage, Vendor},
    store::{Actor, Role, Store},
    token::{Key, random_password},
    webhooks,
};

/// What is left to say to the person at the terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Welcome {
    /// Where the site is.
    pub url: String,
    /// E-mail and password of the account that was just made.
    pub account: Option<(String, String)>,
    /// Settings that are still placeholders, though the site is open to others than this machine.
    pub missing: Vec<&'static str>,
}

fn missing(settings: &Serve) -> Vec<&'static str> {
    if settings.vendor.public_url.scheme() != "https" {
        return Vec::new();
    }
    let placeholders = [
        (settings.vendor.vendor_account_id == "000000000000", "--vendor-account-id"),
        (settings.vendor.notification_endpoint.contains("example.com"), "--notification-endpoint"),
        (settings.vendor.code_bucket_prefix.starts_with("example-"), "--code-bucket-prefix"),
        (settings.vendor.contact_email.ends_with("example.com"), "--contact-email"),
        (
            settings.trusted_proxies == 0,
            "--trusted-proxies (what ends TLS in front of it counts as one)",
        ),
    ];
    placeholders.into_iter().filter(|(is, _)| *is).map(|(_, setting)| setting).collect()
}

/// Opens a database that is there already, with its key; makes neither.
pub async fn open_existing(storage: &Storage) -> Result<Store> {
    let file = storage.database_url.strip_prefix("sqlite://");
    let file = file.map(|path| path.split('?').next().unwrap_or(path));
    ensure!(
        file.is_none_or(|path| Path::new(path).exists()),
        "--database-url: there is no database at {}",
        file.unwrap_or_default()
    );
    ensure!(
        storage.key_file.exists(),
        "--key-file: there is no key at {}",
        storage.key_file.display()
    );
    open(storage).await
}

/// Opens the database with its key.
pub async fn open(storage: &Storage) -> Result<Store> {
    let key = Key::load(&storage.key_file)?;
    // An address may hold a password: it is not shown.
    Store::open(&storage.database_url, key, Clock::system()).await.context("--database-url")
}

/// Puts the site together on an open database.
pub async fn app(store: Store, settings: &Serve) -> Result<App> {
    let Vendor { notification_endpoint, public_url, .. } = &settings.vendor;
    settings.take_in.check(notification_endpoint, public_url).map_err(Error::msg)?;
    let app = App::new(store, settings)?;
    let folder = settings.vendor.template_folder.as_deref();
    app.catalogue.publish(&app.site.constants, folder).await?;
    // For the shell, which makes the same links.
    app.store.note_setting("site", &serde_json::to_string(&*app.site)?).await?;
    Ok(app)
}

/// Makes the first account if there is none, and it could be signed in to.
pub async fn first_account(app: &App, settings: &Serve) -> Result<Option<(String, String)>> {
    if !app.local_sign_in || !app.store.all_staff().await?.is_empty() {
        return Ok(None);
    }
    let password = random_password();
    let hash = password::hash(password.clone()).await?;
    let (actor, email) = (Actor::of("service"), settings.first_admin.as_str());
    let made = app.store.add_staff(&actor, (email, "First admin"), Role::Admin, &hash).await?;
    // Of several copies that start at once, one makes it.
    Ok(made.then(|| (email.to_lowercase(), password)))
}

/// Listens until `stop` comes. `welcome` is called once everything is ready.
pub async fn serve(
    app: App,
    settings: &Serve,
    welcome: impl FnOnce(Welcome) + Send,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let listener = TcpListener::bind(settings.listen).await;
    let listener =
        listener.with_context(|| format!("--listen: cannot listen on {}", settings.listen))?;
    let (stopping, stopped) = watch::channel(false);
    let mut tasks = background(&app, &stopped);
    if let Some(address) = settings.metrics_listen {
        tasks.push(metrics(address, stopped.clone()).await?);
    }
    // Last, since its password is shown once: nothing may fail between the two.
    let account = first_account(&app, settings).await?;
    welcome(Welcome { url: app.site.public_url.clone(), account, missing: missing(settings) });
    let live = app.live.clone();
    let service = routes::router(&app).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(async move {
        stop.await;
        tracing::info!("stopping: open requests end first");
        live.end();
        stopping.send_replace(true);
    });
    let mut late = stopped.clone();
    let too_late = async move {
        // A client that never ends its request must not keep the service from ending.
        let _ = late.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(STOP_WITHIN).await;
    };
    tokio::select! {
        ended = served.into_future() => ended.context("serving")?,
        () = too_late => tracing::warn!("some requests did not end and were cut off"),
    }
    for task in tasks {
        task.abort();
    }
    app.store.close().await;
    Ok(())
}

/// Open requests have so long to end when the service stops.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// How far back changes are looked for.
const LOOK_BACK: Millis = 10_000;

type Task = tokio::task::JoinHandle<()>;

/// What goes on beside the requests.
fn background(app: &App, stopped: &watch::Receiver<bool>) -> Vec<Task> {
    let every = |seconds: u64| interval(Duration::from_secs(seconds));
    let mut tasks = Vec::new();
    let (one, mut end, mut ticks) = (app.clone(), stopped.clone(), every(300));
    tasks.push(tokio::spawn(async move {
        while tokio::select! { _ = ticks.tick() => true, _ = end.changed() => false } {
            clear_up(&one).await;
        }
    }));
    let (one, mut end, mut ticks) = (app.clone(), stopped.clone(), every(60));
    tasks.push(tokio::spawn(async move {
        while tokio::select! { _ = ticks.tick() => true, _ = end.changed() => false } {
            match one.store.mark_stale().await {
                Ok(stale) => stale.iter().for_each(|id| one.live.changed(id)),
                Err(error) => log_failure("stale stacks", Err(error)),
            }
            log_failure("counts", one.store.gather_counts().await);
        }
    }));
    tasks.extend(telling(app, stopped));
    tasks.extend(taking_in(app, stopped));
    // Other copies of the service, and the command line, change customers too.
    let (one, mut end, mut ticks) = (app.clone(), stopped.clone(), every(1));
    tasks.push(tokio::spawn(async move {
        // Clocks differ, and what is committed late has an earlier time: a little is looked at twice.
        let mut known: Vec<(String, Millis)> = Vec::new();
        while tokio::select! { _ = ticks.tick() => true, _ = end.changed() => false } {
            match one.store.changed_since(one.store.now() - LOOK_BACK).await {
                Ok(changed) => {
                    for (id, _) in changed.iter().filter(|change| !known.contains(change)) {
                        one.live.changed(id);
                    }
                    known = changed;
                }
                Err(error) => tracing::warn!(%error, "changes could not be looked for"),
            }
        }
    }));
    tasks
}

/// Checks the audit log, and forgets what nobody needs any more.
async fn clear_up(app: &App) {
    log_failure("audit", app.check_audit().await);
    log_failure("counts", app.store.correct_counts().await);
    log_failure("sessions", app.store.forget_old_sessions().await);
    let before = app.store.now() - password::FORGOTTEN_AFTER;
    log_failure("failures", app.store.forget_old_failures(before).await);
    log_failure("places", app.store.forget_old_places().await);
    log_failure("imports", app.store.forget_old_imports().await);
    app.limits.unknown_tokens.retain_recent();
    app.limits.reports.retain_recent();
    app.limits.api.retain_recent();
    log_failure("idempotency keys", app.store.forget_old_idempotency_keys().await);
    log_failure("deliveries", app.store.forget_old_deliveries().await);
    app.limits.single_sign_on.retain_recent();
    app.limits.intake.retain_recent();
    if let Some(intake) = &app.intake {
        intake.certificates.retain_recent();
        log_failure("messages", app.store.forget_old_messages().await);
    }
}

/// Tells webhooks what they are to be told.
fn telling(app: &App, stopped: &watch::Receiver<bool>) -> Option<Task> {
    let messenger = match webhooks::Messenger::new(app.clone()) {
        Ok(messenger) => messenger,
        Err(error) => {
            tracing::error!(%error, "webhooks cannot be told of anything");
            return None;
        }
    };
    let (mut end, mut ticks) = (stopped.clone(), interval(Duration::from_secs(1)));
    Some(tokio::spawn(async move {
        while tokio::select! { _ = ticks.tick() => true, _ = end.changed() => false } {
            log_failure("webhooks", messenger.begin().await);
        }
    }))
}

/// Works on what SNS brought, and looks who has fallen silent.
fn taking_in(app: &App, stopped: &watch::Receiver<bool>) -> Vec<Task> {
    if app.intake.is_none() {
        return Vec::new();
    }
    let aws = Arc::new(Aws::default());
    let worker = Worker::new(app.clone(), Arc::clone(&aws));
    let (mut end, mut ticks) = (stopped.clone(), interval(Duration::from_millis(250)));
    let working = tokio::spawn(async move {
        while tokio::select! { _ = ticks.tick() => true, _ = end.changed() => false } {
            log_failure("intake", worker.begin().await);
        }
    });
    let (one, mut end, mut ticks) =
        (app.clone(), stopped.clone(), interval(Duration::from_secs(30)));
    let watching = tokio::spawn(async move {
        while tokio::select! { _ = ticks.tick() => true, _ = end.changed() => false } {
            log_failure("silence", intake::watch::look(&one).await);
            for (gauge, waiting) in [
                (metrics::gauge!("onboarding_intake_waiting"), one.store.arrived_count().await),
                (
                    metrics::gauge!("onboarding_log_events_waiting"),
                    one.store.log_events_count().await,
                ),
            ] {
                #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
                if let Ok(waiting) = waiting {
                    gauge.set(waiting as f64);
                }
            }
        }
    });
    let mut tasks = vec![working, watching];
    tasks.extend(queues(app, &aws, stopped));
    tasks
}

/// What reads the vendor's queue, and what tells the analysis.
fn queues(app: &App, aws: &Arc<Aws>, stopped: &watch::Receiver<bool>) -> Vec<Task> {
    let Some(intake) = app.intake.clone() else { return Vec::new() };
    let readers = if intake.settings.by_queue() { intake.settings.consumers } else { 0 };
    let mut tasks = Vec::new();
    for _ in 0..readers {
        let (app, intake, aws) = (app.clone(), Arc::clone(&intake), Arc::clone(aws));
        let mut end = stopped.clone();
        tasks.push(tokio::spawn(async move {
            tokio::select! {
                () = intake::queue::receive(app, intake, aws) => {}
                _ = end.changed() => {}
            }
        }));
    }
    let (app, aws) = (app.clone(), Arc::clone(aws));
    let (mut end, mut ticks) = (stopped.clone(), interval(Duration::from_millis(500)));
    tasks.push(tokio::spawn(async move {
        while tokio::select! { _ = ticks.tick() => true, _ = end.changed() => false } {
            match intake::stream::send(&app, &aws).await {
                Ok(true) => {}
                // Until what failed is due again.
                Ok(false) => ticks.reset_after(Duration::from_secs(10)),
                Err(error) => log_failure("events", Err(error)),
            }
        }
    }));
    tasks
}

fn log_failure(what: &str, outcome: crate::store::Result<()>) {
    if let Err(error) = outcome {
        tracing::error!(what, %error, "background work failed");
    }
}

async fn metrics(address: SocketAddr, mut stopped: watch::Receiver<bool>) -> Result<Task> {
    let seconds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];
    let handle: PrometheusHandle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)?
        .install_recorder()?;
    let listener = TcpListener::bind(address).await;
    let listener =
        listener.with_context(|| format!("--metrics-listen: cannot listen on {address}"))?;
    let (upkeep, mut ticks) = (handle.clone(), interval(Duration::from_secs(5)));
    tokio::spawn(async move {
        loop {
            ticks.tick().await;
            upkeep.run_upkeep();
        }
    });
    let app = Router::new().route("/metrics", get(move || std::future::ready(handle.render())));
    Ok(tokio::spawn(async move {
        let stop = async move {
            let _ = stopped.changed().await;
        };
        if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(stop).await {
            tracing::error!(%error, "metrics are no longer served");
        }
    }))
}
