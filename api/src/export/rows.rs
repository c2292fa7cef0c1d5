//! [`Row`]: a credential with its secrets opened, as all forms write it.

use std::collections::HashMap;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db,
        credentials::{Credential, WithTokens},
        proxies,
    },
    id::{CredentialId, ProxyId},
    vault::{Place, Secret, Vault},
};

use super::ExportError;

/// The columns of our own forms, in their order. An import of them gives the same credentials again.
pub const COLUMNS: [&str; 19] = [
    "biz_id",
    "email",
    "name",
    "plan",
    "account_id",
    "user_id",
    "client_id",
    "proxy",
    "proxy_name",
    "tag",
    "memo",
    "enabled",
    "refresh_token",
    "access_token",
    "expires_at",
    "state",
    "last_code",
    "refreshed_at",
    "created_at",
];

/// A credential with its secrets.
pub(super) struct Row {
    pub(super) credential: Credential,
    pub(super) refresh_token: Secret,
    pub(super) access_token: Option<Secret>,
    /// Its own proxy, or the named one that it refers to, with user and password.
    pub(super) proxy: Option<Secret>,
    /// Name of the named one.
    pub(super) proxy_name: Option<String>,
}

impl Row {
    /// The values of [`COLUMNS`].
    pub(super) fn values(&self) -> [Option<String>; 19] {
        let (profile, identity, grant) = (
            &self.credential.profile,
            &self.credential.identity,
            &self.credential.grant,
        );
        let secret = |secret: &Secret| secret.expose().to_owned();
        [
            Some(profile.biz_id.clone()),
            identity.email.clone(),
            identity.name.clone(),
            identity.plan.clone(),
            identity.account_id.clone(),
            identity.user_id.clone(),
            Some(profile.client_id.clone()),
            self.proxy.as_ref().map(secret),
            self.proxy_name.clone(),
            Some(profile.tag.clone()),
            Some(profile.memo.clone()),
            Some(profile.enabled.to_string()),
            Some(secret(&self.refresh_token)),
            self.access_token.as_ref().map(secret),
            grant.at_expires_at.map(exact),
            Some(grant.state.name().as_str().to_owned()),
            grant.last_code.clone(),
            grant.refreshed_at.map(exact),
            Some(exact(self.credential.created_at)),
        ]
    }

    /// When its tokens came last, in other programs' words.
    pub(super) fn last_refresh(&self) -> Option<String> {
        let grant = &self.credential.grant;
        grant.refreshed_at.or(grant.at_issued_at).map(exact)
    }

    /// An access token for where other programs want an id token, which is not kept here: they read the same claims from it.
    pub(super) fn access_token(&self) -> &str {
        self.access_token.as_ref().map_or("", Secret::expose)
    }
}

/// RFC 3339 with its milliseconds: what comes back is the same number.
pub(super) fn exact(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| at.to_rfc3339(), |time| time.to_string())
}

/// Opens what is sealed.
pub(super) struct Opener {
    vault: Vault,
    named: HashMap<ProxyId, (String, Secret)>,
}

impl Opener {
    pub(super) async fn new(db: &Db, vault: &Vault) -> Result<Self, ExportError> {
        let mut named = HashMap::new();
        for entry in proxies::all(&mut &*db).await? {
            let row = entry.id.to_string();
            let place = Place {
                table: "proxies",
                row: &row,
                column: "url",
            };
            let url = vault.open_secret(place, &entry.url);
            named.insert(entry.id, (entry.name, url.map_err(ExportError::Named)?));
        }
        Ok(Self {
            vault: vault.clone(),
            named,
        })
    }

    pub(super) fn open(&self, found: Vec<WithTokens>) -> Result<Vec<Row>, ExportError> {
        found.into_iter().map(|one| self.one(one)).collect()
    }

    fn one(&self, found: WithTokens) -> Result<Row, ExportError> {
        let WithTokens {
            credential,
            rt,
            access_token,
        } = found;
        let id = credential.id;
        let access_token =
            access_token.map(|sealed| self.secret(id, "grants", "access_token", &sealed));
        let named = credential.profile.proxy_id();
        let named = named.and_then(|id| self.named.get(&id));
        let own = credential.profile.proxy.as_deref();
        let own = own.map(|sealed| self.secret(id, "credentials", "proxy", sealed));
        Ok(Row {
            refresh_token: self.secret(id, "grants", "rt", &rt)?,
            access_token: access_token.transpose()?,
            proxy: match named {
                Some((_, url)) => Some(url.clone()),
                None => own.transpose()?,
            },
            proxy_name: named.map(|(name, _)| name.clone()),
            credential,
        })
    }

    fn secret(
        &self,
        id: CredentialId,
        table: &'static str,
        column: &'static str,
        sealed: &[u8],
    ) -> Result<Secret, ExportError> {
        let row = id.to_string();
        let place = Place {
            table,
            row: &row,
            column,
        };
        let opened = self.vault.open_secret(place, sealed);
        opened.map_err(|error| ExportError::Sealed(id, error))
    }
}
