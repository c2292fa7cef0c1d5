//! The `Retry-After` header (RFC 9110, section 10.2.3): seconds or an HTTP date.

use std::time::Duration;

use jiff::{Timestamp, civil::DateTime, fmt::rfc2822, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::clock::Millis;

/// The longest wait that an answer can impose. One hour: the token endpoint's real values are seconds to
/// minutes, and a broken or hostile answer must not stop an egress for days.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// Longest header text that is kept; the longest HTTP date has 33 characters (RFC 850 form).
const MAX_TEXT: usize = 64;

/// The obsolete date forms that RFC 9110, section 5.6.7, still obliges a recipient to read.
const OBSOLETE_FORMS: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// A `Retry-After` header as it was received. A date is only judged against a clock when it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RetryAfter(String);

impl RetryAfter {
    /// Keeps a header's text; nothing where it is empty, too long or not printable ASCII.
    pub fn from_header(text: &str) -> Option<Self> {
        let text = text.trim();
        let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        (!text.is_empty() && text.len() <= MAX_TEXT && printable).then(|| Self(text.to_owned()))
    }

    /// How long to wait from `now`, at most [`MAX_RETRY_AFTER`]; zero for a date that has passed, nothing
    /// for a text that is neither seconds nor a date.
    pub fn wait(&self, now: Millis) -> Option<Duration> {
        let text = self.0.as_str();
        let wait = if text.bytes().all(|byte| byte.is_ascii_digit()) {
            Duration::from_secs(text.parse().unwrap_or(u64::MAX))
        } else {
            Millis(http_date(text)?.as_millisecond()).since(now)
        };
        Some(wait.min(MAX_RETRY_AFTER))
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    let modern = rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    modern.or_else(|| {
        OBSOLETE_FORMS.iter().find_map(|form| {
            let civil = DateTime::strptime(form, text).ok()?;
            Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:37Z, the example date of RFC 9110.
    const EXAMPLE: Millis = Millis(784_111_777_000);

    fn wait(text: &str) -> Option<u64> {
        let now = EXAMPLE - Duration::from_secs(90);
        RetryAfter::from_header(text)?
            .wait(now)
            .map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_all_three_date_forms() {
        assert_eq!(wait(" 120 "), Some(120));
        assert_eq!(wait("0"), Some(0));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(90));
        assert_eq!(wait("Sunday, 06-Nov-94 08:49:37 GMT"), Some(90));
        assert_eq!(wait("Sun Nov  6 08:49:37 1994"), Some(90));
        assert_eq!(wait("Sat, 05 Nov 1994 08:49:37 GMT"), Some(0));
    }

    #[test]
    fn absurd_values_are_capped_or_ignored() {
        assert_eq!(wait("99999999999999999999999999"), Some(3600));
        assert_eq!(wait("Fri, 06 Nov 2093 08:49:37 GMT"), Some(3600));
        for text in ["", "-5", "1.5", "soon", "\u{7}", &"9".repeat(65)] {
            assert_eq!(wait(text), None, "{text}");
        }
    }
}
