//! The token endpoint's protocol, without a network: what a request looks like, what an answer means, and
//! by which way out it is reached. Everything here is pure, so that an answer that was journalled before a
//! crash is judged after it exactly as it would have been before.
//!
//! To support another kind of client id, add a row to `client_profile`; to teach an error code, add it to
//! the table in `outcome` and to the table test beside it.

mod access_expiry;
mod address;
mod answer;
mod answer_body;
mod claims;
mod client_profile;
mod egress_key;
mod error_code;
mod outcome;
mod proxy_url;
mod refresh_token;
mod request;
mod retry_after;

pub use access_expiry::access_expiry;
pub use address::{is_forbidden_address, is_private_address};
pub use answer::{MalformedAnswer, RawAnswer};
pub use answer_body::Tokens;
pub use claims::Claims;
pub use client_profile::{
    BodyForm, CODEX_CLIENT_ID, ClientProfile, IOS_CLIENT_ID, IOS_REDIRECT_URI,
    PREDECESSOR_CLIENT_ID, SIGN_IN_PREFIX,
};
pub use egress_key::{Egress, EgressKey, InvalidEgressKey};
pub use error_code::{ErrorCode, InvalidErrorCode};
pub use outcome::{CallResult, NoAnswerKind, NotSentKind, Outcome, classify};
pub use proxy_url::{ProxyUrl, ProxyUrlError};
pub use refresh_token::{MAX_REFRESH_TOKEN_BYTES, RefreshTokenError, validate};
pub use request::TokenRequest;
pub use retry_after::{MAX_RETRY_AFTER, RetryAfter};

#[cfg(test)]
mod answer_body_tests;
#[cfg(test)]
mod outcome_tests;
