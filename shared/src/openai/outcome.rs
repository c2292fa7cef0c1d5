//! What the result of a call means for the credential. Decided by status and code, never by the wording of
//! a message (docs, upstream: "Errors"; architecture: the table of outcomes).
//!
//! The rule behind every doubtful case: calling a living token dead, or sending a spent one again, costs an
//! account; being in doubt costs a look. So "rejected" needs a code that says so, "transient" needs a status
//! that promises the token was not touched, and the rest is ambiguous.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    answer::RawAnswer,
    answer_body::{AnswerBody, Tokens},
    error_code::ErrorCode,
};
use crate::{clock::Millis, model::grant::HeldReason};

/// Codes after which this refresh token will never work again (source: docs, upstream: "Errors").
const PERMANENT: [&str; 11] = [
    "refresh_token_reused",
    "refresh_token_invalidated",
    "refresh_token_expired",
    "token_expired",
    "invalid_refresh_token",
    "app_session_terminated",
    "app_session_expired",
    "invalid_grant",
    "account_deactivated",
    "token_revoked",
    "token_invalidated",
];
/// Codes that blame our client id; the refresh token is untouched (RFC 6749, section 5.2).
const CLIENT_ID: [&str; 2] = ["invalid_client", "unauthorized_client"];
/// The code that blames the egress' country; the refresh token is untouched.
const REGION: &str = "unsupported_country_region_territory";

/// Why nothing was sent. The refresh token is untouched in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotSentKind {
    /// The egress' setting cannot be used (a proxy URL that is wrong or forbidden).
    Egress,
    /// A name could not be resolved, or resolved to a forbidden address.
    Dns,
    /// No connection: refused, unreachable, reset before anything was sent.
    Connect,
    /// No connection in time.
    ConnectTimeout,
    /// The TLS handshake failed.
    Tls,
    /// The proxy could not be reached or did not open a way.
    Proxy,
    /// The proxy wants other credentials (407).
    ProxyAuth,
    /// The send budget ran out before the first byte (a slow connection, or a process that was frozen).
    Late,
    /// An answer came before anything was sent: it is not about this token.
    EarlyAnswer,
    /// The request could not be put together or handed over.
    Request,
    /// The journal takes no intent, so nothing may be sent.
    Journal,
    /// The database was away after the claim, and may have come back without it.
    ContactLost,
}

impl NotSentKind {
    /// The stable code.
    pub const fn code(self) -> ErrorCode {
        ErrorCode::ours(match self {
            Self::Egress => "egress_unusable",
            Self::Dns => "dns_failed",
            Self::Connect => "connect_failed",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls_failed",
            Self::Proxy => "proxy_failed",
            Self::ProxyAuth => "proxy_auth_required",
            Self::Late => "send_too_late",
            Self::EarlyAnswer => "answer_before_request",
            Self::Request => "request_failed",
            Self::Journal => "journal_unavailable",
            Self::ContactLost => "database_contact_lost",
        })
    }
}

/// How an answer failed to arrive after the request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswerKind {
    /// Not (all of it) within the answer deadline.
    Timeout,
    /// The connection was reset.
    Reset,
    /// The connection ended before the answer did.
    Cut,
    /// The answer is longer than any answer of the token endpoint.
    TooLarge,
    /// What came is not HTTP.
    Protocol,
}

impl NoAnswerKind {
    /// The stable code.
    pub const fn code(self) -> ErrorCode {
        ErrorCode::ours(match self {
            Self::Timeout => "answer_timeout",
            Self::Reset => "connection_reset",
            Self::Cut => "answer_cut",
            Self::TooLarge => "answer_too_large",
            Self::Protocol => "answer_malformed",
        })
    }
}

/// The result of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallResult {
    /// Nothing of the body left this process, and nothing will.
    NotSent {
        /// Why.
        kind: NotSentKind,
    },
    /// The body was handed out, and no status line came back.
    NoAnswer {
        /// What happened instead.
        kind: NoAnswerKind,
    },
    /// An answer, whole or (see [`RawAnswer::cut`]) in part. Journal it before classifying it.
    Answer(RawAnswer),
}

/// What a call means for its credential.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// New tokens. At least an access or a refresh token is there.
    Rotated(Box<Tokens>),
    /// Nothing was sent; the refresh token is untouched.
    NotSent {
        /// Why.
        code: ErrorCode,
    },
    /// Refused for now; the refresh token is untouched.
    Transient {
        /// Why.
        code: ErrorCode,
        /// How long the whole egress should wait.
        retry_after: Option<Duration>,
    },
    /// Refused until something of ours changes; the refresh token is untouched.
    Held {
        /// What must change.
        reason: HeldReason,
        /// The upstream's code.
        code: ErrorCode,
    },
    /// This refresh token is dead.
    Rejected {
        /// The upstream's code.
        code: ErrorCode,
    },
    /// Sent, and nobody knows what became of it.
    Ambiguous {
        /// What is known.
        code: ErrorCode,
    },
}

impl Outcome {
    /// The stable name, as stored and counted.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rotated(_) => "rotated",
            Self::NotSent { .. } => "not_sent",
            Self::Transient { .. } => "transient",
            Self::Held { .. } => "held",
            Self::Rejected { .. } => "rejected",
            Self::Ambiguous { .. } => "ambiguous",
        }
    }

    /// The error code; nothing for a success.
    pub const fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Rotated(_) => None,
            Self::NotSent { code }
            | Self::Transient { code, .. }
            | Self::Held { code, .. }
            | Self::Rejected { code }
            | Self::Ambiguous { code } => Some(code),
        }
    }
}

/// Judges the result of a call. Pure: a journalled answer gets the same verdict at any later time, except
/// that a `Retry-After` is counted from `now`.
pub fn classify(result: &CallResult, now: Millis) -> Outcome {
    match result {
        CallResult::NotSent { kind } => Outcome::NotSent { code: kind.code() },
        CallResult::NoAnswer { kind } => Outcome::Ambiguous { code: kind.code() },
        CallResult::Answer(answer) => classify_answer(answer, now),
    }
}

fn classify_answer(answer: &RawAnswer, now: Millis) -> Outcome {
    let body = AnswerBody::read(&answer.body);
    if (200..300).contains(&answer.status) {
        return classify_success(answer, body);
    }
    if let Some(cut) = answer.cut
        && !body.complete
    {
        return Outcome::Ambiguous { code: cut.code() };
    }
    let code = body
        .error_code
        .as_deref()
        .and_then(ErrorCode::from_upstream);
    // Of all refusals only this one is harmless for want of a code, and the code may be in the part that is missing: a
    // body that ends with its connection is not known to be cut.
    if answer.status == 403 && body.torn && code.is_none() {
        return Outcome::Ambiguous {
            code: ErrorCode::ours("answer_unreadable"),
        };
    }
    classify_refusal(answer, code.as_ref(), now)
}

/// A success with tokens. An answer that broke off after its refresh token was complete still counts: the
/// old token is spent, and throwing the successor away would lose the account. One that broke off before
/// does not, even with an access token: the successor may have been in the missing part.
fn classify_success(answer: &RawAnswer, body: AnswerBody) -> Outcome {
    let tokens = body.tokens;
    let rotated =
        tokens.refresh_token.is_some() || (body.complete && tokens.access_token.is_some());
    if rotated {
        return Outcome::Rotated(Box::new(tokens));
    }
    let code = match answer.cut {
        Some(cut) if !body.complete => cut.code(),
        _ if body.complete => ErrorCode::ours("answer_without_tokens"),
        _ => ErrorCode::ours("answer_unreadable"),
    };
    Outcome::Ambiguous { code }
}

fn classify_refusal(answer: &RawAnswer, code: Option<&ErrorCode>, now: Millis) -> Outcome {
    let known = |codes: &[&str]| code.filter(|code| codes.contains(&code.as_str())).cloned();
    let named = code.cloned().unwrap_or_else(|| nameless(answer));
    let transient = |code| Outcome::Transient {
        code,
        retry_after: answer.retry_after(now),
    };
    match answer.status {
        407 => Outcome::NotSent {
            code: NotSentKind::ProxyAuth.code(),
        },
        // These come from a gate in front of the token logic. A permanent code beside one of them
        // contradicts it; the next attempt repeats the code with 400 or 401 if it was meant.
        425 | 429 | 503 => transient(named),
        // 408 says only that the server gave up, at whatever point.
        408 => Outcome::Ambiguous { code: named },
        400..500 => {
            if let Some(code) = known(&PERMANENT) {
                Outcome::Rejected { code }
            } else if let Some(code) = known(&CLIENT_ID) {
                let reason = HeldReason::ClientId;
                Outcome::Held { reason, code }
            } else if let Some(code) = known(&[REGION]) {
                let reason = HeldReason::Region;
                Outcome::Held { reason, code }
            } else if answer.status == 403 {
                transient(named)
            } else {
                Outcome::Ambiguous { code: named }
            }
        }
        // 5xx with a permanent code too: a server that failed may have failed after rotating. And 1xx, 3xx:
        // redirects are not followed, and nobody knows what stands behind them.
        _ => Outcome::Ambiguous { code: named },
    }
}

/// The code of an answer that named none.
fn nameless(answer: &RawAnswer) -> ErrorCode {
    if answer.cf_mitigated {
        ErrorCode::ours("edge_challenge")
    } else {
        ErrorCode::http(answer.status)
    }
}
