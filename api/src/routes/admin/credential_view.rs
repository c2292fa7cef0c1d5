//! A credential as the admin API shows it. No field of this ever holds a secret.

use rt_manage_shared::{
    clock::Millis,
    db::{DbError, attempts, credentials::Credential},
    id::{AttemptId, CredentialId, ProxyId},
    model::{
        finding::About,
        grant::{HeldReason, ProbeTime, RefreshTime, State, StateName},
        schedule::SchedulePolicy,
    },
    openai::Claims,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{error::Problem, state::App};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CredentialView {
    #[schema(value_type = String)]
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
    /// Key of its egress; `default` follows the configuration.
    egress: String,
    /// The named proxy that it refers to.
    #[schema(value_type = Option<String>)]
    proxy_id: Option<ProxyId>,
    tag: String,
    memo: String,
    enabled: bool,
    state: StateName,
    /// What has to change before a held credential can be refreshed.
    state_reason: Option<HeldReason>,
    /// The open attempt.
    #[schema(value_type = Option<String>)]
    attempt_id: Option<AttemptId>,
    /// Code of the last failure since the last success.
    last_code: Option<String>,
    doubt: Option<DoubtView>,
    /// What an operator has to know of it, and can do; `null`: nothing.
    finding: Option<About>,
    failures: u32,
    access_token: AccessTokenView,
    #[schema(format = DateTime)]
    next_refresh_at: Option<String>,
    /// Why then, or why not.
    next_refresh_because: RefreshTime,
    #[schema(format = DateTime)]
    refreshed_at: Option<String>,
    /// The first digits: enough for a person to compare two of them.
    refresh_token_fingerprint: String,
    revision: i64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it was deleted.
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DoubtView {
    #[schema(format = DateTime)]
    since: String,
    /// Probes made, and how many there are at most.
    probes: u32,
    allowed: u32,
    /// When the next one comes, and why then.
    #[schema(format = DateTime)]
    next_probe_at: Option<String>,
    next_probe_because: ProbeTime,
    /// The attempt that left it in doubt, where the history knows it.
    #[schema(value_type = Option<String>)]
    attempt_id: Option<AttemptId>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AccessTokenView {
    present: bool,
    #[schema(format = DateTime)]
    issued_at: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Seconds from now; 0 once it has ended.
    expires_in: Option<u64>,
}

/// What an access token says about whose it is, unverified; never the token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClaimsView {
    plan: Option<String>,
    account_id: Option<String>,
    user_id: Option<String>,
    email: Option<String>,
    name: Option<String>,
    client_id: Option<String>,
    scopes: Vec<String>,
    organization_ids: Vec<String>,
    #[schema(format = DateTime)]
    issued_at: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl From<Claims> for ClaimsView {
    fn from(claims: Claims) -> Self {
        let time = |at: Option<i64>| at.map(|at| Millis::from_seconds(at).to_rfc3339());
        Self {
            plan: claims.plan_type,
            account_id: claims.account_id,
            user_id: claims.user_id,
            email: claims.email,
            name: claims.name,
            client_id: claims.client_id,
            scopes: claims.scopes,
            organization_ids: claims.organization_ids,
            issued_at: time(claims.iat),
            expires_at: time(claims.exp),
        }
    }
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
            deleted_at,
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
        let because = grant.refresh_time_reason(profile.enabled, policy, now);
        Self {
            id,
            biz_id: profile.biz_id,
            email: identity.email,
            name: identity.name,
            plan: identity.plan,
            account_id: identity.account_id,
            user_id: identity.user_id,
            client_id: profile.client_id,
            egress: profile.egress,
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
                State::Held(reason) => Some(reason),
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
            next_refresh_because: because,
            refreshed_at: time(grant.refreshed_at),
            refresh_token_fingerprint: grant.rt_fp.short().to_owned(),
            revision,
            created_at: created_at.to_rfc3339(),
            updated_at: updated_at.to_rfc3339(),
            deleted_at: time(deleted_at),
        }
    }
}
