//! What the ledger tells: plain records, the same over HTTP and through the library.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Hex SHA-256 of a refresh token, so that calls can be listed without showing tokens.
pub fn fingerprint(refresh_token: &str) -> String {
    hex(&digest(refresh_token))
}

pub(super) fn digest(refresh_token: &str) -> [u8; 32] {
    Sha256::digest(refresh_token).into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// How much of an answer was handed to the connection.
///
/// "Complete" is no proof that the client read it: bytes may have been in flight when the client died.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Written {
    /// The call is not finished.
    #[default]
    Pending,
    /// No byte.
    None,
    /// Some bytes of it.
    Cut {
        /// How many, counted from the status line.
        bytes: u64,
    },
    /// All of it.
    Complete,
}

/// The form of a request body.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// `application/json`
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// Anything else; refused.
    Other,
}

/// One call of a token endpoint.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CallRecord {
    /// Counted from 1; also in the answer's `x-request-id`.
    pub number: u64,
    /// When the request had been read (ms since the epoch).
    pub at_ms: i64,
    /// When the answer had been written or the connection had ended.
    pub finished_at_ms: Option<i64>,
    /// The account that the refresh token belongs to.
    pub account: Option<String>,
    /// Path that was called.
    pub path: String,
    /// Form of the body.
    pub body: BodyFormat,
    /// What the caller sent.
    pub client_id: Option<String>,
    /// What the caller sent.
    pub redirect_uri: Option<String>,
    /// What the caller sent.
    pub scope: Option<String>,
    /// What the caller sent.
    pub resource: Option<String>,
    /// Hex SHA-256 of the refresh token.
    pub fingerprint: Option<String>,
    /// Status of the answer that was made, even if it was not delivered.
    pub status: Option<u16>,
    /// Error code of that answer.
    pub code: Option<String>,
    /// Where the call came from; a proxy's outgoing address when it came through one.
    pub peer: SocketAddr,
    /// The refresh token had been spent before this call.
    pub spent_before: bool,
    /// This call spent the refresh token.
    pub rotated: bool,
    /// What was written.
    pub answer: Written,
    /// Bytes of the whole answer, head and body, as it would be written without a fault of delivery.
    pub answer_length: Option<u64>,
    /// The client had closed the connection before the answer began.
    pub peer_gone: bool,
    /// Number of the fault that applied.
    pub fault: Option<u64>,
}

/// One refresh token of an account.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TokenEntry {
    /// 0 is the one that the account started with.
    pub position: usize,
    /// The token itself.
    pub refresh_token: String,
    /// Its hex SHA-256.
    pub fingerprint: String,
    /// When it was issued.
    pub issued_at_ms: i64,
    /// The call that issued it.
    pub issued_by_call: Option<u64>,
    /// When it was spent.
    pub spent_at_ms: Option<i64>,
    /// The call that spent it.
    pub spent_by_call: Option<u64>,
    /// What was written of that call's answer, the one that carried the successor.
    pub answer: Option<Written>,
    /// It is the account's live one.
    pub live: bool,
}

/// How an account's session ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ended {
    /// Status of the refusals from then on.
    pub status: u16,
    /// Code of the refusals from then on.
    pub code: String,
    /// When.
    pub at_ms: i64,
    /// The access tokens died with it.
    pub access_tokens_too: bool,
}

/// Everything about one account.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AccountLedger {
    /// Key of the account.
    pub key: String,
    /// E-mail address.
    pub email: String,
    /// Client id that its refresh tokens are bound to.
    pub client_id: String,
    /// `chatgpt_account_id`
    pub account_id: String,
    /// `chatgpt_user_id`
    pub user_id: String,
    /// The live refresh token; none after the session has ended.
    pub live: Option<String>,
    /// Why none is live.
    pub ended: Option<Ended>,
    /// How many token calls presented one of its refresh tokens.
    pub calls: u64,
    /// How many of them presented a spent one.
    pub reused: u64,
    /// The most calls in flight at one time with the same refresh token.
    pub max_concurrent: u32,
    /// Every refresh token ever issued, in order.
    pub tokens: Vec<TokenEntry>,
}

/// Totals since the start or the last reset.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Stats {
    /// Accounts.
    pub accounts: u64,
    /// Calls of the token endpoints.
    pub token_calls: u64,
    /// Of these, finished.
    pub finished: u64,
    /// Refresh tokens spent.
    pub rotations: u64,
    /// Calls that presented a spent refresh token, whatever was answered.
    pub reused: u64,
    /// Of these, refused with `refresh_token_reused`.
    pub reuse_refused: u64,
    /// Families that died of it.
    pub families_revoked: u64,
    /// Calls by status of the answer that was made.
    pub by_status: BTreeMap<u16, u64>,
    /// Calls by error code of the answer that was made.
    pub by_code: BTreeMap<String, u64>,
    /// Calls in flight.
    pub in_flight: u32,
    /// The most calls in flight at one time.
    pub max_in_flight: u32,
    /// The most calls in flight at one time with the same refresh token.
    pub max_concurrent_per_token: u32,
    /// Calls of `/oauth/revoke`.
    pub revocations: u64,
    /// Connections accepted (control calls included).
    pub connections: u64,
    /// Requests whose end never came.
    pub incomplete_requests: u64,
    /// Redirects that a client followed.
    pub redirects_followed: u64,
}
