//! `POST {prefix}/get-at/batch`: the access tokens of many credentials at once, read with two or three statements.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{Json as Answer, extract::State};
use futures::{StreamExt as _, stream};
use rt_manage_shared::{
    clock::{BootInstant, Millis},
    db::{
        DbError,
        credentials::WithTokens,
        lookup::{self, ByEmail},
    },
    id::CredentialId,
    model::key::Scope,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Json, Name, Named, ambiguous, check_min_ttl},
    caller::Caller,
    document::Failures,
    envelope::{Code, Envelope, Failure, Item},
    renewal::{Renewal, renew, settle},
    tokens::{Usable, why_not},
};
use crate::state::App;

/// Most items: what a client can use at once, read with a few statements.
const MAX_ITEMS: usize = 100;
/// Refreshes of one batch that are waited for at a time: it shall not fill the lane of those who want one.
const PARALLEL: usize = 32;

#[derive(Deserialize, ToSchema)]
#[schema(as = Batch)]
pub(super) struct Batch {
    #[schema(min_items = 1, max_items = 100)]
    items: Vec<Name>,
    /// Seconds that each access token shall be good for at least.
    #[serde(default)]
    #[schema(maximum = 2_592_000)]
    min_ttl: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BatchData)]
pub(super) struct Data {
    /// In the order of the request.
    items: Vec<Item>,
}

/// Hands out many access tokens.
#[utoipa::path(post, path = "/get-at/batch", tag = "public", operation_id = "getAccessTokens",
    security(("apiSecret" = []), ("apiKey" = [])), request_body = Batch, responses((status = 200, body = Envelope<Data>), Failures))]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Json(batch): Json<Batch>,
) -> Result<Answer<Envelope<Data>>, Failure> {
    caller.needs(Scope::GetAt)?;
    check_min_ttl(&caller, batch.min_ttl)?;
    let further = u32::try_from(batch.items.len().saturating_sub(1)).unwrap_or(u32::MAX);
    if !(1..=MAX_ITEMS).contains(&batch.items.len()) {
        let msg = format!("参数错误：items 必须为 1 至 {MAX_ITEMS} 条");
        return Err(caller.failure(Code::InvalidRequest, msg));
    }
    // One is taken already.
    let minute = caller.holder.rate_limit_per_minute.unwrap_or(u32::MAX);
    caller.charge(&app, further.min(minute.saturating_sub(1)))?;
    let names = batch.items.into_iter().map(|name| name.named(&caller));
    let names: Vec<_> = names.collect();
    let found = find(&app, &caller, &names).await;
    let mut found = found.map_err(|error| Failure::database(&error, &caller.request_id))?;
    let renewals = match batch.min_ttl {
        Some(min_ttl) => renew_all(&app, &caller, &mut found, min_ttl).await,
        None => HashMap::new(),
    };
    let now = app.clock.now();
    let item = |named: Result<Named, Failure>| {
        let usable = one(&caller, &named?, &found, batch.min_ttl, &renewals, now)?;
        let data = usable.hand_out(&app, &caller)?.data();
        serde_json::to_value(data)
            .map_err(|_| caller.failure(Code::InternalError, "服务器内部错误"))
    };
    let items = names.into_iter().map(item);
    let items = items.map(|item| item.map_or_else(Failure::into_item, Item::success));
    let data = Data {
        items: items.collect(),
    };
    Ok(Answer(Envelope::success(data, &caller.request_id)))
}

/// What was found of the credentials within reach.
#[derive(Default)]
#[expect(clippy::struct_field_names, reason = "they say how it is found")]
struct FoundAll {
    by_biz_id: HashMap<String, Arc<WithTokens>>,
    by_email: HashMap<String, ByEmail>,
    by_id: HashMap<CredentialId, Arc<WithTokens>>,
}

impl FoundAll {
    fn add(&mut self, found: Vec<WithTokens>, caller: &Caller) {
        for found in found {
            if caller.reaches(&found.credential) {
                let found = Arc::new(found);
                let biz_id = found.credential.profile.biz_id.clone();
                self.by_biz_id.insert(biz_id, Arc::clone(&found));
                self.by_id.insert(found.credential.id, found);
            }
        }
    }

    fn get(&self, caller: &Caller, named: &Named) -> Result<&Arc<WithTokens>, Failure> {
        let found = match named {
            Named::BizId(biz_id) => self.by_biz_id.get(biz_id),
            Named::Email(email) => match self.by_email.get(email) {
                Some(ByEmail::Several) => return Err(ambiguous(caller)),
                Some(ByEmail::One(id)) => self.by_id.get(id),
                None => None,
            },
        };
        found.ok_or_else(|| caller.not_found())
    }
}

async fn find(
    app: &App,
    caller: &Caller,
    names: &[Result<Named, Failure>],
) -> Result<FoundAll, DbError> {
    let db = &mut &app.db;
    let (mut biz_ids, mut emails) = (Vec::new(), Vec::new());
    for named in names.iter().flatten() {
        match named {
            Named::BizId(biz_id) => biz_ids.push(biz_id.as_str()),
            Named::Email(email) => emails.push(email.as_str()),
        }
    }
    let mut all = FoundAll {
        by_email: lookup::by_emails(db, &emails, &caller.holder.reach).await?,
        ..FoundAll::default()
    };
    let ids = all.by_email.values().filter_map(|found| match found {
        ByEmail::One(id) => Some(*id),
        ByEmail::Several => None,
    });
    let ids: Vec<_> = ids.collect();
    all.add(lookup::by_biz_ids(db, &biz_ids).await?, caller);
    all.add(lookup::of_ids(db, &ids, false).await?, caller);
    Ok(all)
}

/// Refreshes those that do not live long enough, and reads them again.
async fn renew_all(
    app: &App,
    caller: &Caller,
    all: &mut FoundAll,
    min_ttl: u32,
) -> HashMap<CredentialId, Renewal> {
    let now = app.clock.now();
    let short = |found: &&Arc<WithTokens>| {
        let usable = Usable::of(found, now);
        found.credential.profile.enabled && !usable.is_some_and(|usable| usable.lives(min_ttl))
    };
    let short: Vec<_> = all.by_id.values().filter(short).cloned().collect();
    let deadline = BootInstant::now() + Duration::from_secs(app.config.server.refresh_wait_seconds);
    let renewals = stream::iter(short).map(|found| async move {
        let left = deadline.since(BootInstant::now());
        let renewal = renew(app, caller, &found, left).await;
        (found.credential.id, renewal)
    });
    let renewals: HashMap<_, _> = renewals.buffer_unordered(PARALLEL).collect().await;
    let ids: Vec<_> = renewals.keys().copied().collect();
    match lookup::of_ids(&mut &app.db, &ids, false).await {
        Ok(newest) => {
            for id in &ids {
                if let Some(old) = all.by_id.remove(id) {
                    all.by_biz_id.remove(&old.credential.profile.biz_id);
                }
            }
            all.add(newest, caller);
        }
        // What was read before is still true of those that are usable.
        Err(error) => {
            tracing::warn!(error = %error, "refreshed credentials could not be read again");
        }
    }
    renewals
}

fn one(
    caller: &Caller,
    named: &Named,
    all: &FoundAll,
    min_ttl: Option<u32>,
    renewals: &HashMap<CredentialId, Renewal>,
    now: Millis,
) -> Result<Usable, Failure> {
    let found = all.get(caller, named)?;
    if !found.credential.profile.enabled {
        return Err(caller.failure(Code::Disabled, "该记录已禁用"));
    }
    let usable = Usable::of(found, now);
    match min_ttl {
        Some(min_ttl) => {
            let renewal = renewals.get(&found.credential.id).cloned();
            settle(caller, usable, found, min_ttl, renewal)
        }
        None => usable.ok_or_else(|| why_not(caller, found)),
    }
}
