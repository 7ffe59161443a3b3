//! Looks who has fallen silent.

use super::work::note;
use crate::{
    app::App,
    onboarding::{Onboarding, State, logs::Heard},
};

/// Marks load balancers whose logs have stopped, and takes the mark off where the time was made longer.
pub async fn look(app: &App) -> crate::store::Result<()> {
    let Some(intake) = &app.intake else { return Ok(()) };
    let now = app.store.now();
    let quiet = Heard::QuietSince(now - intake.settings.silent_after());
    for ((customer, region), status) in app.store.watched().await? {
        let Ok(onboarding) = serde_json::from_str::<Onboarding>(&status) else { continue };
        let set_up = [State::Active, State::Waiting, State::Silent, State::Unreadable]
            .contains(&onboarding.state(now));
        if set_up && would_change(&onboarding, &quiet, now) {
            note(app, (&customer, &region), vec![quiet.clone()]).await?;
        }
    }
    Ok(())
}

fn would_change(onboarding: &Onboarding, quiet: &Heard, now: i64) -> bool {
    let signal = crate::onboarding::Signal::Logs(quiet.clone());
    crate::onboarding::next(onboarding.clone(), &signal, now) != *onboarding
}
