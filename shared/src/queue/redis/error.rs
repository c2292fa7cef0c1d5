//! What Redis' errors mean for people. No text of the client library reaches them: it may name addresses.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::queue::QueueError;

impl From<&RedisError> for QueueError {
    fn from(error: &RedisError) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        // Inside a script the code is part of the text.
        let says = |word: &str| {
            error.code() == Some(word)
                || error.detail().is_some_and(|detail| {
                    detail
                        .split(|c: char| !c.is_ascii_alphanumeric())
                        .any(|part| part == word)
                })
        };
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Refused,
            ErrorKind::Server(ServerErrorKind::NoPerm) => Self::NotAllowed,
            ErrorKind::Server(ServerErrorKind::ReadOnly) => Self::ReadOnly,
            ErrorKind::Server(ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown) => {
                Self::Loading
            }
            _ if says("OOM") => Self::OutOfMemory,
            _ if says("NOAUTH") || says("WRONGPASS") => Self::Refused,
            _ if says("NOPERM") => Self::NotAllowed,
            _ if says("READONLY") || says("MISCONF") => Self::ReadOnly,
            ErrorKind::Io => Self::Unreachable,
            _ => Self::Other(error.code().unwrap_or(error.category()).to_owned()),
        }
    }
}

impl From<RedisError> for QueueError {
    fn from(error: RedisError) -> Self {
        Self::from(&error)
    }
}
