//! Section `queue`: how jobs reach worker processes.

use redis::IntoConnectionInfo as _;
use url::Url;

use super::check::Findings;
use super::keys::{Key, key};
use crate::vault::Secret;

/// Tells our keys from those of other users of the same Redis.
const KEY_PREFIX: &str = "rt-manage";
/// Long enough for a name and a stage; each key in Redis carries it.
const MAX_KEY_PREFIX_CHARS: usize = 64;

/// Section `queue`.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// The Redis that carries jobs to worker processes (the address may hold a password). Without
    /// one, the API process hosts a worker itself.
    pub url: Option<Secret>,
    /// What every key in Redis begins with.
    pub key_prefix: String,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            url: None,
            key_prefix: KEY_PREFIX.to_owned(),
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(
        queue.url,
        "Redis (redis:// or rediss://) that carries jobs; unset, the API process hosts the worker."
    ),
    key!(
        queue.key_prefix,
        "What every key in Redis begins with, so that installations can share one."
    ),
];

impl QueueConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        if let Some(url) = &self.url
            && let Err(what) = check_url(url)
        {
            findings.error(&["queue.url"], what);
        }
        // Braces would choose a Redis cluster's slot, and others mean something to patterns.
        let plain = |c: char| c.is_ascii_alphanumeric() || "_:.-".contains(c);
        let length = self.key_prefix.len();
        if length == 0 || length > MAX_KEY_PREFIX_CHARS || !self.key_prefix.chars().all(plain) {
            findings.error(
                &["queue.key_prefix"],
                format!(
                    "must be 1 to {MAX_KEY_PREFIX_CHARS} letters, digits and any of `_`, `:`, `.`, `-`"
                ),
            );
        }
    }
}

/// What is wrong with the address of Redis; its text is never repeated.
fn check_url(text: &Secret) -> Result<(), &'static str> {
    const FORM: &str = "must be redis:// or rediss:// with a host, such as redis://127.0.0.1:6379/0; a password in it must \
                        be percent-encoded";
    let url = Url::parse(text.expose()).map_err(|_| FORM)?;
    let host = url.host_str().is_some_and(|host| !host.is_empty());
    if !matches!(url.scheme(), "redis" | "rediss") || !host {
        return Err(FORM);
    }
    if url
        .fragment()
        .is_some_and(|part| part.eq_ignore_ascii_case("insecure"))
    {
        return Err(
            "must not end in #insecure: the certificate of a rediss:// server is always verified; a private authority \
             belongs into the system's certificates, and a server without TLS is redis://",
        );
    }
    if url.fragment().is_some() {
        return Err("must not have a part behind `#`; a `#` in a password is written %23");
    }
    let number = url.path().strip_prefix('/').unwrap_or_default();
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let valid = number.is_empty() || (digits && number.parse::<u16>().is_ok());
    if !valid {
        return Err("must name the database by its number, such as redis://127.0.0.1:6379/0");
    }
    let known =
        |(name, value): (_, _)| name == "protocol" && (value == "resp2" || value == "resp3");
    if !url.query_pairs().all(known) || url.query_pairs().count() > 1 {
        return Err("takes nothing behind `?` but protocol=resp2 or protocol=resp3");
    }
    // What else the client does not take, such as 0.0.0.0.
    url.into_connection_info().map(|_| ()).map_err(|_| FORM)
}

#[cfg(test)]
mod tests {
    use redis::IntoConnectionInfo as _;

    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let queue = load_yaml(
            "queue:\n  url: rediss://rt:p%40ss@redis.internal:6380/1?protocol=resp3\n  key_prefix: rt:staging\n",
        )
        .config
        .queue;
        assert_eq!(queue.key_prefix, "rt:staging");
        let url = queue.url.expect("set");
        let redis = url.expose().into_connection_info().expect("usable");
        let redis = redis.redis_settings();
        assert_eq!(
            (redis.username(), redis.password()),
            (Some("rt"), Some("p@ss"))
        );
        assert_eq!(redis.db(), 1);
    }

    #[test]
    fn nothing_and_an_empty_text_mean_embedded() {
        for yaml in ["", "queue:\n", "queue:\n  url:\n", "queue:\n  url: ''\n"] {
            assert!(load_yaml(yaml).config.queue.url.is_none(), "{yaml}");
        }
    }

    #[test]
    fn addresses_that_can_be_used() {
        for url in [
            "redis://h",
            "redis://h/",
            "redis://:p@[::1]:6379/15",
            "rediss://u:p@h:6380/0?protocol=resp2",
        ] {
            load_yaml(&format!("queue:\n  url: '{url}'\n"));
        }
    }

    #[test]
    fn impossible_values_are_not_repeated() {
        for (url, reason) in [
            ("http://canary", "must be redis://"),
            ("redis://", "must be redis://"),
            ("canary", "must be redis://"),
            ("redis://:canary@", "must be redis://"),
            ("redis:canary", "must be redis://"),
            ("unix:///canary", "must be redis://"),
            ("redis://:canary@0.0.0.0", "must be redis://"),
            ("rediss://:canary@h#insecure", "always verified"),
            ("rediss://:canary@h/1#INSECURE", "always verified"),
            ("redis://h/0#canary", "behind `#`"),
            ("redis://:canary@h/tokens", "by its number"),
            ("redis://:canary@h/1/2", "by its number"),
            ("redis://:canary@h/-1", "by its number"),
            ("redis://:canary@h/70000", "by its number"),
            ("redis://h?protocol=canary", "behind `?`"),
            ("redis://h?canary=resp3", "behind `?`"),
            ("redis://h?protocol=resp2&protocol=resp3", "behind `?`"),
        ] {
            let found = problems(&format!("queue:\n  url: '{url}'\n"));
            assert!(found.contains(reason), "{url}: {found}");
            assert!(!found.contains("canary"), "{found}");
        }
    }

    #[test]
    fn impossible_prefixes() {
        let long = "p".repeat(65);
        for prefix in ["", "a b", "{a}", "a*", "é", long.as_str()] {
            problems(&format!("queue:\n  key_prefix: '{prefix}'\n"));
        }
        load_yaml(&format!("queue:\n  key_prefix: '{}'\n", "p".repeat(64)));
    }
}
