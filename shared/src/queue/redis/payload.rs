//! What a consumer gets: a job, or something that is none. apalis ends a worker whose payload does not decode.

use apalis_core::backend::codec::Codec;

use crate::queue::RefreshJob;

/// The payload of one queue entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// A job.
    Job(RefreshJob),
    /// Not written by this version of the program: it is acknowledged and forgotten. If an attempt stands behind
    /// it, the database knows and has it pushed again.
    Unreadable,
}

/// JSON, for which decoding never fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct JobCodec;

pub(super) fn encode(job: &RefreshJob) -> Vec<u8> {
    // Two identifiers always become JSON.
    serde_json::to_vec(job).unwrap_or_default()
}

impl Codec<Payload> for JobCodec {
    type Error = std::convert::Infallible;
    type Compact = Vec<u8>;

    fn encode(&self, payload: &Payload) -> Result<Vec<u8>, Self::Error> {
        Ok(match payload {
            Payload::Job(job) => encode(job),
            Payload::Unreadable => Vec::new(),
        })
    }

    fn decode(&self, bytes: &Vec<u8>) -> Result<Payload, Self::Error> {
        Ok(serde_json::from_slice(bytes).map_or(Payload::Unreadable, Payload::Job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AttemptId, CredentialId};

    #[test]
    fn a_job_survives_and_anything_else_is_unreadable() {
        let job = RefreshJob {
            credential: CredentialId::generate(),
            attempt: AttemptId::generate(),
        };
        let Ok(decoded) = JobCodec.decode(&encode(&job));
        assert_eq!(decoded, Payload::Job(job));
        for garbage in [
            &b""[..],
            b"{}",
            b"\xff\xfe",
            b"[1]",
            b"{\"credential\":\"x\"}",
        ] {
            let Ok(decoded) = JobCodec.decode(&garbage.to_vec());
            assert_eq!(decoded, Payload::Unreadable);
        }
    }
}
