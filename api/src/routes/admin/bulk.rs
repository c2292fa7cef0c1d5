//! `POST /credentials/bulk`: the same done to many credentials, as a job.

use axum::extract::State;
use rt_manage_shared::{id::ProxyId, openai::ProxyUrl, vault::Secret};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::{
    document::Problems,
    input::Once,
    jobs::{Accepted, JobView, accepted},
};
use crate::{
    auth::Manage,
    credentials::{Credentials, Selection},
    error::Problem,
    jobs::bulk::{BulkAction, USUAL_CANARY, Wish},
    state::App,
};

/// Which credentials, and what is done to each.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bulk {
    selection: Selection,
    action: Action,
}

/// What is done to each credential.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = BulkAction)]
enum Action {
    /// Refreshes it.
    Refresh {
        /// So many are refreshed first, and the others follow if all of these succeed; `null`: all at once. Does nothing where there
        /// are no others.
        #[serde(default = "usual_canary")]
        #[schema(minimum = 1, maximum = 1000, default = 10)]
        canary: Option<u32>,
    },
    /// Lets a held one go, and refreshes it.
    Retry {},
    Enable {},
    Disable {},
    /// Deletes it; it can be restored.
    Delete {},
    /// Takes a deleted one back.
    Restore {},
    Tag {
        /// `null`: none.
        #[serde(deserialize_with = "stated")]
        #[schema(max_length = 255)]
        tag: Option<String>,
    },
    /// Gives it a proxy; with neither of these it follows the configuration.
    Proxy {
        /// An http, https, socks5 or socks5h URL.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        proxy: Option<Secret>,
        /// A named proxy, instead of `proxy`.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        proxy_id: Option<ProxyId>,
    },
    ClientId {
        /// `null`: the one of the configuration.
        #[serde(deserialize_with = "stated")]
        #[schema(min_length = 1, max_length = 255)]
        client_id: Option<String>,
    },
    Memo {
        /// `null`: none.
        #[serde(deserialize_with = "stated")]
        #[schema(max_length = 4096)]
        memo: Option<String>,
    },
}

#[expect(clippy::unnecessary_wraps, reason = "what a field holds")]
const fn usual_canary() -> Option<u32> {
    Some(USUAL_CANARY)
}

/// A value or `null`, but not nothing: a field that was forgotten must not empty thousands.
fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

impl Action {
    /// What is shown of it, and what of it is a secret.
    fn split(self) -> (BulkAction, Option<Secret>) {
        let action = match self {
            Self::Refresh { canary } => BulkAction::Refresh { canary },
            Self::Retry {} => BulkAction::Retry {},
            Self::Enable {} => BulkAction::Enable {},
            Self::Disable {} => BulkAction::Disable {},
            Self::Delete {} => BulkAction::Delete {},
            Self::Restore {} => BulkAction::Restore {},
            Self::Tag { tag } => BulkAction::Tag { tag },
            Self::ClientId { client_id } => BulkAction::ClientId { client_id },
            Self::Memo { memo } => BulkAction::Memo { memo },
            Self::Proxy { proxy, proxy_id } => {
                // One that cannot be read is refused with the rest.
                let parsed = proxy
                    .as_ref()
                    .and_then(|url| ProxyUrl::parse(url.expose()).ok());
                let shown = parsed.map(|proxy| proxy.shown().to_owned());
                let action = BulkAction::Proxy {
                    proxy: shown,
                    proxy_id,
                };
                return (action, proxy);
            }
        };
        (action, None)
    }
}

/// Does the same to many credentials.
#[utoipa::path(post, path = "/credentials/bulk", tag = "credentials", operation_id = "bulkCredentials", request_body = Bulk,
    params(("Idempotency-Key" = Option<String>, Header, description = "the same request with the same key is done once")),
    responses((status = 202, body = JobView, headers(("Location" = String))), Problems))]
pub(super) async fn start(
    State(app): State<App>,
    Manage(actor): Manage,
    Once { body, request }: Once<Bulk>,
) -> Result<Accepted, Problem> {
    let (action, proxy) = body.action.split();
    let wish = Wish {
        selection: body.selection,
        action,
        proxy,
        request,
    };
    let job = app.jobs.bulk(&Credentials::of(&app), &wish, &actor).await?;
    Ok(accepted(&app, job))
}
