//! Asking for a bulk operation.

use std::collections::HashMap;

use rt_manage_shared::{
    db::{
        credentials,
        job_items::{self, Item},
        jobs::Job,
        repeat_while_busy,
    },
    id::{CredentialId, JobId},
    model::{
        audit::{Action, Actor, Deed},
        job::JobKind,
    },
    vault::Secret,
};

use super::{BulkAction, Chosen, Spec};
use crate::{
    credentials::{CredentialError, Credentials, Selection, selection},
    error::FieldError,
    jobs::{Jobs, JobsError, NewJob, Opened, Opening, Request},
};

/// Credentials whose names are read, and whose items are written, at once.
const STEP: usize = 500;
/// Most canaries: beyond, it is the job.
const MOST_CANARIES: u32 = 1000;

/// A wish for a bulk operation.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Which credentials.
    pub selection: Selection,
    /// What.
    pub action: BulkAction,
    /// The URL of the proxy, where the action gives one.
    pub proxy: Option<Secret>,
    /// The request, where the client gave it a key.
    pub request: Option<Request>,
}

impl Wish {
    /// Checks all of it before anything is written.
    async fn check(&self, credentials: &Credentials) -> Result<(), CredentialError> {
        let now = credentials.clock.now();
        let since = selection::restorable_since(&credentials.settings, now);
        let mut errors = self.selection.check(since);
        if let BulkAction::Refresh { canary: Some(n) } = self.action
            && !(1..=MOST_CANARIES).contains(&n)
        {
            let message = format!("must be from 1 to {MOST_CANARIES}, or null");
            errors.push(FieldError::new("action.canary", message));
        }
        if let Some(edit) = self.action.edit(self.proxy.clone()) {
            match credentials.check_edit(&edit).await {
                Err(CredentialError::Invalid(faults)) => {
                    errors.extend(faults.into_iter().map(|fault| FieldError {
                        field: format!("action.{}", fault.field),
                        ..fault
                    }));
                }
                other => other?,
            }
        }
        if let BulkAction::Proxy {
            proxy_id: Some(_), ..
        } = self.action
            && self.proxy.is_some()
        {
            let message = "cannot stand beside `proxy`; give one of them";
            errors.push(FieldError::new("action.proxy_id", message));
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(CredentialError::Invalid(errors))
        }
    }
}

impl Jobs {
    /// Starts a bulk operation, or finds the job of the same request.
    pub async fn bulk(
        &self,
        credentials: &Credentials,
        wish: &Wish,
        actor: &Actor,
    ) -> Result<Job, JobsError> {
        wish.check(credentials).await?;
        repeat_while_busy(|| self.bulk_once(wish, actor)).await
    }

    async fn bulk_once(&self, wish: &Wish, actor: &Actor) -> Result<Job, JobsError> {
        let (chosen, ids) = match &wish.selection {
            Selection::Filter(filters) => (Chosen::Filter(filters.clone()), None),
            Selection::Ids(ids) => {
                let mut ids = ids.clone();
                // In the order of the rows, as everywhere; each once.
                ids.sort_unstable();
                ids.dedup();
                let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
                (Chosen::Ids(count), Some(ids))
            }
        };
        let spec = Spec {
            selection: chosen,
            action: wish.action.clone(),
        };
        let new = NewJob {
            spec: spec.stored(),
            secret: wish.proxy.clone(),
            total: match spec.selection {
                Chosen::Ids(count) => Some(count),
                Chosen::Filter(_) => None,
            },
            request: wish.request.clone(),
            ..NewJob::new(JobKind::Bulk, wish.action.name())
        };
        let mut opening = match self.open(actor, new).await? {
            Opened::Same(job) => return Ok(*job),
            Opened::New(opening) => opening,
        };
        let Some(ids) = ids else {
            // It is written down when it is known how many they are.
            return opening.start(None).await;
        };
        write_items(&mut opening, &ids).await?;
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        opening.start(Some(deed(&spec, count))).await
    }
}

/// What is written down about a bulk operation, before it does anything.
pub(super) fn deed(spec: &Spec, count: u32) -> Deed {
    let deed = Deed::new(Action::Bulk)
        .with("action", spec.action.name())
        .with("count", count);
    match &spec.selection {
        Chosen::Ids(_) => deed,
        Chosen::Filter(filters) => deed.with("filters", filters.names()),
    }
}

async fn write_items(opening: &mut Opening, ids: &[CredentialId]) -> Result<(), JobsError> {
    let (job, at): (JobId, _) = (opening.id(), opening.created_at());
    let mut position = 0;
    for some in ids.chunks(STEP) {
        let names = credentials::names(opening.tx(), some).await?;
        let mut names: HashMap<_, _> = names.into_iter().collect();
        let items: Vec<_> = some
            .iter()
            .map(|id| {
                position += 1;
                Item {
                    credential: Some(*id),
                    label: names.remove(id),
                    ..Item::new(position)
                }
            })
            .collect();
        job_items::insert(opening.tx(), job, &items, at).await?;
    }
    Ok(())
}
