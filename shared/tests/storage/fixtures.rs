//! Rows that tests begin with.

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db,
        attempts::{Ending, NewAttempt},
        credentials::{self, Identity, Profile},
        grants,
    },
    id::{AttemptId, CredentialId},
    model::{
        attempt::{Cause, Lane, OutcomeKind},
        grant::{Context, Grant},
        schedule::{DoubtPolicy, SchedulePolicy},
    },
    vault::{Fingerprint, Secret},
};

pub(crate) const NOW: Millis = Millis(1_800_000_000_000);

pub(crate) fn policy() -> SchedulePolicy {
    SchedulePolicy {
        lead: Duration::from_hours(24),
        interval: None,
        backoff_base: Duration::from_secs(30),
        backoff_max: Duration::from_hours(1),
        doubt: DoubtPolicy::Immediate,
        probe_delays: vec![Duration::from_mins(10)],
    }
}

pub(crate) fn fp(text: &str) -> Fingerprint {
    Fingerprint::of(&Secret::new(text))
}

pub(crate) fn profile(biz_id: &str) -> Profile {
    Profile {
        biz_id: biz_id.into(),
        client_id: "app_x".into(),
        proxy: None,
        egress: "default".into(),
        egress_label: String::new(),
        tag: "t".into(),
        memo: "m".into(),
        enabled: true,
    }
}

pub(crate) fn context(policy: &SchedulePolicy) -> Context<'_> {
    Context {
        now: NOW,
        enabled: true,
        policy,
        jitter: 0.5,
    }
}

pub(crate) async fn add(db: &Db, biz_id: &str) -> Grant {
    let (id, policy) = (CredentialId::generate(), policy());
    let grant = Grant::new(id, fp(biz_id), None, &context(&policy));
    let mut tx = db.begin().await.unwrap();
    credentials::insert(&mut tx, id, &profile(biz_id), &Identity::default(), NOW)
        .await
        .unwrap();
    grants::insert(&mut tx, &grant, b"sealed".to_vec(), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    grant
}

pub(crate) fn attempt_of(grant: &Grant, id: AttemptId) -> NewAttempt {
    NewAttempt {
        id,
        credential: grant.credential,
        lane: Lane::Bulk,
        cause: Cause::Schedule,
        probe: false,
        egress: "direct".into(),
        rt_fp: grant.rt_fp.clone(),
        request_id: None,
        requested_at: NOW,
    }
}

pub(crate) fn ending(outcome: OutcomeKind) -> Ending {
    Ending {
        outcome,
        code: Some("code".into()),
        detail: None,
        http_status: Some(200),
        duration_ms: Some(5),
        finished_at: NOW,
    }
}
