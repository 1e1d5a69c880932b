//! How fast requests go out: `--rate` and `Retry-After`.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::config::TargetError;
use crate::exchange::Response;

/// A `Retry-After` beyond this is not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Keeps requests at a distance from each other. Whoever waits longest goes first.
pub(super) struct Pace {
    interval: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// `rate` is in requests a second; none means no limit.
    pub(super) fn new(rate: Option<f64>) -> Result<Self, TargetError> {
        let interval = match rate {
            None => Duration::ZERO,
            Some(rate) if (0.001..=1e6).contains(&rate) => Duration::from_secs_f64(rate.recip()),
            Some(rate) => return Err(TargetError::Rate { rate: rate.to_string() }),
        };
        Ok(Self { interval, next: Mutex::new(Instant::now()) })
    }

    /// Waits for the turn of the next request.
    pub(super) async fn wait(&self) {
        if self.interval.is_zero() {
            return;
        }
        let turn = {
            let mut next = self.next.lock().await;
            let turn = (*next).max(Instant::now());
            *next = turn + self.interval;
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
}

/// How long to wait before sending again, when the answer asks for it (RFC 9110 §10.2.3: seconds or a date).
pub(super) fn retry_after(response: &Response, now: Timestamp) -> Option<Duration> {
    if !matches!(response.status, 429 | 503) {
        return None;
    }
    let value = response.headers.get("retry-after")?.trim();
    let wait = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
            Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO)
        }
    };
    (wait <= LONGEST_WAIT).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn after(status: u16, value: &str) -> Option<Duration> {
        let headers = [("Retry-After", value)].into_iter().collect();
        let now = "1994-11-06T08:49:07Z".parse().unwrap();
        retry_after(&Response { status, headers, body: Bytes::new() }, now)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_of_at_most_a_minute() {
        assert_eq!(after(429, "5"), Some(Duration::from_secs(5)));
        assert_eq!(after(503, " 0 "), Some(Duration::ZERO));
        assert_eq!(after(503, "Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(after(503, "Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        for never in ["61", "Mon, 07 Nov 1994 08:49:37 GMT", "soon", "-1", "", "99999999999999999999"] {
            assert_eq!(after(429, never), None, "{never}");
        }
        assert_eq!(after(500, "5"), None);
    }

    #[test]
    fn a_rate_must_be_positive() {
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9] {
            assert!(Pace::new(Some(wrong)).is_err());
        }
    }

    #[tokio::test]
    async fn requests_keep_their_distance() {
        let pace = Pace::new(Some(200.0)).unwrap();
        let start = Instant::now();
        for _ in 0..4 {
            pace.wait().await;
        }
        // The first goes at once, three more follow 5 ms apart.
        assert!(start.elapsed() >= Duration::from_millis(15));
    }
}
