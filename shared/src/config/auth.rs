//! Section `auth`: who may use the console and the public API.

use super::check::Findings;
use super::keys::{Key, key};
use crate::vault::Secret;

/// The seed's user name.
const USERNAME: &str = "admin";
/// The password that the seed document publishes: known to everybody, so only good for a first log-in.
pub const PLACEHOLDER_PASSWORD: &str = "admin123";
/// The signing secret that the seed document publishes.
pub const PLACEHOLDER_JWT_SECRET: &str = "your-secret-key-change-this-in-production";
/// The API secret that the seed document publishes.
pub const PLACEHOLDER_API_SECRET: &str = "my-api-secret-2025";
/// The seed's value.
const JWT_EXPIRE_HOURS: u32 = 240;
/// The seed's addresses.
const PUBLIC_API_PREFIX: &str = "/public-api";
/// RFC 7518 §3.2: a key for HS256 is at least as long as its hash.
const MIN_JWT_SECRET_BYTES: usize = 32;
/// Ten years: more is a slip, and stays clear of overflows.
const MAX_JWT_EXPIRE_HOURS: u64 = 10 * 365 * 24;
/// First segments of addresses that are ours already.
const TAKEN_SEGMENTS: &[&str] = &["api", "oauth", "health", "livez", "readyz", "metrics"];

/// Section `auth`.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// Who logs in to the console.
    pub username: String,
    /// The first password; once one is set in the console, that one counts.
    pub password: Secret,
    /// What session tokens are signed with.
    pub jwt_secret: Secret,
    /// How long a session lasts.
    pub jwt_expire_hours: u32,
    /// What callers of the public API send as `X-API-Secret`.
    pub api_secret: Secret,
    /// Requests a minute that callers with `api_secret` may make, all together; 0: as many as they like.
    pub api_rate_limit_per_minute: u32,
    /// What the addresses of the public API begin with.
    pub public_api_prefix: String,
    /// Whether the public API hands out refresh tokens.
    pub public_api_return_refresh_token: bool,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            username: USERNAME.to_owned(),
            password: PLACEHOLDER_PASSWORD.into(),
            jwt_secret: PLACEHOLDER_JWT_SECRET.into(),
            jwt_expire_hours: JWT_EXPIRE_HOURS,
            api_secret: PLACEHOLDER_API_SECRET.into(),
            // The seed has none.
            api_rate_limit_per_minute: 0,
            public_api_prefix: PUBLIC_API_PREFIX.to_owned(),
            // A refresh token held in two places is how accounts are lost.
            public_api_return_refresh_token: false,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(auth.username, "User name for the console."),
    key!(
        auth.password,
        "First password for the console; one set there counts from then on."
    ),
    key!(auth.jwt_secret, "Signs session tokens; at least 32 bytes."),
    key!(auth.jwt_expire_hours, "Hours that a session lasts."),
    key!(
        auth.api_secret,
        "What callers of the public API send as X-API-Secret."
    ),
    key!(
        auth.api_rate_limit_per_minute,
        "Requests a minute that callers with api_secret may make in one process; 0: no limit."
    ),
    key!(
        auth.public_api_prefix,
        "What the addresses of the public API begin with."
    ),
    key!(
        auth.public_api_return_refresh_token,
        "Whether the public API hands out refresh tokens; a token held in two places gets lost."
    ),
];

impl AuthConfig {
    /// Whether the password is the published one.
    pub fn password_is_placeholder(&self) -> bool {
        self.password.expose() == PLACEHOLDER_PASSWORD
    }

    /// Whether the signing secret is the published one.
    pub fn jwt_secret_is_placeholder(&self) -> bool {
        self.jwt_secret.expose() == PLACEHOLDER_JWT_SECRET
    }

    /// Whether the API secret is the published one.
    pub fn api_secret_is_placeholder(&self) -> bool {
        self.api_secret.expose() == PLACEHOLDER_API_SECRET
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        findings.not_empty("auth.username", &self.username);
        findings.not_empty("auth.password", self.password.expose());
        findings.not_empty("auth.api_secret", self.api_secret.expose());
        if self.jwt_secret.expose().len() < MIN_JWT_SECRET_BYTES {
            findings.error(
                &["auth.jwt_secret"],
                format!(
                    "must be at least {MIN_JWT_SECRET_BYTES} bytes long; `openssl rand -hex 32` \
                     makes one"
                ),
            );
        }
        findings.range(
            "auth.jwt_expire_hours",
            self.jwt_expire_hours,
            1,
            MAX_JWT_EXPIRE_HOURS,
        );
        if let Some(problem) = prefix_problem(&self.public_api_prefix) {
            findings.error(&["auth.public_api_prefix"], problem);
        }
    }
}

/// What is wrong with the prefix. It becomes a part of routes, so nothing may stand in it that a
/// router or a client would read as anything but text.
fn prefix_problem(prefix: &str) -> Option<String> {
    let Some(path) = prefix.strip_prefix('/') else {
        return Some(PREFIX_FORM.to_owned());
    };
    let segments = path.split('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    let fine = |segment: &str| {
        !segment.is_empty() && segment.chars().all(plain) && !matches!(segment, "." | "..")
    };
    if segments.clone().all(fine) {
        let first = segments.clone().next().unwrap_or_default();
        return TAKEN_SEGMENTS
            .contains(&first)
            .then(|| format!("must not begin with /{first}, which is taken"));
    }
    Some(PREFIX_FORM.to_owned())
}

const PREFIX_FORM: &str = "must be a path such as /public-api: a slash, then letters, digits, `-`, `_`, without a slash \
     at the end";

#[cfg(test)]
mod tests {
    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let auth = load_yaml(
            r#"
auth:
  username: "root"
  password: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"
  jwt_secret: "0123456789abcdef0123456789abcdef"
  jwt_expire_hours: 12
  api_secret: 20250101
  public_api_prefix: "/tokens/v1"
  public_api_return_refresh_token: true
"#,
        )
        .config
        .auth;
        assert_eq!(auth.username, "root");
        assert!(auth.password.expose().starts_with("$argon2id$"));
        assert_eq!(auth.jwt_secret.expose().len(), 32);
        assert_eq!(auth.jwt_expire_hours, 12);
        assert_eq!(auth.api_secret.expose(), "20250101");
        assert_eq!(auth.public_api_prefix, "/tokens/v1");
        assert!(auth.public_api_return_refresh_token);
        assert!(!auth.password_is_placeholder());
        assert!(!auth.jwt_secret_is_placeholder());
        assert!(!auth.api_secret_is_placeholder());
    }

    #[test]
    fn defaults_are_the_placeholders_and_are_accepted() {
        let auth = load_yaml("").config.auth;
        assert!(auth.password_is_placeholder());
        assert!(auth.jwt_secret_is_placeholder());
        assert!(auth.api_secret_is_placeholder());
    }

    #[test]
    fn impossible_values() {
        for yaml in [
            "username: ''",
            "password: ''",
            "password:",
            "api_secret: ' '",
            "jwt_secret: ''",
            "jwt_secret: '0123456789abcdef0123456789abcde'",
            "jwt_expire_hours: 0",
            "public_api_prefix: ''",
            "public_api_prefix: '/'",
            "public_api_prefix: public-api",
            "public_api_prefix: /public-api/",
            "public_api_prefix: /a//b",
            "public_api_prefix: /a/../b",
            "public_api_prefix: '/{id}'",
            "public_api_prefix: '/a b'",
            "public_api_prefix: /api",
            "public_api_prefix: /api/v1",
            "public_api_prefix: /health",
            "public_api_return_refresh_token: perhaps",
        ] {
            problems(&format!("auth:\n  {yaml}\n"));
        }
        load_yaml("auth:\n  public_api_prefix: /apis\n");
    }
}
