//! Spans of simulated time, as they are written on the command line and in scenarios: `31d`, `12h`, `40m`.

use std::time::Duration;

/// The longest: ten years.
const MOST: u64 = 10 * 366 * 24 * 60 * 60;

/// Text that is no span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// No number with a unit.
    #[error("write a number with `d`, `h` or `m`, such as `31d`")]
    Form,
    /// Longer than anybody waits.
    #[error("must be at most ten years")]
    TooLong,
}

/// Reads a span of time.
///
/// # Errors
/// It is none, or too long.
pub fn parse(text: &str) -> Result<Duration, SpanError> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(SpanError::Form)?;
    let (number, unit) = text.split_at(unit_at);
    let each = match unit {
        "d" => 24 * 60 * 60,
        "h" => 60 * 60,
        "m" => 60,
        _ => return Err(SpanError::Form),
    };
    let seconds =
        number.parse::<u64>().ok().and_then(|number| number.checked_mul(each)).ok_or(SpanError::Form)?;
    match seconds <= MOST {
        true => Ok(Duration::from_secs(seconds)),
        false => Err(SpanError::TooLong),
    }
}

/// A span as it may be written, in the largest unit that leaves nothing over; what is shorter than a minute is dropped.
pub fn word(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match minutes {
        _ if minutes.is_multiple_of(24 * 60) => format!("{}d", minutes / (24 * 60)),
        _ if minutes.is_multiple_of(60) => format!("{}h", minutes / 60),
        _ => format!("{minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_with_a_unit() {
        assert_eq!(parse("31d"), Ok(Duration::from_secs(31 * 24 * 60 * 60)));
        assert_eq!(
            (parse("12h"), parse("40m")),
            (Ok(Duration::from_secs(43_200)), Ok(Duration::from_secs(2400)))
        );
        for wrong in ["", "d", "31", "-1d", "1.5h", "1w", "99999999999999999999d"] {
            assert_eq!(parse(wrong), Err(SpanError::Form), "{wrong}");
        }
        assert_eq!(parse("4000d"), Err(SpanError::TooLong));
    }
}
