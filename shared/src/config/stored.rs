//! What the console saved: values of the keys that every process follows while it runs, between the file and the
//! environment. They are read and checked like those of a file.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::{ConfigError, Problem};
use super::keys;
use super::load::{Entry, Loaded};
use super::source::Source;
use super::value::Raw;

/// What the console saved: dotted keys and their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored(pub BTreeMap<String, Value>);

/// A saved value that does not fit the rest of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The key.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// A configuration with what was saved, as far as it fits.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// The configuration.
    pub loaded: Loaded,
    /// What does not fit, and is as if it had not been saved.
    pub ignored: Vec<Ignored>,
}

impl Stored {
    /// Reads a document: an object of keys and values. `None`: it is none.
    pub fn parse(document: &str) -> Option<Self> {
        serde_json::from_str(document).ok().map(Self)
    }
}

impl Loaded {
    /// The same with what the console saved. Everything that does not fit is told, not only the first of it.
    pub fn with_stored(&self, stored: &Stored) -> Result<Self, ConfigError> {
        let entries: Vec<_> = stored.0.iter().map(entry).collect();
        self.laid_over(&entries)
    }

    /// The same with as much of what the console saved as fits. File and environment may have changed since it was
    /// saved, and tokens must stay alive all the same.
    pub fn adopt(&self, stored: &Stored) -> Adopted {
        let mut kept = stored.clone();
        let mut ignored = Vec::new();
        kept.0.retain(|key, _| {
            let known = keys::find(key).is_some_and(keys::Key::is_live);
            if !known {
                ignored.push(Ignored {
                    key: key.clone(),
                    reason: "is not a setting that can be saved".to_owned(),
                });
            }
            known
        });
        loop {
            let error = match self.with_stored(&kept) {
                Ok(loaded) => return Adopted { loaded, ignored },
                Err(error) => error,
            };
            let blamed = error.problems.iter().find_map(|problem| {
                let key = saved_of(problem, &kept)?;
                Some((key.to_owned(), problem.message.clone()))
            });
            let Some((key, reason)) = blamed else {
                // What is left does not depend on what was saved.
                return Adopted {
                    loaded: self.clone(),
                    ignored,
                };
            };
            kept.0.remove(&key);
            ignored.push(Ignored { key, reason });
        }
    }
}

/// The first saved key that a problem is about.
fn saved_of(problem: &Problem, stored: &Stored) -> Option<&'static str> {
    let mut keys = problem.keys.iter().copied();
    keys.find(|key| stored.0.contains_key(*key))
}

fn entry((key, value): (&String, &Value)) -> Entry {
    Entry {
        written: key.clone(),
        raw: Raw::from(value),
        place: Source::Database,
        key_place: Source::Database,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::tests::load_yaml;
    use crate::config::{Shape, keys};

    fn stored(pairs: &[(&str, Value)]) -> Stored {
        let pair = |(key, value): &(&str, Value)| ((*key).to_owned(), value.clone());
        Stored(pairs.iter().map(pair).collect())
    }

    #[test]
    fn saved_values_stand_over_the_file() {
        let loaded = load_yaml("refresh: {lead_seconds: 600, interval_days: 7}");
        let saved = stored(&[
            ("refresh.lead_seconds", json!(1200)),
            ("refresh.interval_days", json!("")),
            ("refresh.probe_delays_seconds", json!([1, 2])),
            ("refresh.in_doubt_policy", json!("manual")),
            ("refresh.auto", json!(false)),
        ]);
        let adopted = loaded.with_stored(&saved).unwrap();
        let refresh = &adopted.config.refresh;
        assert_eq!((refresh.lead_seconds, refresh.interval_days), (1200, None));
        assert_eq!(refresh.probe_delays_seconds, [1, 2]);
        assert!(!refresh.auto);
        assert_eq!(adopted.source("refresh.lead_seconds"), Source::Database);
        // Taken away again, the file counts.
        let back = adopted.with_stored(&Stored::default()).unwrap();
        assert_eq!(back.config.refresh.lead_seconds, 600);
    }

    #[test]
    fn every_contradiction_names_the_keys_that_it_is_about() {
        let saved = stored(&[
            ("openai.request_timeout_seconds", json!(300)),
            ("refresh.lane_depth", json!("many")),
        ]);
        let error = load_yaml("{}").with_stored(&saved).unwrap_err();
        let about = |key: &str| {
            let found = error.problems.iter().find(|one| one.keys.contains(&key));
            found.map(|problem| problem.message.clone())
        };
        assert!(about("refresh.lane_depth").unwrap().contains("`many`"));
        let drain = about("openai.request_timeout_seconds").unwrap();
        assert!(drain.contains("at least"), "{drain}");
    }

    #[test]
    fn what_does_not_fit_is_ignored_and_told() {
        let saved = stored(&[
            ("openai.request_timeout_seconds", json!(300)),
            ("refresh.lead_seconds", json!(1200)),
            ("refresh.coalesce_seconds", json!("x")),
            ("server.port", json!(1)),
        ]);
        let Adopted { loaded, ignored } = load_yaml("{}").adopt(&saved);
        let mut names: Vec<_> = ignored.iter().map(|one| one.key.as_str()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "openai.request_timeout_seconds",
                "refresh.coalesce_seconds",
                "server.port"
            ]
        );
        assert_eq!(loaded.config.refresh.lead_seconds, 1200);
        assert_eq!(loaded.config.openai.request_timeout_seconds, 30);
    }

    #[test]
    fn every_live_key_tells_its_form() {
        let live: Vec<_> = keys().filter(|key| key.is_live()).collect();
        assert!(live.len() > 15);
        for key in live {
            assert!(!key.is_secret(), "{}", key.path());
            match key.shape() {
                Shape::Integer => {
                    let (least, most) = key.range().unwrap_or_else(|| panic!("{}", key.path()));
                    assert!(least < most);
                }
                Shape::Choice(words) => {
                    let default = key.json(&crate::config::Config::default());
                    assert!(words.contains(&default.as_str().unwrap()), "{}", key.path());
                }
                Shape::Boolean | Shape::Integers | Shape::Text => {}
            }
        }
    }
}
