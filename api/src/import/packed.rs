//! Rows on their way through the database: what was read from a file and not taken in yet. The form is plain JSON with every
//! token in it, so it exists between here and the vault only.

use std::sync::Arc;

use rt_manage_shared::{clock::Millis, db::credentials::Identity, vault::Secret};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{Row, Said};
use crate::credentials::{Arrival, Past, PastState, Told};

/// Packs rows, to be sealed at once.
pub(crate) fn pack(rows: &[Row]) -> Zeroizing<Vec<u8>> {
    let packed: Vec<Packed> = rows.iter().cloned().map(Packed::from).collect();
    // Texts and numbers always can be written, and memory has room.
    Zeroizing::new(serde_json::to_vec(&packed).unwrap_or_default())
}

/// What was packed.
pub(crate) fn unpack(bytes: &[u8]) -> serde_json::Result<Vec<Row>> {
    let packed: Vec<Packed> = serde_json::from_slice(bytes)?;
    Ok(packed.into_iter().map(Row::from).collect())
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Packed {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<String>,
    #[serde(skip_serializing_if = "Secret::is_empty", serialize_with = "exposed")]
    rt: Secret,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed_where_there"
    )]
    at: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    biz_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed_where_there"
    )]
    proxy: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    told_client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refreshed_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
}

fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

#[expect(clippy::ref_option, reason = "this is how it is called")]
fn exposed_where_there<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

impl From<Row> for Packed {
    fn from(row: Row) -> Self {
        let Row { line, source, said } = row;
        let place = Self {
            line,
            source,
            ..Self::default()
        };
        let arrival = match said {
            Said::Entry(arrival) => *arrival,
            Said::Invalid(reason) => {
                return Self {
                    invalid: Some(reason),
                    ..place
                };
            }
            Said::Repeats(reason) => {
                return Self {
                    repeats: Some(reason),
                    ..place
                };
            }
        };
        let (told, past) = (arrival.told, arrival.past);
        Self {
            rt: arrival.refresh_token,
            at: arrival.access_token,
            biz_id: arrival.biz_id,
            client_id: arrival.client_id,
            proxy: arrival.proxy,
            proxy_name: arrival.proxy_name,
            tag: arrival.tag,
            memo: arrival.memo,
            enabled: arrival.enabled,
            email: told.identity.email,
            name: told.identity.name,
            account_id: told.identity.account_id,
            user_id: told.identity.user_id,
            plan: told.identity.plan,
            told_client_id: told.client_id,
            expires_at: told.access_expires_at.map(|at| at.0),
            state: past.state.map(|state| state.as_str().to_owned()),
            code: past.code,
            refreshed_at: past.refreshed_at.map(|at| at.0),
            created_at: past.created_at.map(|at| at.0),
            ..place
        }
    }
}

impl From<Packed> for Row {
    fn from(packed: Packed) -> Self {
        let said = match (packed.invalid, packed.repeats) {
            (Some(reason), _) => Said::Invalid(reason),
            (None, Some(reason)) => Said::Repeats(reason),
            (None, None) => Said::Entry(Box::new(Arrival {
                refresh_token: packed.rt,
                access_token: packed.at,
                biz_id: packed.biz_id,
                client_id: packed.client_id,
                proxy: packed.proxy,
                proxy_name: packed.proxy_name,
                tag: packed.tag,
                memo: packed.memo,
                enabled: packed.enabled,
                told: Told {
                    identity: Identity {
                        email: packed.email,
                        name: packed.name,
                        account_id: packed.account_id,
                        user_id: packed.user_id,
                        plan: packed.plan,
                    },
                    client_id: packed.told_client_id,
                    access_expires_at: packed.expires_at.map(Millis),
                },
                past: Past {
                    state: packed.state.as_deref().and_then(PastState::of),
                    code: packed.code,
                    refreshed_at: packed.refreshed_at.map(Millis),
                    created_at: packed.created_at.map(Millis),
                },
            })),
        };
        Self {
            line: packed.line,
            source: packed.source,
            said,
        }
    }
}
