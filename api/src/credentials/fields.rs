//! Checks of what people give us, all of it before anything is written, so that one answer names every fault.

use rt_manage_shared::{
    db::{Db, Tx, credentials::Profile, proxies},
    id::{CredentialId, ProxyId},
    model::credential::{
        DEFAULT_EGRESS, MAX_TAG_CHARS, check_biz_id, check_client_id, check_label, check_memo,
        egress_of_named,
    },
    openai::{self, ProxyUrl},
    vault::{Place, Secret, Vault, VaultError},
};

use super::CredentialError;
use crate::error::FieldError;

/// Longest access token that is accepted from outside; real ones have 1 to 4 KiB.
pub const MAX_ACCESS_TOKEN_BYTES: usize = 16 * 1024;

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<FieldError>);

impl Checks {
    pub(crate) fn done(self) -> Result<(), CredentialError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(CredentialError::Invalid(self.0))
        }
    }

    pub(crate) fn fail(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError::new(field, message));
    }

    /// Notes an error; gives the value otherwise.
    fn take<T, E: ToString>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result
            .map_err(|error| self.fail(field, error.to_string()))
            .ok()
    }

    pub(crate) fn biz_id(&mut self, text: &str) {
        self.take("biz_id", check_biz_id(text));
    }

    pub(crate) fn client_id(&mut self, text: &str) {
        self.take("client_id", check_client_id(text));
    }

    pub(crate) fn tag(&mut self, text: &str) {
        self.take("tag", check_label(text, MAX_TAG_CHARS));
    }

    pub(crate) fn label(&mut self, field: &str, text: &str, max: usize) {
        self.take(field, check_label(text, max));
    }

    pub(crate) fn memo(&mut self, text: &str) {
        self.take("memo", check_memo(text));
    }

    pub(crate) fn refresh_token(&mut self, token: &Secret) {
        self.take("refresh_token", openai::validate(token.expose()));
    }

    pub(crate) fn access_token(&mut self, token: &Secret) {
        let text = token.expose();
        if text.is_empty()
            || text.len() > MAX_ACCESS_TOKEN_BYTES
            || !text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            self.fail("access_token", "is not a token; paste it alone and whole");
        }
    }

    pub(crate) fn one_proxy(&mut self) {
        self.fail("proxy_id", "cannot stand beside `proxy`; give one of them");
    }

    pub(crate) fn proxy(&mut self, url: &Secret) -> Option<ProxyUrl> {
        self.take("proxy", ProxyUrl::parse(url.expose()))
    }
}

/// The columns that a proxy fills.
#[derive(Debug, Clone, Default)]
pub(super) struct ProxyColumns {
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) egress: String,
    pub(super) label: String,
}

impl ProxyColumns {
    pub(super) fn new(
        vault: &Vault,
        id: CredentialId,
        proxy: Option<ProxyUrl>,
    ) -> Result<Self, VaultError> {
        let Some(proxy) = proxy else {
            let default = || DEFAULT_EGRESS.to_owned();
            return Ok(Self {
                sealed: None,
                egress: default(),
                label: default(),
            });
        };
        let row = id.to_string();
        let place = Place {
            table: "credentials",
            row: &row,
            column: "proxy",
        };
        let egress = openai::Egress::Proxy(proxy.clone());
        Ok(Self {
            // The normal form: what the worker reads back is exactly what was checked here.
            sealed: Some(vault.seal_secret(place, proxy.expose())?),
            egress: egress.key().as_str().to_owned(),
            label: proxy.shown().to_owned(),
        })
    }
}

impl ProxyColumns {
    /// Those of a credential that refers to a named proxy, which stays as it is until the transaction ends.
    pub(super) async fn named(tx: &mut Tx, id: ProxyId) -> Result<Self, CredentialError> {
        let found = if proxies::hold(tx, id).await? {
            proxies::by_id(tx, id).await?
        } else {
            None
        };
        let found = found.ok_or_else(Self::unknown)?;
        Ok(Self {
            sealed: None,
            egress: egress_of_named(id),
            label: found.egress_label,
        })
    }

    /// There is no proxy of that name.
    pub(super) fn unknown() -> CredentialError {
        let error = FieldError::new("proxy_id", "names no proxy that there is");
        CredentialError::Invalid(vec![error])
    }

    pub(super) fn put(self, profile: &mut Profile) {
        profile.proxy = self.sealed;
        profile.egress = self.egress;
        profile.egress_label = self.label;
    }
}

/// Checks that there is such a named proxy, before anything is done that refers to it.
pub(crate) async fn check_named_proxy(db: &Db, id: ProxyId) -> Result<(), CredentialError> {
    match proxies::by_id(&mut &*db, id).await? {
        Some(_) => Ok(()),
        None => Err(ProxyColumns::unknown()),
    }
}

/// Seals a token of a grant.
pub(super) fn seal_token(
    vault: &Vault,
    id: CredentialId,
    column: &'static str,
    token: &Secret,
) -> Result<Vec<u8>, VaultError> {
    let row = id.to_string();
    vault.seal_secret(
        Place {
            table: "grants",
            row: &row,
            column,
        },
        token,
    )
}
