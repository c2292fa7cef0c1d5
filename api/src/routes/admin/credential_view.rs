//! A credential as the admin API shows it. No field of this ever holds a secret.

use rt_manage_shared::{
    clock::Millis,
    db::{DbError, attempts, credentials::Credential},
    id::{AttemptId, CredentialId, ProxyId},
    model::{
        finding::About,
        grant::{ProbeTime, State, StateName},
        schedule::SchedulePolicy,
    },
};
use serde::Serialize;

use crate::{error::Problem, state::App};

#[derive(Debug, Serialize)]
pub(super) struct CredentialView {
    id: CredentialId,
    biz_id: String,
    email: Option<String>,
    name: Option<String>,
    plan: Option<String>,
    account_id: Option<String>,
    user_id: Option<String>,
    client_id: String,
    /// Scheme, host and port of its own or its named proxy; `null` where it follows the configuration.
    proxy: Option<String>,
    /// The named proxy that it refers to.
    proxy_id: Option<ProxyId>,
    tag: String,
    memo: String,
    enabled: bool,
    state: StateName,
    /// What has to change before a held credential can be refreshed.
    state_reason: Option<&'static str>,
    /// The open attempt.
    attempt_id: Option<AttemptId>,
    /// Code of the last failure since the last success.
    last_code: Option<String>,
    doubt: Option<DoubtView>,
    /// What an operator has to know of it, and can do; `null`: nothing.
    finding: Option<About>,
    failures: u32,
    access_token: AccessTokenView,
    next_refresh_at: Option<String>,
    refreshed_at: Option<String>,
    /// The first digits: enough for a person to compare two of them.
    refresh_token_fingerprint: String,
    revision: i64,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize)]
struct DoubtView {
    since: String,
    /// Probes made, and how many there are at most.
    probes: u32,
    allowed: u32,
    /// When the next one comes, and why then.
    next_probe_at: Option<String>,
    next_probe_because: ProbeTime,
    /// The attempt that left it in doubt, where the history knows it.
    attempt_id: Option<AttemptId>,
}

#[derive(Debug, Serialize)]
struct AccessTokenView {
    present: bool,
    issued_at: Option<String>,
    expires_at: Option<String>,
    /// Seconds from now; 0 once it has ended.
    expires_in: Option<u64>,
}

/// Credentials as they are shown. Where doubts come from is asked once for all of them.
pub(super) async fn of(app: &App, found: Vec<Credential>) -> Result<Vec<CredentialView>, DbError> {
    let doubtful = found.iter().filter(|one| one.grant.doubt.is_some());
    let tokens: Vec<_> = doubtful.map(|one| one.grant.rt_fp.clone()).collect();
    let causes = attempts::doubt_causes(&mut &app.db, &tokens).await?;
    let now = app.clock.now();
    let settings = app.settings.current();
    let shown = found.into_iter().map(|one| {
        let cause = causes.get(&one.grant.rt_fp).copied();
        // The entry may have another address by now than when the credential was edited.
        let named = settings.named(&one.profile.egress);
        let named = named.map(|proxy| proxy.label.clone());
        CredentialView::new(one, named, now, &settings.policy, cause)
    });
    Ok(shown.collect())
}

/// A credential as it is shown.
pub(super) async fn of_one(app: &App, found: Credential) -> Result<CredentialView, Problem> {
    let shown = of(app, vec![found]).await?;
    shown.into_iter().next().ok_or_else(Problem::internal)
}

impl CredentialView {
    fn new(
        credential: Credential,
        named: Option<String>,
        now: Millis,
        policy: &SchedulePolicy,
        cause: Option<AttemptId>,
    ) -> Self {
        let Credential {
            id,
            profile,
            identity,
            grant,
            revision,
            created_at,
            updated_at,
        } = credential;
        let time = |at: Option<Millis>| at.map(Millis::to_rfc3339);
        let probe = grant.probe_time_reason(profile.enabled, policy);
        let doubt = grant.doubt.zip(probe).map(|(doubt, because)| DoubtView {
            since: doubt.since.to_rfc3339(),
            probes: doubt.probes,
            allowed: policy.max_probes(),
            next_probe_at: time(grant.next_refresh_at),
            next_probe_because: because,
            attempt_id: cause,
        });
        let proxy_id = profile.proxy_id();
        let finding = About::credential(&grant, probe);
        Self {
            id,
            biz_id: profile.biz_id,
            email: identity.email,
            name: identity.name,
            plan: identity.plan,
            account_id: identity.account_id,
            user_id: identity.user_id,
            client_id: profile.client_id,
            proxy_id,
            proxy: match proxy_id {
                Some(_) => Some(named.unwrap_or(profile.egress_label)),
                None => profile.proxy.is_some().then_some(profile.egress_label),
            },
            tag: profile.tag,
            memo: profile.memo,
            enabled: profile.enabled,
            state: grant.state.name(),
            state_reason: match grant.state {
                State::Held(reason) => Some(reason.as_str()),
                _ => None,
            },
            attempt_id: grant.state.attempt(),
            last_code: grant.last_code,
            doubt,
            finding,
            failures: grant.failures,
            access_token: AccessTokenView {
                present: grant.at_expires_at.is_some(),
                issued_at: time(grant.at_issued_at),
                expires_at: time(grant.at_expires_at),
                expires_in: grant.at_expires_at.map(|end| end.since(now).as_secs()),
            },
            next_refresh_at: time(grant.next_refresh_at),
            refreshed_at: time(grant.refreshed_at),
            refresh_token_fingerprint: grant.rt_fp.short().to_owned(),
            revision,
            created_at: created_at.to_rfc3339(),
            updated_at: updated_at.to_rfc3339(),
        }
    }
}
