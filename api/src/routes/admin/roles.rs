//! Who may call a route, as the document says it: in the route's security requirement and in `x-role`.
//!
//! What a handler takes decides ([`Admin`](crate::auth::Admin), [`Viewer`](crate::auth::Viewer),
//! [`AnySession`](crate::auth::AnySession)). Here stands what is usual, reading for viewers and the rest for administrators;
//! other routes say so in their annotation, `security(("session" = ["administrator"]))`. [`FOR_KEYS`] lists what is open to programs
//! with an API key: such a handler takes [`Manage`](crate::auth::Manage) or [`Look`](crate::auth::Look). A test
//! asks every route and fails where the document says anything else than what is enforced.

use rt_manage_shared::model::key::Scope;
use serde_json::Value;
use utoipa::openapi::{
    OpenApi,
    path::{Operation, PathItem},
    security::SecurityRequirement,
};

/// The security scheme of sessions.
pub(super) const SCHEME: &str = "session";
/// Name of the extension.
pub(super) const EXTENSION: &str = "x-role";

/// The security schemes of keys; their requirement names the scope. An extension of its own would stand before or behind `x-role`
/// as it happens.
const KEY_SCHEMES: [&str; 2] = ["apiSecret", "apiKey"];

/// What a key opens, by operation: reading with the scope `view`, the rest with `manage`. Never people, sessions, passwords, keys,
/// secrets, the audit log, nor what stops or changes the whole installation.
const FOR_KEYS: &[&str] = &[
    // Credentials and their history.
    "listCredentials",
    "countCredentials",
    "createCredential",
    "readCredential",
    "editCredential",
    "deleteCredential",
    "restoreCredential",
    "purgeCredential",
    "refreshCredential",
    "resolveDoubt",
    "retryHeld",
    "listAttempts",
    "listHandOutsOfCredential",
    "listOrphans",
    "applyOrphan",
    "discardOrphan",
    // Many at once.
    "bulkCredentials",
    "startImport",
    "readImportTemplate",
    "listJobs",
    "readJob",
    "cancelJob",
    "retryJob",
    "listJobItems",
    "exportJobResults",
    // What credentials refer to.
    "listProxies",
    "createProxy",
    "readProxy",
    "editProxy",
    "deleteProxy",
    "testProxy",
    "listClientIds",
    "createClientId",
    "renameClientId",
    "deleteClientId",
    // How they are kept alive.
    "status",
    "system",
    "stats",
    "listWorkers",
    "queue",
    "listOpenAttempts",
    "listEgresses",
    "readSettings",
];

/// Needs no session.
const ANYBODY: &str = "anybody";
const VIEWER: &str = "viewer";
const ADMINISTRATOR: &str = "administrator";

/// Completes each route's declaration.
pub(super) fn declare(openapi: &mut OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        for (reads, operation) in operations(item) {
            let role = declared(operation).unwrap_or_else(|| {
                let usual = if reads { VIEWER } else { ADMINISTRATOR };
                operation.security = Some(vec![SecurityRequirement::new(SCHEME, [usual])]);
                usual.to_owned()
            });
            let extensions = operation.extensions.get_or_insert_default();
            extensions.insert(EXTENSION.to_owned(), Value::String(role));
            let id = operation.operation_id.as_deref().unwrap_or_default();
            if FOR_KEYS.contains(&id) {
                let scope = if reads { Scope::View } else { Scope::Manage };
                let scope = scope.as_str();
                let security = operation.security.get_or_insert_default();
                let other = |scheme| SecurityRequirement::new(scheme, [scope]);
                security.extend(KEY_SCHEMES.map(other));
            }
        }
    }
}

/// The operations of a path, and whether each only reads.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let reading = [&mut item.get, &mut item.head, &mut item.options];
    let writing = [
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ];
    let reading = reading
        .into_iter()
        .flatten()
        .map(|operation| (true, operation));
    reading.chain(
        writing
            .into_iter()
            .flatten()
            .map(|operation| (false, operation)),
    )
}

/// What the annotation says; `None`: nothing. The name of another scheme stands for itself.
fn declared(operation: &Operation) -> Option<String> {
    let requirements = operation.security.as_ref()?;
    let requirements = serde_json::to_value(requirements).unwrap_or_default();
    let first = requirements.get(0).and_then(Value::as_object);
    let Some((scheme, scopes)) = first.and_then(|first| first.iter().next()) else {
        return Some(ANYBODY.to_owned());
    };
    if scheme != SCHEME {
        return Some(scheme.clone());
    }
    scopes.get(0).and_then(Value::as_str).map(str::to_owned)
}
