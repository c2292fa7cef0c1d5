//! What the journal records, and the bodies of its frames.

use std::fmt;

use rt_manage_shared::{
    clock::Millis,
    id::{AttemptId, BootId, CredentialId},
};

use super::frame::{self, MAX_BODY};

/// Length of an identifier's text form (a ULID).
pub(super) const ID_LEN: usize = 26;

/// A worker is about to call the upstream with this refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The attempt that calls.
    pub attempt: AttemptId,
    /// The credential that it refreshes.
    pub credential: CredentialId,
    /// Fingerprint of the refresh token that is spent.
    pub rt_fp: String,
    /// When the intent was recorded.
    pub at: Millis,
}

/// The upstream's answer, sealed by the caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The attempt that was answered.
    pub attempt: AttemptId,
    /// The credential that it refreshes.
    pub credential: CredentialId,
    /// Fingerprint of the refresh token that was spent.
    pub rt_fp: String,
    /// When the answer arrived.
    pub at: Millis,
    /// The encrypted answer; the journal knows no keys.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Sealed bytes stay out of logs: whoever gets hold of a key later should not find them there.
        f.debug_struct("Answer")
            .field("attempt", &self.attempt)
            .field("credential", &self.credential)
            .field("rt_fp", &self.rt_fp)
            .field("at", &self.at)
            .field("sealed_bytes", &self.sealed.len())
            .finish()
    }
}

/// The database has recorded the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// The attempt that was recorded.
    pub attempt: AttemptId,
    /// When it was recorded.
    pub at: Millis,
}

/// The body of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Intent(Intent),
    Answer(Answer),
    Done(Done),
    /// The last frame of a segment: the number of the one that follows, or 0 where the journal ended in order.
    Close(u64),
}

/// Why a body whose checksum is right cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    UnknownKind(u8),
    Malformed,
}

impl Entry {
    pub(super) fn kind(&self) -> u8 {
        match self {
            Self::Intent(_) => 1,
            Self::Answer(_) => 2,
            Self::Done(_) => 3,
            Self::Close(_) => 4,
        }
    }

    /// Length of the whole frame.
    pub(super) fn frame_len(&self) -> u64 {
        let body = match self {
            Self::Intent(intent) => call_len(intent.rt_fp.len()),
            Self::Answer(answer) => {
                call_len(answer.rt_fp.len()).saturating_add(answer.sealed.len())
            }
            Self::Done(_) => ID_LEN + 8,
            Self::Close(_) => 8,
        };
        frame::frame_len(body)
    }

    /// Whether the format can express this entry.
    pub(super) fn fits_the_format(&self) -> bool {
        let fingerprint = match self {
            Self::Intent(intent) => intent.rt_fp.len(),
            Self::Answer(answer) => answer.rt_fp.len(),
            Self::Done(_) | Self::Close(_) => 0,
        };
        u16::try_from(fingerprint).is_ok() && self.frame_len() <= frame::frame_len(MAX_BODY)
    }

    pub(super) fn encode_body(&self, out: &mut Vec<u8>) {
        match self {
            Self::Intent(Intent {
                attempt,
                credential,
                rt_fp,
                at,
            }) => {
                encode_call(out, *attempt, *credential, *at, rt_fp);
            }
            Self::Answer(Answer {
                attempt,
                credential,
                rt_fp,
                at,
                sealed,
            }) => {
                encode_call(out, *attempt, *credential, *at, rt_fp);
                out.extend_from_slice(sealed);
            }
            Self::Done(Done { attempt, at }) => {
                out.extend_from_slice(attempt.to_string().as_bytes());
                out.extend_from_slice(&at.0.to_le_bytes());
            }
            Self::Close(next) => out.extend_from_slice(&next.to_le_bytes()),
        }
    }

    pub(super) fn decode(kind: u8, body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields(body);
        let entry = match kind {
            1 => fields.intent().map(Self::Intent),
            2 => fields.answer().map(Self::Answer),
            3 => fields.done().map(Self::Done),
            4 => fields.integer().map(u64::from_le_bytes).map(Self::Close),
            _ => return Err(BodyError::UnknownKind(kind)),
        };
        match entry {
            Some(entry) if fields.0.is_empty() => Ok(entry),
            _ => Err(BodyError::Malformed),
        }
    }
}

/// Length of an answer's frame beside its payload.
pub(super) fn answer_overhead(fingerprint_len: usize) -> u64 {
    frame::frame_len(call_len(fingerprint_len))
}

/// Length of a body without its payload.
fn call_len(fingerprint_len: usize) -> usize {
    (2 * ID_LEN + 8 + 2).saturating_add(fingerprint_len)
}

fn encode_call(
    out: &mut Vec<u8>,
    attempt: AttemptId,
    credential: CredentialId,
    at: Millis,
    rt_fp: &str,
) {
    out.extend_from_slice(attempt.to_string().as_bytes());
    out.extend_from_slice(credential.to_string().as_bytes());
    out.extend_from_slice(&at.0.to_le_bytes());
    // `fits_the_format` was asked before.
    out.extend_from_slice(&u16::try_from(rt_fp.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(rt_fp.as_bytes());
}

/// Reads a body from the front; `None` where it ends too early or makes no sense.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&mut self, len: usize) -> Option<&'a str> {
        std::str::from_utf8(self.take(len)?).ok()
    }

    fn integer<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn millis(&mut self) -> Option<Millis> {
        self.integer().map(i64::from_le_bytes).map(Millis)
    }

    fn intent(&mut self) -> Option<Intent> {
        let attempt = self.text(ID_LEN)?.parse().ok()?;
        let credential = self.text(ID_LEN)?.parse().ok()?;
        let at = self.millis()?;
        let fingerprint_len = u16::from_le_bytes(self.integer()?);
        let rt_fp = self.text(usize::from(fingerprint_len))?.to_owned();
        Some(Intent {
            attempt,
            credential,
            rt_fp,
            at,
        })
    }

    fn answer(&mut self) -> Option<Answer> {
        let Intent {
            attempt,
            credential,
            rt_fp,
            at,
        } = self.intent()?;
        let sealed = std::mem::take(&mut self.0).to_vec();
        Some(Answer {
            attempt,
            credential,
            rt_fp,
            at,
            sealed,
        })
    }

    fn done(&mut self) -> Option<Done> {
        let attempt = self.text(ID_LEN)?.parse().ok()?;
        let at = self.millis()?;
        Some(Done { attempt, at })
    }
}

/// The text form of a boot id, which is also its folder's name.
pub(super) fn boot_id_text(worker: BootId) -> String {
    worker.to_string()
}
