//! Section `log`: what is logged, and how. Logs go to the standard streams.

use tracing_subscriber::EnvFilter;

use super::check::Findings;
use super::keys::{Key, key};
use super::value::Choice;

/// What an operator wants to see in ordinary times.
const LEVEL: &str = "info";
/// The levels, in the words of `tracing`.
const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

/// Section `log`.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// A level, or directives such as `info,sqlx=warn`.
    pub level: String,
    /// For people or for machines.
    pub format: LogFormat,
}

/// The forms of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Choice for LogFormat {
    // `console` is the predecessor's word.
    const WORDS: &'static [(&'static str, Self)] = &[
        ("text", Self::Text),
        ("json", Self::Json),
        ("console", Self::Text),
    ];
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: LEVEL.to_owned(),
            format: LogFormat::Text,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(
        log.level,
        "off, error, warn, info, debug, trace, or directives such as info,sqlx=warn."
    ),
    key!(log.format, "text or json."),
];

impl LogConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        // A bare word that is no level is a module's name to the filter: `verbose` would switch
        // everything off but a module that does not exist.
        let level = self.level.trim();
        let word = level.chars().all(char::is_alphanumeric);
        let fits = if word {
            LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level))
        } else {
            EnvFilter::builder().parse(level).is_ok()
        };
        if !fits {
            findings.error(
                &["log.level"],
                format!(
                    "must be one of {}, or directives such as info,sqlx=warn",
                    LEVELS.join(", ")
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let log = load_yaml("log:\n  level: info,sqlx=warn\n  format: json\n")
            .config
            .log;
        assert_eq!(
            (log.level.as_str(), log.format),
            ("info,sqlx=warn", LogFormat::Json)
        );
    }

    #[test]
    fn the_predecessors_section_loads() {
        let loaded = load_yaml(
            r#"
log:
  level: "INFO"
  encoding: "console"
  output_paths: ["stdout", "./logs/app.log"]
  error_output_paths: ["stderr"]
"#,
        );
        assert_eq!(loaded.config.log.format, LogFormat::Text);
        assert_eq!(loaded.warnings.len(), 2, "{:?}", loaded.warnings);
        assert!(loaded.warnings[0].contains("test.yml:5:3: log.output_paths has no effect"));
    }

    #[test]
    fn impossible_values() {
        for yaml in [
            "level: verbose",
            "level: ''",
            "level: 'sqlx=loud'",
            "format: xml",
        ] {
            problems(&format!("log:\n  {yaml}\n"));
        }
    }
}
