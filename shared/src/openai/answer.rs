//! [`RawAnswer`]: what came back, before anybody understood it. It is sealed and journalled in this form, so
//! that parsing can be repeated after a crash, or after a fix of the parser.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{outcome::NoAnswerKind, retry_after::RetryAfter};
use crate::clock::Millis;

/// First byte of the encoding; another layout gets another number.
const FORMAT: u8 = 1;
/// Longest `Content-Type` that is kept: it is only read for a diagnosis.
const MAX_CONTENT_TYPE: usize = 128;

/// An answer of the upstream as received. The body may hold tokens: it is wiped on drop and not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, as received.
    pub retry_after: Option<RetryAfter>,
    /// `Content-Type`, shortened.
    pub content_type: Option<String>,
    /// Whether the edge said `cf-mitigated`: a challenge page, not the token endpoint.
    pub cf_mitigated: bool,
    /// Why the body ended early; nothing where it arrived whole.
    pub cut: Option<NoAnswerKind>,
    /// The body, or what arrived of it.
    pub body: Zeroizing<Vec<u8>>,
}

/// Everything but the body, in the encoding.
#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after: Option<RetryAfter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default)]
    cf_mitigated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut: Option<NoAnswerKind>,
}

/// Bytes that are not an encoded answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are not an answer that this version wrote")]
pub struct MalformedAnswer;

impl RawAnswer {
    /// A whole answer with `status` and `body` and no headers of interest.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            retry_after: None,
            content_type: None,
            cf_mitigated: false,
            cut: None,
            body: Zeroizing::new(body.into()),
        }
    }

    /// Notes the `Content-Type`, shortened to a harmless length.
    #[must_use]
    pub fn with_content_type(mut self, content_type: Option<&str>) -> Self {
        self.content_type = content_type.map(|text| text.chars().take(MAX_CONTENT_TYPE).collect());
        self
    }

    /// How long the upstream asked to be left alone, counted from `now`.
    pub fn retry_after(&self, now: Millis) -> Option<Duration> {
        self.retry_after.as_ref()?.wait(now)
    }

    /// The encoding for the journal: one format byte, the length of the head (4 bytes, big-endian), the
    /// head as JSON, the body as it is. Contains tokens: seal it.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let head = Head {
            status: self.status,
            retry_after: self.retry_after.clone(),
            content_type: self.content_type.clone(),
            cf_mitigated: self.cf_mitigated,
            cut: self.cut,
        };
        // Plain fields into memory cannot fail; an empty head would be refused on reading.
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
        let mut bytes = Zeroizing::new(Vec::with_capacity(5 + head.len() + self.body.len()));
        bytes.push(FORMAT);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Reads what [`RawAnswer::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MalformedAnswer> {
        let rest = bytes.strip_prefix(&[FORMAT]).ok_or(MalformedAnswer)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(MalformedAnswer)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| MalformedAnswer)?;
        let (head, body) = rest.split_at_checked(length).ok_or(MalformedAnswer)?;
        let head: Head = serde_json::from_slice(head).map_err(|_| MalformedAnswer)?;
        Ok(Self {
            status: head.status,
            retry_after: head.retry_after,
            content_type: head.content_type,
            cf_mitigated: head.cf_mitigated,
            cut: head.cut,
            body: Zeroizing::new(body.to_vec()),
        })
    }
}

impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawAnswer")
            .field("status", &self.status)
            .field("retry_after", &self.retry_after)
            .field("content_type", &self.content_type)
            .field("cf_mitigated", &self.cf_mitigated)
            .field("cut", &self.cut)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn debug_shows_no_body() {
        let answer = RawAnswer::new(200, "canary-3").with_content_type(Some("application/json"));
        let shown = format!("{answer:?}");
        assert!(
            !shown.contains("canary") && !shown.contains("99, 97"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn the_encoding_round_trips(
            status: u16,
            body: Vec<u8>,
            retry in proptest::option::of("[ -~]{1,70}"),
            content_type in proptest::option::of(".{0,140}"),
            cf_mitigated: bool,
            cut: bool,
        ) {
            let mut answer = RawAnswer::new(status, body).with_content_type(content_type.as_deref());
            answer.retry_after = retry.and_then(|text| RetryAfter::from_header(&text));
            answer.cf_mitigated = cf_mitigated;
            answer.cut = cut.then_some(NoAnswerKind::Reset);
            prop_assert_eq!(RawAnswer::from_bytes(&answer.to_bytes()), Ok(answer));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(answer) = RawAnswer::from_bytes(&bytes) {
                prop_assert!(answer.body.len() < bytes.len());
            }
        }
    }
}
