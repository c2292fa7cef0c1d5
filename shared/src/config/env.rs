//! The environment layer: `RTM_<SECTION>__<KEY>`, and `…_FILE` for secrets.

use std::ffi::OsString;
use std::path::Path;

use super::error::{ConfigError, Problem, ProblemKind};
use super::file;
use super::keys::{self, ENV_PREFIX};
use super::load::{self, Entry};
use super::source::Source;
use super::suggest;
use super::value::Raw;

/// What turns a secret's variable into the name of a file that holds it.
const FILE_SUFFIX: &str = "_FILE";

/// Variables that begin like ours and are read elsewhere: by the console's build, by tests.
const READ_ELSEWHERE: &[&str] = &["RTM_CONSOLE", "RTM_TEST_"];

/// What the environment says.
#[derive(Default)]
pub(super) struct Environment {
    pub(super) entries: Vec<Entry>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<String>,
}

pub(super) fn read(variables: &[(String, String)]) -> Environment {
    let mut environment = Environment::default();
    let ours = |name: &str| {
        name.starts_with(ENV_PREFIX) && !READ_ELSEWHERE.iter().any(|start| name.starts_with(start))
    };
    for (name, text) in variables.iter().filter(|(name, _)| ours(name)) {
        environment.variable(name, text);
    }
    environment
}

/// The variables of the process that are ours; an `RTM_` one that is not UTF-8 is an error, since
/// a secret with a replaced character would only fail later and without a reason.
pub(super) fn of_process(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let mut ours = Vec::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(ENV_PREFIX)) else {
            continue;
        };
        let value = value.into_string().map_err(|_| Problem {
            kind: ProblemKind::WrongType,
            key: None,
            source: Some(Source::Environment {
                name: name.to_owned(),
            }),
            message: "is not UTF-8 text".to_owned(),
            keys: Vec::new(),
        })?;
        ours.push((name.to_owned(), value));
    }
    Ok(ours)
}

impl Environment {
    fn variable(&mut self, name: &str, text: &str) {
        if let Some(path) = keys::path_of_env(name) {
            self.entry(path, name, load::typed(path, text));
        } else if let Some(path) = secret_in_file(name) {
            match file::read(Path::new(text)) {
                Ok(secret) => {
                    let line = secret.strip_suffix('\n').unwrap_or(&secret);
                    let line = line.strip_suffix('\r').unwrap_or(line);
                    self.entry(path, name, Raw::text(line));
                }
                Err(what) => {
                    let message = format!("the file that it names {what}");
                    self.problem(ProblemKind::File, Some(path), name, message);
                }
            }
        } else if name.contains("__") {
            self.problem(
                ProblemKind::UnknownKey,
                None,
                name,
                suggest::unknown_variable(name),
            );
        } else if let Some(meant) = with_one_underscore(name) {
            self.warnings.push(format!(
                "environment variable {name}: has no effect; did you mean {meant}?"
            ));
        }
    }

    fn entry(&mut self, path: &str, name: &str, raw: Raw) {
        let place = Source::Environment {
            name: name.to_owned(),
        };
        let written = path.to_owned();
        self.entries.push(Entry {
            written,
            raw,
            key_place: place.clone(),
            place,
        });
    }

    fn problem(&mut self, kind: ProblemKind, key: Option<&str>, name: &str, message: String) {
        let source = Some(Source::Environment {
            name: name.to_owned(),
        });
        self.problems.push(Problem {
            kind,
            key: key.map(str::to_owned),
            source,
            message,
            keys: Vec::new(),
        });
    }
}

/// The secret key whose value is in the file that this variable names.
fn secret_in_file(name: &str) -> Option<&'static str> {
    let path = keys::path_of_env(name.strip_suffix(FILE_SUFFIX)?)?;
    keys::find(path).filter(|key| key.is_secret()).map(|_| path)
}

/// `RTM_SERVER_PORT` is what everybody writes first.
fn with_one_underscore(name: &str) -> Option<String> {
    keys::keys()
        .map(keys::Key::env_name)
        .find(|real| real.replace("__", "_") == name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn only_our_variables_are_taken_and_must_be_text() {
        let pair = |name: &[u8], value: &[u8]| {
            (
                OsString::from_vec(name.to_vec()),
                OsString::from_vec(value.to_vec()),
            )
        };
        let fine = [
            pair(b"\xff", b"x"),
            pair(b"PATH", b"\xff"),
            pair(b"RTM_CONFIG", b"x"),
        ];
        let ours = of_process(fine.into_iter()).expect("fine");
        assert_eq!(ours, [("RTM_CONFIG".to_owned(), "x".to_owned())]);

        let broken = [pair(b"RTM_AUTH__PASSWORD", b"canary\xff")];
        let error = of_process(broken.into_iter())
            .expect_err("not text")
            .to_string();
        assert!(
            error.contains("environment variable RTM_AUTH__PASSWORD: is not UTF-8"),
            "{error}"
        );
        assert!(!error.contains("canary"));
    }
}
