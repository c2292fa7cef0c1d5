//! Times as the predecessor's libraries have written them: with a zone or without, with any fraction, as texts of several
//! shapes, as numbers. They are only shown, so one that cannot be read is simply not known.

use jiff::{civil::DateTime, tz::Offset};
use rt_manage_shared::clock::Millis;

/// Numbers up to here are seconds since the epoch, then milliseconds, then microseconds, then nanoseconds.
const MOST_SECONDS: i64 = 100_000_000_000;

/// Reads a time. One without a zone is taken as UTC. `None`: it says nothing, as the zero times of databases and of Go do.
pub(super) fn read(text: &str) -> Option<Millis> {
    let at = number(text).or_else(|| written(text))?;
    (at > Millis(0)).then_some(at)
}

fn number(text: &str) -> Option<Millis> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let number: i64 = whole.parse().ok()?;
    Some(if number < MOST_SECONDS {
        Millis::from_seconds(number)
    } else if number < MOST_SECONDS * 1000 {
        Millis(number)
    } else if number < MOST_SECONDS * 1_000_000 {
        Millis(number / 1000)
    } else {
        Millis(number / 1_000_000)
    })
}

/// `2024-05-06 07:08:09.123456789+08:00`, with `T` or a blank, with or without fraction and zone, with whatever Go writes behind
/// it (` +0800 CST m=+0.01`), or a day alone.
fn written(text: &str) -> Option<Millis> {
    let date = text.get(..10)?;
    let rest = text.get(10..)?.trim_start_matches(['T', 't', ' ']);
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.'));
    let (time, zone) = rest.split_at(end.unwrap_or(rest.len()));
    let time = if time.is_empty() { "00:00:00" } else { time };
    let at: DateTime = format!("{date}T{time}").parse().ok()?;
    let offset = offset(zone.trim_start())?;
    let at = offset.to_timestamp(at).ok()?;
    Some(Millis(at.as_millisecond()))
}

fn offset(zone: &str) -> Option<Offset> {
    let (sign, rest) = match zone.chars().next() {
        Some('+') => (1, zone.get(1..)?),
        Some('-') => (-1, zone.get(1..)?),
        _ => return Some(Offset::UTC),
    };
    let digits: String = rest
        .chars()
        .filter(|c| *c != ':')
        .take_while(char::is_ascii_digit)
        .collect();
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..4).map_or(Ok(0), str::parse).ok()?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_shape_is_read() {
        const AT: i64 = 1_714_950_489_000;
        for text in [
            "2024-05-05 23:08:09",
            "2024-05-05T23:08:09Z",
            "2024-05-05 23:08:09+00:00",
            "2024-05-06 07:08:09+08:00",
            "2024-05-06T07:08:09+0800",
            "2024-05-06 07:08:09 +0800 CST",
            "2024-05-06 07:08:09 +0800 CST m=+0.012345678",
            "2024-05-05 18:38:09 -0430",
            "1714950489",
            "1714950489.0",
            "1714950489000",
            "1714950489000000",
            "1714950489000000000",
        ] {
            assert_eq!(read(text), Some(Millis(AT)), "{text}");
        }
        for text in [
            "2024-05-06 07:08:09.123456789+08:00",
            "2024-05-05 23:08:09.123",
        ] {
            assert_eq!(read(text), Some(Millis(AT + 123)), "{text}");
        }
        assert_eq!(read("2024-05-06"), Some(Millis(1_714_953_600_000)));
    }

    #[test]
    fn zero_times_and_others_say_nothing() {
        for text in [
            "",
            "0",
            "-1",
            "0000-00-00 00:00:00",
            "0001-01-01 00:00:00+00:00",
            "0001-01-01T00:00:00Z",
            "yesterday",
            "2024-13-01 00:00:00",
            "2024-05-06 07:08:09+99:99",
            "令牌令牌令牌令牌",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not(text in ".{0,40}", near in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{0,20}[-+]?[0-9:]{0,6}.{0,3}") {
            let _ = (read(&text), read(&near));
        }
    }
}
