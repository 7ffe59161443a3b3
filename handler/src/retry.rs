//! Waiting for what AWS makes visible late: retried with growing, jittered pauses, never slept through.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::AwsError;

/// How long propagation is waited for: Elastic Load Balancing was seen to need more than 30 s and at
/// most 60 s for a new bucket policy (terraform-provider-aws #12010).
pub const PROPAGATION: Duration = Duration::from_secs(100);

/// When work has to stop.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// No change is begun after this.
    pub last_change: Instant,
    /// How long AWS may take to make a thing visible.
    pub propagation: Duration,
}

impl Clock {
    /// Whether there is still time to change something.
    pub fn has_time(&self) -> bool {
        Instant::now() < self.last_change
    }
}

/// Calls until it works, the error does not pass, or there is no more time. The last error is what
/// the caller gets: it says more than "out of time".
pub async fn until_settled<T>(
    clock: Clock,
    passes: impl Fn(&AwsError, Duration) -> bool,
    mut call: impl AsyncFnMut() -> Result<T, AwsError>,
) -> Result<T, AwsError> {
    let start = Instant::now();
    let end = (start + clock.propagation).min(clock.last_change);
    let mut pause = Duration::from_millis(200);
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let wait = jittered(pause);
        if !passes(&error, start.elapsed()) || Instant::now() + wait >= end {
            return Err(error);
        }
        tracing::info!(
            operation = error.operation,
            code = error.code,
            waited_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            "not settled yet, will try again"
        );
        sleep(wait).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}

/// Between half and the whole of a pause, so that many clients do not come back at once.
pub fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied() -> AwsError {
        AwsError { code: "AccessDenied".into(), ..AwsError::default() }
    }

    fn clock(seconds: u64) -> Clock {
        let last_change = Instant::now() + Duration::from_secs(seconds);
        Clock { last_change, propagation: PROPAGATION }
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_ninety_seconds_to_show_is_waited_for() {
        let start = Instant::now();
        let result = until_settled(
            clock(220),
            |e, _| e.is_denied(),
            async || {
                if start.elapsed() < Duration::from_secs(85) { Err(denied()) } else { Ok(()) }
            },
        );
        assert_eq!(result.await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_error_is_told_when_time_is_up() {
        let start = Instant::now();
        let result = until_settled(clock(5), |e, _| e.is_denied(), async || Err::<(), _>(denied()));
        assert_eq!(result.await, Err(denied()));
        assert!(start.elapsed() <= Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_not_waited_for() {
        let start = Instant::now();
        let result = until_settled(clock(220), |_, _| false, async || Err::<(), _>(denied()));
        assert_eq!(result.await, Err(denied()));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
