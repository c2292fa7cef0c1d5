//! Section `security`: the sealing keys, and who may read the metrics.

use std::path::PathBuf;

use super::check::Findings;
use super::keys::{Key, key};
use crate::vault::Secret;

/// Inside the folder that the seed's compose file keeps, in a folder of its own (mode 0700).
const KEY_FILE: &str = "./data/keys/master.keys";

/// Section `security`.
#[derive(Clone, Debug)]
pub struct SecurityConfig {
    /// The file with the sealing keys, where the environment gives none.
    pub key_file: PathBuf,
    /// The sealing keys themselves, normally from `RTM_MASTER_KEYS` or `RTM_MASTER_KEYS_FILE`.
    pub master_keys: Option<Secret>,
    /// What a reader of `/metrics` sends as its bearer token.
    pub metrics_token: Option<Secret>,
}

impl Default for SecurityConfig {
    fn default() -> Self {
        Self {
            key_file: KEY_FILE.into(),
            master_keys: None,
            metrics_token: None,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(
        security.key_file,
        "File with the keys that seal tokens in the database."
    ),
    key!(
        security.master_keys env "RTM_MASTER_KEYS",
        "Those keys themselves, instead of the file; better in the environment than in a file."
    ),
    key!(
        security.metrics_token,
        "Bearer token that readers of /metrics must send."
    ),
];

impl SecurityConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        for (key, secret) in [
            ("security.master_keys", &self.master_keys),
            ("security.metrics_token", &self.metrics_token),
        ] {
            if let Some(secret) = secret {
                findings.not_empty(key, secret.expose());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let security = load_yaml(
            r#"
security:
  key_file: "/run/secrets/master.keys"
  master_keys: "k1:AAAA"
  metrics_token: "scrape"
"#,
        )
        .config
        .security;
        assert_eq!(security.key_file, Path::new("/run/secrets/master.keys"));
        assert_eq!(security.master_keys.expect("set").expose(), "k1:AAAA");
        assert_eq!(security.metrics_token.expect("set").expose(), "scrape");
    }

    #[test]
    fn an_empty_secret_is_no_way_to_switch_protection_off() {
        for yaml in ["key_file: ''", "master_keys: ''", "metrics_token: ''"] {
            problems(&format!("security:\n  {yaml}\n"));
        }
    }
}
