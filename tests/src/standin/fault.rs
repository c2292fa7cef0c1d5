//! Faults: what the token endpoint does instead of, or besides, answering well.
//!
//! A fault says three separate things: whether the refresh token is spent ([`Fault::rotate`]), what the answer is
//! ([`Answer`]), and how its bytes travel ([`Delivery`]). "Killed before" and "killed after" differ in the first only.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One fault.
///
/// When several match a call, one applies: those of the account before those for all; among these, the ones limited by
/// `times` before the lasting ones; then the one that was set first. A fault counts a call (for `skip` and `times`) only
/// when no fault of higher priority took it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// Only calls with refresh tokens of this account; all calls when absent.
    pub account: Option<String>,
    /// Let this many calls pass first.
    pub skip: u64,
    /// Then apply to this many calls; without a limit when absent.
    pub times: Option<u64>,
    /// Whether the refresh token is spent. When absent: yes if the answer is a success with a refresh token, no otherwise.
    pub rotate: Option<bool>,
    /// Wait before the rotation, instead of the default latency.
    pub latency_before_ms: Option<u64>,
    /// Wait between rotation and answer, instead of the default latency.
    pub latency_after_ms: Option<u64>,
    /// What is answered.
    pub answer: Answer,
    /// How the end of the body is told.
    pub framing: BodyEnd,
    /// How the answer travels.
    pub delivery: Delivery,
}

/// How the end of the body is told (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyEnd {
    /// `Content-Length`
    #[default]
    Length,
    /// `Transfer-Encoding: chunked`, in chunks that are shorter than any token.
    Chunked,
    /// By the end of the connection: an answer that is cut off cannot be told from a whole one.
    Close,
}

/// What is answered.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// What the strict rules say.
    #[default]
    Normal,
    /// This error, whatever the token.
    Error(ErrorAnswer),
    /// A 302; a client that follows it is counted in `Stats::redirects_followed`.
    Redirect {
        /// Where to; a path of the stand-in itself when absent.
        #[serde(default)]
        location: Option<String>,
    },
    /// A success with something wrong or unusual in it. A token that is refused gets its normal refusal.
    Altered(Alteration),
}

/// An explicit error answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ErrorAnswer {
    /// HTTP status.
    pub status: u16,
    /// Error code, where the shape has room for one.
    pub code: Option<String>,
    /// Human-readable text.
    pub message: String,
    /// Which of the shapes that were met in the wild.
    pub shape: ErrorShape,
    /// A `Retry-After` header.
    pub retry_after: Option<RetryAfter>,
    /// Adds `cf-mitigated: challenge`, as the edge does with its HTML page.
    pub cf_challenge: bool,
}

impl Default for ErrorAnswer {
    fn default() -> Self {
        Self {
            status: 500,
            code: None,
            message: "The stand-in was told to fail.".to_owned(),
            shape: ErrorShape::default(),
            retry_after: None,
            cf_challenge: false,
        }
    }
}

/// The body of an error.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// `{"error": {"message", "type", "param", "code"}}`
    #[default]
    Nested,
    /// `{"error": "<code>", "error_description": "…"}`
    StringError,
    /// `{"code": "<code>", "message": "…"}`
    TopLevelCode,
    /// `{"error": {}}`
    EmptyError,
    /// A page for people.
    Html,
    /// Nothing at all.
    EmptyBody,
}

/// The two forms of `Retry-After`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// An HTTP date this many seconds from the moment of the answer (negative: in the past).
    DateInSeconds(i64),
}

/// What is unusual about a success.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alteration {
    /// Tokens that are left out. Without a refresh token the old one stays live, unless `rotate` says otherwise.
    pub omit: Vec<TokenField>,
    /// The body is not JSON at all (the rotation happens).
    pub garbage: bool,
    /// The access token does not parse as a JWT.
    pub unreadable_access_token: bool,
    /// Fields that the client does not know.
    pub extra: Map<String, Value>,
}

/// A token in a successful answer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenField {
    /// `access_token`
    AccessToken,
    /// `refresh_token`
    RefreshToken,
    /// `id_token`
    IdToken,
}

/// How the bytes of the answer travel. Positions count from the first byte of the status line.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Delivery {
    /// All of it.
    #[default]
    Complete,
    /// The request is read, nothing is answered, the connection ends.
    Close {
        /// With RST (`SO_LINGER` 0) instead of FIN.
        #[serde(default)]
        reset: bool,
    },
    /// Exactly this many bytes, then the connection ends.
    Cut {
        /// How many bytes go out.
        at_byte: usize,
        /// With RST instead of FIN.
        #[serde(default)]
        reset: bool,
    },
    /// Exactly this many bytes, then silence until the client leaves.
    Hang {
        /// How many bytes go out.
        #[serde(default)]
        at_byte: usize,
    },
    /// `Content-Length` is off by this much; the connection ends after the body.
    WrongLength {
        /// Added to the true length.
        delta: i64,
    },
    /// A 200 whose body never ends (chunked), written as fast as the client reads.
    Endless,
}

impl Delivery {
    /// Whether no byte of the answer leaves.
    pub(super) fn is_silent(self) -> bool {
        matches!(
            self,
            Self::Close { .. } | Self::Cut { at_byte: 0, .. } | Self::Hang { at_byte: 0 }
        )
    }
}

impl Fault {
    /// An error answer in the usual shape, without a code where it is empty. The refresh token is not spent.
    pub fn error(status: u16, code: &str) -> Self {
        Self::answer(Answer::Error(ErrorAnswer {
            status,
            code: Some(code.to_owned()).filter(|code| !code.is_empty()),
            ..ErrorAnswer::default()
        }))
    }

    /// Gives an error answer another shape.
    #[must_use]
    pub fn shape(mut self, shape: ErrorShape) -> Self {
        if let Answer::Error(error) = &mut self.answer {
            error.shape = shape;
        }
        self
    }

    /// Adds `Retry-After` in seconds to an error answer.
    #[must_use]
    pub fn retry_after_seconds(mut self, seconds: u64) -> Self {
        if let Answer::Error(error) = &mut self.answer {
            error.retry_after = Some(RetryAfter::Seconds(seconds));
        }
        self
    }

    /// Any answer, delivered completely.
    pub fn answer(answer: Answer) -> Self {
        Self {
            answer,
            ..Self::default()
        }
    }

    /// A success that is unusual.
    pub fn altered(alteration: Alteration) -> Self {
        Self::answer(Answer::Altered(alteration))
    }

    /// The normal answer, delivered badly. The refresh token is spent; see [`Fault::before_rotation`].
    pub fn delivery(delivery: Delivery) -> Self {
        Self {
            delivery,
            ..Self::default()
        }
    }

    /// A slow but good answer.
    pub fn latency(before_ms: u64, after_ms: u64) -> Self {
        Self {
            latency_before_ms: Some(before_ms),
            latency_after_ms: Some(after_ms),
            ..Self::default()
        }
    }

    /// Tells the end of the body in another way.
    #[must_use]
    pub fn framing(mut self, framing: BodyEnd) -> Self {
        self.framing = framing;
        self
    }

    /// For the refresh tokens of this account only.
    #[must_use]
    pub fn for_account(mut self, key: &str) -> Self {
        self.account = Some(key.to_owned());
        self
    }

    /// For the next `times` calls only.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Let `calls` calls pass first.
    #[must_use]
    pub fn skip(mut self, calls: u64) -> Self {
        self.skip = calls;
        self
    }

    /// The refresh token is not spent.
    #[must_use]
    pub fn before_rotation(mut self) -> Self {
        self.rotate = Some(false);
        self
    }

    /// The refresh token is spent (if it was good), even if the answer is an error.
    #[must_use]
    pub fn after_rotation(mut self) -> Self {
        self.rotate = Some(true);
        self
    }

    /// Whether the refresh token is to be spent.
    pub(super) fn spends(&self) -> bool {
        self.rotate.unwrap_or(match &self.answer {
            Answer::Normal => true,
            Answer::Error(_) | Answer::Redirect { .. } => false,
            Answer::Altered(alteration) => !alteration.omit.contains(&TokenField::RefreshToken),
        })
    }
}

/// A fault of the connection itself: it is accepted and ends before anything is read. The calls of the control routes
/// are hit as well, so steer this through the library.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectFault {
    /// Let this many connections pass first.
    pub skip: u64,
    /// Then end this many; without a limit when absent.
    pub times: Option<u64>,
    /// With RST instead of FIN.
    pub reset: bool,
}
