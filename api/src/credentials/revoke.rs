//! Revoking a refresh token at the upstream, because an operator says so.

use rt_manage_shared::{
    clock::BootInstant,
    db::{
        audit, credentials,
        credentials::Credential,
        grants,
        grants::{GrantRecord, TokenWrite},
    },
    id::CredentialId,
    model::audit::{Action, Actor, Deed, TargetKind},
    openai::{CallResult, TokenRequest},
    vault::{Place, Secret},
};
use rt_manage_worker::egress::{self, ClientOptions, Clients};
use url::Url;

use super::{CredentialError, Credentials};

/// Where refresh tokens are revoked, on the host of the token endpoint (docs, upstream: "Revocation").
const REVOKE_PATH: &str = "/oauth/revoke";

/// What the upstream said.
#[derive(Debug)]
pub enum Revocation {
    /// It revoked the refresh token, and the credential is dead.
    Revoked(Box<Credential>),
    /// It revoked the refresh token, but the credential moved on in the meantime.
    MovedOn,
    /// It was not asked, or refused; nothing has changed. Why, for people.
    Failed(String),
    /// It may have done it or not; nothing has changed here. Why, for people.
    Unknown(String),
}

impl Revocation {
    const fn outcome(&self) -> &'static str {
        match self {
            Self::Revoked(_) => "revoked",
            Self::MovedOn => "moved_on",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
        }
    }

    fn of(result: &CallResult) -> Option<Self> {
        match result {
            CallResult::NotSent { kind } => {
                Some(Self::Failed(format!("not sent: {}", kind.code())))
            }
            CallResult::NoAnswer { kind } => Some(Self::Unknown(kind.code().to_string())),
            CallResult::Answer(answer) if (200..300).contains(&answer.status) => None,
            CallResult::Answer(answer) => {
                let text = format!("the upstream answered with status {}", answer.status);
                // What a server says of its own faults is no promise that it did nothing.
                let unsure = answer.status >= 500 && answer.status != 503;
                Some(if unsure || answer.status == 408 {
                    Self::Unknown(text)
                } else {
                    Self::Failed(text)
                })
            }
        }
    }
}

impl Credentials {
    /// Has the refresh token revoked, through the credential's own egress. Both the wish and what became of it are
    /// written down.
    pub async fn revoke(
        &self,
        id: CredentialId,
        actor: &Actor,
    ) -> Result<Revocation, CredentialError> {
        let db = &mut &self.db;
        let record = grants::read_one(db, id).await?;
        let record = record.filter(|record| !record.deleted);
        let record = record.ok_or(CredentialError::NotFound)?;
        let revoked = record.grant.revoke().map_err(CredentialError::NoDecision)?;
        let token = self.open_sealed(id, "grants", "rt", &record.rt)?;
        let deed = |outcome: &str| {
            Deed::new(Action::CredentialRevoke)
                .to(TargetKind::Credential, id)
                .with("outcome", outcome)
        };
        audit::record(db, actor, &deed("asked"), self.clock.now()).await?;
        let result = self.call_revoke(id, &record, &token).await?;
        if let Some(other) = Revocation::of(&result) {
            audit::record(db, actor, &deed(other.outcome()), self.clock.now()).await?;
            tracing::warn!(by = %actor.name, credential = %id, outcome = other.outcome(), "a refresh token was not revoked");
            return Ok(other);
        }
        let mut tx = self.db.begin().await?;
        let guard = record.grant.guard();
        let written =
            grants::compare_and_set(&mut tx, &guard, &revoked, TokenWrite::default()).await?;
        let done = match credentials::by_id(&mut tx, id).await? {
            Some(credential) if written => Revocation::Revoked(Box::new(credential)),
            _ => Revocation::MovedOn,
        };
        audit::record(&mut tx, actor, &deed(done.outcome()), self.clock.now()).await?;
        tx.commit().await?;
        tracing::warn!(by = %actor.name, credential = %id, outcome = done.outcome(), "a refresh token was revoked");
        self.changed(id, None);
        Ok(done)
    }

    async fn call_revoke(
        &self,
        id: CredentialId,
        record: &GrantRecord,
        token: &Secret,
    ) -> Result<CallResult, CredentialError> {
        let settings = &self.settings;
        let own = record.proxy.as_ref();
        let own = own.map(|sealed| self.open_sealed(id, "credentials", "proxy", sealed));
        let egress = settings.egress(own.transpose()?.as_ref(), &record.egress);
        let clients = Clients::new(ClientOptions::default());
        let not_sent = |kind| Ok(CallResult::NotSent { kind });
        let client = match egress.map(|egress| clients.get(&egress, settings.connect_timeout)) {
            Ok(Ok(client)) => client,
            Ok(Err(kind)) => return not_sent(kind),
            Err(_) => return not_sent(rt_manage_shared::openai::NotSentKind::Egress),
        };
        let url = revoke_url(&settings.token_url);
        let request = TokenRequest::revocation(&url, &record.client_id, token);
        let send_by = BootInstant::now() + settings.send_budget;
        let deadline = settings.answer_deadline;
        // In a task of its own: a client that goes away must not cut a call that was sent.
        let call = async move { egress::call(&client, request, send_by, deadline).await };
        let called = tokio::spawn(call).await;
        Ok(called.unwrap_or(CallResult::NoAnswer {
            kind: rt_manage_shared::openai::NoAnswerKind::Timeout,
        }))
    }

    fn open_sealed(
        &self,
        id: CredentialId,
        table: &'static str,
        column: &'static str,
        sealed: &[u8],
    ) -> Result<Secret, CredentialError> {
        let row = id.to_string();
        let place = Place {
            table,
            row: &row,
            column,
        };
        Ok(self.vault.open_secret(place, sealed)?)
    }
}

fn revoke_url(token_url: &Url) -> Url {
    let mut url = token_url.clone();
    url.set_path(REVOKE_PATH);
    url.set_query(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revocation_is_on_the_host_of_the_token_endpoint() {
        let token_url = Url::parse("https://auth.openai.com/oauth/token?x=1").unwrap();
        assert_eq!(
            revoke_url(&token_url).as_str(),
            "https://auth.openai.com/oauth/revoke"
        );
    }
}
