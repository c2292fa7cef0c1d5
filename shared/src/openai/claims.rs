//! Display data out of a JWT's payload, unverified (docs, upstream: "Claims worth reading"). Nothing here
//! decides anything about a token's validity, and nothing here can fail: a claim that is missing, of the
//! wrong type or absurd is simply not there.

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::Value;

use crate::vault::Secret;

/// Longest JWT that is looked into; real ones have 1 to 4 KiB.
const MAX_JWT_BYTES: usize = 64 * 1024;
/// Longest text claim that is kept: an e-mail address has at most 254 characters (RFC 5321).
const MAX_TEXT_BYTES: usize = 512;
/// Most entries of a list claim that are kept.
const MAX_LIST: usize = 64;
/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
pub(super) const MAX_EPOCH_SECONDS: i64 = 253_402_300_799;

/// How client ids begin.
const CLIENT_PREFIXES: [&str; 2] = ["app_", "oaiapp_"];

const AUTH: &str = "https://api.openai.com/auth";
const PROFILE: &str = "https://api.openai.com/profile";

/// Base64url as JWTs use it, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a JWT says about its holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Expiry, seconds since the epoch.
    pub exp: Option<i64>,
    /// Time of issue, seconds since the epoch.
    pub iat: Option<i64>,
    /// The client that the token was issued to.
    pub client_id: Option<String>,
    /// Issuer.
    pub iss: Option<String>,
    /// For whom it was issued (`aud`): an id token names its client here.
    pub audience: Vec<String>,
    /// Subject.
    pub sub: Option<String>,
    /// Scopes (`scp`).
    pub scopes: Vec<String>,
    /// E-mail address: top level, or in the profile.
    pub email: Option<String>,
    /// Whether the address was verified.
    pub email_verified: Option<bool>,
    /// Display name: top level, or in the profile.
    pub name: Option<String>,
    /// Workspace. One person's seat is the pair of account and user id.
    pub account_id: Option<String>,
    /// Person.
    pub user_id: Option<String>,
    /// Person within the workspace.
    pub account_user_id: Option<String>,
    /// Plan: free, plus, pro, team … and names that nobody knows yet.
    pub plan_type: Option<String>,
    /// Ids of the organizations that the person belongs to.
    pub organization_ids: Vec<String>,
}

impl Claims {
    /// Reads a JWT; everything is absent where it is none.
    pub fn read(jwt: &Secret) -> Self {
        payload(jwt.expose())
            .map(|payload| Self::from_payload(&payload))
            .unwrap_or_default()
    }

    /// These claims, completed by `other` where they say nothing. The access token names the client and the
    /// plan, the id token the person: read one and complete it by the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let list = |own: Vec<String>, other: Vec<String>| if own.is_empty() { other } else { own };
        Self {
            exp: self.exp.or(other.exp),
            iat: self.iat.or(other.iat),
            client_id: self.client_id.or(other.client_id),
            iss: self.iss.or(other.iss),
            audience: list(self.audience, other.audience),
            sub: self.sub.or(other.sub),
            scopes: list(self.scopes, other.scopes),
            email: self.email.or(other.email),
            email_verified: self.email_verified.or(other.email_verified),
            name: self.name.or(other.name),
            account_id: self.account_id.or(other.account_id),
            user_id: self.user_id.or(other.user_id),
            account_user_id: self.account_user_id.or(other.account_user_id),
            plan_type: self.plan_type.or(other.plan_type),
            organization_ids: list(self.organization_ids, other.organization_ids),
        }
    }

    /// The client that the token was issued to: its `client_id`, else what its audience names as one.
    pub fn client(&self) -> Option<String> {
        let is_client = |name: &&String| {
            CLIENT_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix))
        };
        self.client_id
            .clone()
            .or_else(|| self.audience.iter().find(is_client).cloned())
    }

    fn from_payload(payload: &Value) -> Self {
        let none = Value::Null;
        let auth = payload.get(AUTH).unwrap_or(&none);
        let profile = payload.get(PROFILE).unwrap_or(&none);
        Self {
            exp: seconds(payload, "exp"),
            iat: seconds(payload, "iat"),
            client_id: text(payload, "client_id"),
            iss: text(payload, "iss"),
            audience: audience(payload),
            sub: text(payload, "sub"),
            scopes: scopes(payload),
            email: text(payload, "email").or_else(|| text(profile, "email")),
            email_verified: flag(payload, "email_verified")
                .or_else(|| flag(profile, "email_verified")),
            name: text(payload, "name").or_else(|| text(profile, "name")),
            account_id: text(auth, "chatgpt_account_id"),
            user_id: text(auth, "chatgpt_user_id").or_else(|| text(auth, "user_id")),
            account_user_id: text(auth, "chatgpt_account_user_id"),
            plan_type: text(auth, "chatgpt_plan_type"),
            organization_ids: organization_ids(auth),
        }
    }
}

fn payload(jwt: &str) -> Option<Value> {
    if jwt.len() > MAX_JWT_BYTES {
        return None;
    }
    let part = jwt.split('.').nth(1)?;
    serde_json::from_slice(&BASE64.decode(part).ok()?).ok()
}

fn usable(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= MAX_TEXT_BYTES;
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn text(object: &Value, name: &str) -> Option<String> {
    usable(object.get(name)?.as_str()?)
}

fn flag(object: &Value, name: &str) -> Option<bool> {
    object.get(name)?.as_bool()
}

/// A `NumericDate` (RFC 7519: seconds, perhaps with a fraction) between 1970 and 9999.
fn seconds(object: &Value, name: &str) -> Option<i64> {
    let value = object.get(name)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` saturates, and the range is checked below"
    )]
    let seconds = value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    (1..=MAX_EPOCH_SECONDS)
        .contains(&seconds)
        .then_some(seconds)
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    values.filter_map(usable).take(MAX_LIST).collect()
}

fn scopes(payload: &Value) -> Vec<String> {
    match payload.get("scp").or_else(|| payload.get("scope")) {
        Some(Value::Array(items)) => texts(items.iter().filter_map(Value::as_str)),
        Some(Value::String(text)) => texts(text.split_ascii_whitespace()),
        _ => Vec::new(),
    }
}

fn audience(payload: &Value) -> Vec<String> {
    match payload.get("aud") {
        Some(Value::Array(items)) => texts(items.iter().filter_map(Value::as_str)),
        Some(Value::String(text)) => texts(std::iter::once(text.as_str())),
        _ => Vec::new(),
    }
}

fn organization_ids(auth: &Value) -> Vec<String> {
    let listed = auth.get("organizations").and_then(Value::as_array);
    let listed = listed.into_iter().flatten();
    let single = auth.get("organization_id").and_then(Value::as_str);
    texts(
        listed
            .filter_map(|item| item.get("id").or(Some(item))?.as_str())
            .chain(single),
    )
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    pub(crate) fn jwt(payload: &Value) -> Secret {
        let part = BASE64_URL_SAFE_NO_PAD.encode(payload.to_string());
        Secret::new(format!("eyJhbGciOiJSUzI1NiJ9.{part}.sig"))
    }

    #[test]
    fn every_claim_is_found() {
        let access = Claims::read(&jwt(&json!({
            "iss": "https://auth.openai.com", "client_id": "app_x", "scp": ["openid", "email"], "iat": 1_700_000_000,
            "exp": 1_700_864_000, "sub": "auth0|1",
            AUTH: {"chatgpt_account_id": "acc", "chatgpt_user_id": "user", "chatgpt_account_user_id": "user__acc",
                "chatgpt_plan_type": "prolite", "organizations": [{"id": "org-1", "title": "x"}, {"no": 1}], "organization_id": "org-2"},
            PROFILE: {"email": "a@example.com", "email_verified": true, "name": "A"},
        })));
        assert_eq!(access.exp, Some(1_700_864_000));
        assert_eq!(access.client_id.as_deref(), Some("app_x"));
        assert_eq!(access.email.as_deref(), Some("a@example.com"));
        assert_eq!(access.plan_type.as_deref(), Some("prolite"));
        assert_eq!(access.organization_ids, ["org-1", "org-2"]);
        assert_eq!(access.scopes, ["openid", "email"]);
        let id = Claims::read(&jwt(&json!({"email": "b@example.com", "name": "B"})));
        let both = id.or(access);
        assert_eq!(both.email.as_deref(), Some("b@example.com"));
        assert_eq!(both.account_id.as_deref(), Some("acc"));
    }

    #[test]
    fn a_wrong_type_loses_only_its_own_claim() {
        let claims = Claims::read(&jwt(&json!({
            "exp": "never", "iat": 1_700_000_000.9, "client_id": 5, "email": {"a": 1}, "name": "A",
            "scp": 7, AUTH: ["x"], PROFILE: {"email": "a@example.com"},
        })));
        assert_eq!((claims.exp, claims.iat), (None, Some(1_700_000_000)));
        assert_eq!(claims.email.as_deref(), Some("a@example.com"));
        assert_eq!(claims.name.as_deref(), Some("A"));
        assert_eq!(claims.account_id, None);
    }

    #[test]
    fn an_id_token_names_its_client_as_audience() {
        let client = |payload| Claims::read(&jwt(&payload)).client();
        assert_eq!(
            client(json!({"aud": ["x", "app_a"]})).as_deref(),
            Some("app_a")
        );
        assert_eq!(
            client(json!({"aud": "app_a", "client_id": "app_b"})).as_deref(),
            Some("app_b")
        );
        assert_eq!(
            client(json!({"aud": ["https://api.openai.com/v1", 5]})),
            None
        );
    }

    #[test]
    fn absurd_values_are_absent() {
        for exp in [
            json!(-1),
            json!(0),
            json!(1_700_000_000_000_i64),
            json!(1e300),
            json!(u64::MAX),
        ] {
            assert_eq!(Claims::read(&jwt(&json!({"exp": exp}))).exp, None, "{exp}");
        }
        let claims = Claims::read(&jwt(&json!({"name": "x".repeat(513), "email": "a\nb"})));
        assert_eq!(claims, Claims::default());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,200}", bytes: Vec<u8>) {
            Claims::read(&Secret::new(text));
            let part = BASE64_URL_SAFE_NO_PAD.encode(bytes);
            Claims::read(&Secret::new(format!("a.{part}.b")));
        }
    }
}
