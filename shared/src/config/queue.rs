//! Section `queue`: how jobs reach worker processes.

use url::Url;

use super::check::Findings;
use super::keys::{Key, key};
use crate::vault::Secret;

/// Section `queue`.
#[derive(Clone, Debug, Default)]
pub struct QueueConfig {
    /// The Redis that carries jobs to worker processes (the address may hold a password). Without
    /// one, the API process hosts a worker itself.
    pub url: Option<Secret>,
}

pub(super) const KEYS: &[Key] = &[key!(
    queue.url,
    "Redis (redis:// or rediss://) that carries jobs; unset, the API process hosts the worker."
)];

impl QueueConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        let fits = |url: &Url| {
            matches!(url.scheme(), "redis" | "rediss")
                && url.host_str().is_some_and(|h| !h.is_empty())
        };
        if let Some(url) = &self.url
            && !Url::parse(url.expose()).is_ok_and(|url| fits(&url))
        {
            findings.error(
                &["queue.url"],
                "must be redis:// or rediss:// with a host, such as redis://127.0.0.1:6379/0; a \
                 password in it must be percent-encoded",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let queue = load_yaml("queue:\n  url: rediss://:p%40ss@redis.internal:6380/1\n")
            .config
            .queue;
        let url = queue.url.expect("set");
        assert_eq!(url.expose(), "rediss://:p%40ss@redis.internal:6380/1");
    }

    #[test]
    fn nothing_and_an_empty_text_mean_embedded() {
        for yaml in ["", "queue:\n", "queue:\n  url:\n", "queue:\n  url: ''\n"] {
            assert!(load_yaml(yaml).config.queue.url.is_none(), "{yaml}");
        }
    }

    #[test]
    fn impossible_values_are_not_repeated() {
        for url in [
            "http://canary",
            "redis://",
            "canary",
            "redis://:canary@",
            "redis:canary",
        ] {
            let found = problems(&format!("queue:\n  url: '{url}'\n"));
            assert!(!found.contains("canary"), "{found}");
        }
    }
}
