//! Showing a secret to a person. It is written down before it is shown.

use rt_manage_shared::{
    db::{audit, grants},
    id::CredentialId,
    model::audit::{Action, Actor, Deed, TargetKind},
    vault::{Place, Secret},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CredentialError, Credentials};

/// Which secret of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The access token.
    AccessToken,
    /// The refresh token.
    RefreshToken,
    /// The proxy's address with its user and password.
    Proxy,
}

impl What {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::Proxy => "proxy",
        }
    }
}

/// A secret that may be shown.
#[derive(Debug)]
pub struct Revealed(pub Secret);

impl Credentials {
    /// Opens a secret for somebody who has just proven who they are. Where it cannot be written down, it is not shown.
    pub async fn reveal(
        &self,
        id: CredentialId,
        what: What,
        actor: &Actor,
    ) -> Result<Revealed, CredentialError> {
        let record = grants::read_one(&mut &self.db, id).await?;
        let record = record.filter(|record| !record.deleted);
        let record = record.ok_or(CredentialError::NotFound)?;
        let (table, column, sealed) = match what {
            What::AccessToken => ("grants", "access_token", record.access_token),
            What::RefreshToken => ("grants", "rt", Some(record.rt)),
            What::Proxy => ("credentials", "proxy", record.proxy),
        };
        let sealed = sealed.ok_or(CredentialError::NothingToReveal)?;
        let row = id.to_string();
        let place = Place {
            table,
            row: &row,
            column,
        };
        let secret = self.vault.open_secret(place, &sealed)?;
        let deed = Deed::new(Action::CredentialReveal)
            .to(TargetKind::Credential, id)
            .with("what", what.as_str());
        audit::record(&mut &self.db, actor, &deed, self.clock.now()).await?;
        tracing::warn!(by = %actor.name, credential = %id, what = what.as_str(), "a secret was shown");
        Ok(Revealed(secret))
    }
}
