//! xsd:dateTime as an instant (RFC 7643 §2.3.5, XML Schema part 2 §3.3.7).

/// A point in time. Two texts that name the same instant with different offsets or fractions are equal.
///
/// Digits beyond the nanosecond do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// Since 1970-01-01T00:00:00Z, leap seconds not counted.
    seconds: i64,
    nanoseconds: u32,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Reads an xsd:dateTime: date and time are mandatory, the fraction and the offset are optional, and no offset
/// means UTC.
///
/// `24:00:00` is the midnight that ends the day, and the second 60 of the last minute of a UTC day is the
/// midnight after it. Years may have more than four digits (up to nine) and a sign.
pub fn parse_date_time(text: &str) -> Option<DateTime> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (date, time) = text.split_once('T')?;
    let days = parse_date(date, negative)?;
    let (time, offset) = split_offset(time)?;
    let (hms, fraction) = match time.split_once('.') {
        Some((hms, fraction)) => (hms, nanoseconds(fraction)?),
        None => (time, 0),
    };
    let mut parts = hms.split(':');
    let (hour, minute, second) =
        (two_digits(parts.next()?)?, two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    if parts.next().is_some() || minute > 59 {
        return None;
    }
    let seconds = days * DAY + hour * HOUR + minute * MINUTE + second - offset;
    let in_range = match (hour, second) {
        (24, 0) => minute == 0 && fraction == 0,
        (0..=23, 0..=59) => true,
        (0..=23, 60) => seconds.rem_euclid(DAY) == 0,
        _ => false,
    };
    in_range.then_some(DateTime { seconds, nanoseconds: fraction })
}

/// `YYYY-MM-DD` as days since 1970-01-01.
fn parse_date(text: &str, negative: bool) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let long_enough = year.len() == 4 || (5..=9).contains(&year.len()) && !year.starts_with('0');
    if parts.next().is_some() || !long_enough {
        return None;
    }
    let year = digits(year)? * if negative { -1 } else { 1 };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    lengths[1] += i64::from(leap);
    let index = usize::try_from(month - 1).ok()?;
    if !(1..=*lengths.get(index)?).contains(&day) {
        return None;
    }
    Some(days_before(year) - days_before(1970) + lengths[..index].iter().sum::<i64>() + day - 1)
}

/// Days between the first day of the year 1 and the first day of `year`, in the Gregorian calendar.
fn days_before(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400)
}

/// Cuts the offset off a time, in seconds east of UTC.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, 0)) };
    let (time, offset) = time.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hour, minute) = offset.get(1..)?.split_once(':')?;
    let seconds = two_digits(hour)? * HOUR + two_digits(minute)? * MINUTE;
    (two_digits(minute)? < 60 && seconds <= 14 * HOUR).then_some((time, sign * seconds))
}

fn two_digits(text: &str) -> Option<i64> {
    if text.len() == 2 { digits(text) } else { None }
}

/// A short run of ASCII digits; no sign, unlike [`str::parse`].
fn digits(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The digits after the decimal point.
fn nanoseconds(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(kept.fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(text: &str) -> i64 {
        parse_date_time(text).unwrap().seconds
    }

    #[test]
    fn instants_count_from_1970() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), 0);
        assert_eq!(seconds("2011-05-13T04:42:34Z"), 1_305_261_754);
        assert_eq!(seconds("1969-12-31T23:59:59Z"), -1);
        assert_eq!(seconds("9999-12-31T23:59:59Z"), 253_402_300_799);
        assert_eq!(seconds("0001-01-01T00:00:00Z"), -62_135_596_800);
    }

    #[test]
    fn different_texts_name_the_same_instant() {
        for (a, b) in [
            ("2011-05-13T04:42:34Z", "2011-05-13T04:42:34"),
            ("2011-05-13T04:42:34Z", "2011-05-13T06:12:34+01:30"),
            ("2011-05-13T04:42:34Z", "2011-05-12T21:42:34.000-07:00"),
            ("2011-12-31T24:00:00Z", "2012-01-01T00:00:00Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
            ("2016-12-31T15:59:60-08:00", "2017-01-01T00:00:00Z"),
            ("2015-10-10T14:38:21.8617979-07:00", "2015-10-10T21:38:21.861797900000000001Z"),
        ] {
            assert_eq!(parse_date_time(a).unwrap(), parse_date_time(b).unwrap(), "{a} {b}");
        }
        assert!(parse_date_time("2011-05-13T04:42:34.1Z") > parse_date_time("2011-05-13T04:42:34.09Z"));
        assert!(parse_date_time("-0001-01-01T00:00:00Z") < parse_date_time("0001-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_date_time_is_refused() {
        for text in [
            "",
            "T",
            "2011-05-13",
            "04:42:34Z",
            "2011-05-13T04:42Z",
            "2011-05-13 04:42:34Z",
            "2011-05-13t04:42:34z",
            "2011-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2011-13-01T00:00:00Z",
            "2011-00-01T00:00:00Z",
            "2011-05-00T00:00:00Z",
            "2011-05-13T24:00:01Z",
            "2011-05-13T24:00:00.5Z",
            "2011-05-13T25:00:00Z",
            "2011-05-13T04:60:00Z",
            "2011-05-13T04:42:61Z",
            "2011-05-13T04:42:60Z",
            "2011-05-13T04:42:34.Z",
            "2011-05-13T04:42:34+15:00",
            "2011-05-13T04:42:34+01",
            "2011-05-13T04:42:34+01:60",
            "2011-05-13T04:42:34ZZ",
            "11-05-13T04:42:34Z",
            "02011-05-13T04:42:34Z",
            "+2011-05-13T04:42:34Z",
            "2011-5-13T04:42:34Z",
            "2011-05-13T+4:42:34Z",
            "1234567890-05-13T04:42:34Z",
            "2011-05-13T04:42:34Zé",
        ] {
            assert_eq!(parse_date_time(text), None, "{text}");
        }
        assert!(parse_date_time("2000-02-29T00:00:00Z").is_some());
    }

    proptest! {
        #[test]
        fn no_input_panics(text in ".*", near in "-?[0-9]{1,10}-[0-9]{2}-[0-9]{2}T[0-9:.+Z-]{0,30}") {
            let _ = (parse_date_time(&text), parse_date_time(&near));
        }

        #[test]
        fn order_is_chronological(day in 1..=28_i64, hour in 0..24_i64, offset in -14..=14_i64) {
            let utc = seconds(&format!("2020-02-{day:02}T{hour:02}:00:00Z"));
            let sign = if offset < 0 { '-' } else { '+' };
            let local = seconds(&format!("2020-02-{day:02}T{hour:02}:00:00{sign}{:02}:00", offset.abs()));
            prop_assert_eq!(local, utc - offset * HOUR);
            prop_assert_eq!(utc, seconds("2020-02-01T00:00:00Z") + (day - 1) * DAY + hour * HOUR);
        }
    }
}
