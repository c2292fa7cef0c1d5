//! What one row of a file says, in whichever form it is written.

use rt_manage_shared::{
    clock::Millis,
    db::credentials::Identity,
    openai::{self, Claims},
    vault::Secret,
};

use super::{clean, rows::weight, shape::foreign};
use crate::credentials::{Arrival, Past, Told};

/// One row of a file.
#[derive(Debug, Clone)]
pub struct Row {
    /// The line that it begins on, from 1; of its own file, where there are several.
    pub line: usize,
    /// The file inside a ZIP.
    pub source: Option<std::sync::Arc<str>>,
    /// What it says.
    pub said: Said,
}

impl Row {
    /// About how many bytes it has on its way.
    pub(super) fn weight(&self) -> usize {
        const REASON: usize = 200;
        match &self.said {
            Said::Entry(entry) => weight(entry),
            Said::Repeats(_) | Said::Invalid(_) => REASON,
        }
    }
}

/// What a row says. Reasons are for people, and never repeat what stands in the row.
#[derive(Debug, Clone)]
pub enum Said {
    /// A credential.
    Entry(Box<Arrival>),
    /// The same as an earlier row, for this reason.
    Repeats(String),
    /// Nothing that can be taken in, for this reason.
    Invalid(String),
}

impl From<Result<Arrival, String>> for Said {
    fn from(read: Result<Arrival, String>) -> Self {
        match read {
            Ok(entry) => Self::Entry(Box::new(entry)),
            Err(reason) => Self::Invalid(reason),
        }
    }
}

/// A credential as it is found in a file: texts, not checked yet.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) refresh_token: String,
    pub(super) access_token: Option<String>,
    pub(super) id_token: Option<String>,
    pub(super) expires_at: Option<Millis>,
    pub(super) biz_id: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) proxy_name: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) memo: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) plan: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) past: Past,
}

impl Draft {
    /// Checks the tokens, and reads what they tell.
    pub(super) fn finish(self) -> Result<Arrival, String> {
        let token = clean::token(&self.refresh_token);
        if let Some(reason) = foreign(&token) {
            return Err(reason.to_owned());
        }
        let refresh_token = openai::validate(&token).map_err(|error| error.to_string())?;
        let secret = |text: Option<String>| {
            let text = clean::token(&text.unwrap_or_default());
            (!text.is_empty()).then(|| Secret::new(text))
        };
        let access_token = secret(self.access_token);
        let access = access_token.as_ref().map(Claims::read).unwrap_or_default();
        let person = secret(self.id_token);
        let person = person.as_ref().map(Claims::read).unwrap_or_default();
        let (exp, client_id) = (access.exp, access.client().or_else(|| person.client()));
        let claims = access.or(person);
        let identity = Identity {
            email: claims.email.or(told(self.email)),
            name: claims.name.or(told(self.name)),
            account_id: claims.account_id.or(told(self.account_id)),
            user_id: claims.user_id.or(told(self.user_id)),
            plan: claims.plan_type.or(told(self.plan)),
        };
        let access_expires_at = exp.map(Millis::from_seconds).or(self.expires_at);
        Ok(Arrival {
            refresh_token,
            told: Told {
                identity,
                client_id,
                access_expires_at: access_expires_at.filter(|_| access_token.is_some()),
            },
            access_token,
            biz_id: self.biz_id,
            client_id: self.client_id,
            proxy: self.proxy.map(Secret::new),
            proxy_name: self.proxy_name,
            tag: self.tag,
            memo: self.memo,
            enabled: self.enabled,
            past: self.past,
        })
    }
}

/// Longest text about a person that is kept: as of claims.
const MAX_TOLD_BYTES: usize = 512;

/// Display data that can be kept: what is absurd is not told.
fn told(text: Option<String>) -> Option<String> {
    text.filter(|text| {
        !text.is_empty() && text.len() <= MAX_TOLD_BYTES && !text.chars().any(char::is_control)
    })
}
