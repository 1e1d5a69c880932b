//! The values that options take: how each is written, and what it means.

use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::idp::span;

/// Longest time that an option may ask for.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A span of time: seconds (`30`, `1.5`), or with a unit (`500ms`, `10s`, `2m`).
///
/// # Errors
/// It is no such text, or not between one millisecond and a day.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || "write seconds, such as `30`, or a number with `ms`, `s` or `m`, such as `500ms`".to_owned();
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let seconds_each = match unit {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    match Duration::try_from_secs_f64(number * seconds_each) {
        Ok(duration) if duration >= Duration::from_millis(1) && duration <= LONGEST => Ok(duration),
        Ok(_) => Err("must be between 1ms and a day".to_owned()),
        Err(_) => Err(wrong()),
    }
}

/// A span of simulated time: a number with `d`, `h` or `m`, such as `31d`.
///
/// # Errors
/// It is no such text, or more than ten years.
pub fn span(text: &str) -> Result<Duration, String> {
    span::parse(text.trim()).map_err(|error| error.to_string())
}

/// How many requests are sent at most: `10/s`, `10` for the same, `90/m`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Requests per second, finite and above zero.
    pub per_second: f64,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write requests per second or minute, such as `10/s` or `90/m`".to_owned();
        let (number, seconds) = match text.trim().split_once('/') {
            None => (text.trim(), 1.0),
            Some((number, "s")) => (number, 1.0),
            Some((number, "m")) => (number, 60.0),
            Some(_) => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let per_second = number / seconds;
        match per_second.is_finite() && per_second > 0.0 {
            true => Ok(Self { per_second }),
            false => Err("must be more than nothing".to_owned()),
        }
    }
}

/// One header field that goes with every request: `Name: value`.
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderField {
    /// A token of RFC 9110.
    pub name: String,
    /// The value, which may be a secret.
    pub value: String,
}

impl std::fmt::Debug for HeaderField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeaderField").field("name", &self.name).finish_non_exhaustive()
    }
}

impl FromStr for HeaderField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once(':').ok_or("write `Name: value`")?;
        let (name, value) = (name.trim(), value.trim());
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err("what stands before the colon is no header name".to_owned());
        }
        if http::HeaderValue::from_str(value).is_err() {
            return Err("the value holds a character that a header may not carry".to_owned());
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// User and password of basic authentication: `USER:PASS`.
#[derive(Debug, Clone)]
pub struct UserPassword {
    /// Up to the first colon.
    pub user: String,
    /// The rest.
    pub password: SecretString,
}

impl FromStr for UserPassword {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (user, password) = text.split_once(':').ok_or("write `USER:PASS`")?;
        Ok(Self { user: user.to_owned(), password: password.to_owned().into() })
    }
}

/// Parses the value of an option that may be a secret: unlike clap's own parsers it never shows the value.
#[derive(Clone, Copy)]
pub struct Hidden<T>(pub fn(&str) -> Result<T, String>);

/// A text that is a secret.
///
/// # Errors
/// None; the signature is that of a value parser.
pub fn secret(text: &str) -> Result<SecretString, String> {
    Ok(text.into())
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Hidden<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let parsed = match value.to_str() {
            None => Err("it is no UTF-8".to_owned()),
            Some(text) => (self.0)(text),
        };
        parsed.map_err(|why| {
            let option = arg.map(ToString::to_string).unwrap_or_default();
            let message = format!("the value of `{option}` cannot be used: {why}\n");
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

/// How many things happen, at the same time or one after the other.
///
/// # Errors
/// It is no number, or zero.
pub fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a number of at least 1".to_owned())
}

/// One part of a run that is spread over several machines: `2/3` is the second of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: NonZeroUsize,
    count: NonZeroUsize,
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Shard {
    /// Whether the item of that id belongs to this part. The id alone decides, so that adding one scenario moves no
    /// other to another machine.
    pub fn takes(self, id: &str) -> bool {
        let digest = Sha256::digest(id.as_bytes());
        let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number % self.count.get() as u64 == self.index.get() as u64 - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parts {
            Some((index, count)) if index <= count => Ok(Self { index, count }),
            Some(_) => Err("the first number may not be larger than the second".to_owned()),
            None => Err("write `I/N`, such as `1/3` for the first of three".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_duration_is_seconds_or_has_a_unit() {
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2 m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "s", "-1", "1h", "0", "NaN", "inf", "1e300", "25000m"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_is_per_second_or_minute() {
        assert_eq!("10/s".parse(), Ok(Rate { per_second: 10.0 }));
        assert_eq!("10".parse(), Ok(Rate { per_second: 10.0 }));
        assert_eq!("90/m".parse(), Ok(Rate { per_second: 1.5 }));
        for wrong in ["", "0", "-1/s", "1/h", "inf", "NaN"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_number_of_things_is_at_least_one() {
        assert_eq!(at_least_one("7").map(NonZeroUsize::get), Ok(7));
        for wrong in ["0", "-1", "", "many"] {
            assert_eq!(at_least_one(wrong), Err("expected a number of at least 1".to_owned()), "{wrong}");
        }
    }

    #[test]
    fn a_header_keeps_its_value_to_itself() {
        let header: HeaderField = "X-Api-Key: top: secret ".parse().unwrap();
        assert_eq!((header.name.as_str(), header.value.as_str()), ("X-Api-Key", "top: secret"));
        assert!(!format!("{header:?}").contains("secret"));
        for wrong in ["nothing", "a b: c", ": c", "a: \u{7}"] {
            assert!(wrong.parse::<HeaderField>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_shard_is_one_of_several() {
        assert!("1/1".parse::<Shard>().unwrap().takes("anything"));
        for wrong in ["0/2", "3/2", "1", "a/b", "1/0", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_id_belongs_to_exactly_one_shard(id in ".{0,40}", count in 1usize..9) {
            let takers = (1..=count).filter(|index| format!("{index}/{count}").parse::<Shard>().unwrap().takes(&id));
            prop_assert_eq!(takers.count(), 1);
        }

        #[test]
        fn no_value_panics(text in ".{0,30}") {
            let _ = (duration(&text), text.parse::<Rate>(), text.parse::<HeaderField>(), text.parse::<Shard>());
        }
    }
}
