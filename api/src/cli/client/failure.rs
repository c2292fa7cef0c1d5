//! Why a command has not done what it was asked to: what to tell, and the exit code that says it to scripts.

use std::{io::Write as _, process::ExitCode};

use axum::http::StatusCode;
use serde_json::{Value, json};

/// How a command ended. `docs/cli.md` lists the numbers; they do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Exit {
    /// Everything was done.
    Done,
    /// Nothing or only a part was done, for another reason than those below.
    Failed,
    /// The command cannot be as it is; the number that clap ends with, too.
    Usage,
    /// There is no such thing.
    NotFound,
    /// Server or database cannot be reached or are not able now; the same command may work later.
    Later,
    /// Who asks is unknown, or may not.
    Refused,
    /// Somebody pressed Ctrl-C. What shells say of such an end.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NotFound => 3,
            Exit::Later => 4,
            Exit::Refused => 5,
            Exit::Interrupted => 130,
        })
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(in crate::cli) struct Failure {
    pub(in crate::cli) exit: Exit,
    message: String,
    /// What to do about it.
    hint: Option<&'static str>,
    /// The server's own words.
    problem: Option<Value>,
}

impl Failure {
    pub(in crate::cli) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
            problem: None,
        }
    }

    /// The command cannot be as it is.
    pub(in crate::cli) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    #[must_use]
    pub(in crate::cli) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Something that has gone wrong with a file.
    pub(in crate::cli) fn file(path: &std::path::Path, what: &str, error: &std::io::Error) -> Self {
        Self::new(Exit::Failed, format!("{what} {}: {error}", path.display()))
    }

    /// What an error answer says.
    pub(in crate::cli) fn told(status: StatusCode, body: &[u8], retry_after: Option<&str>) -> Self {
        let problem: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| problem.get(name).and_then(Value::as_str);
        let code = text("code").unwrap_or_default();
        let detail = text("detail").or_else(|| text("msg"));
        let mut message = match detail {
            Some(detail) if code.is_empty() => detail.to_owned(),
            Some(detail) => format!("{detail} ({code})"),
            None => format!("the server answers {status}; is this the address of rt-manage?"),
        };
        let fields = problem.get("errors").and_then(Value::as_array);
        if let Some(fields) = fields.filter(|fields| fields.len() > 1) {
            let line = |error: &Value| {
                let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
                format!("\n  {}: {}", text("field"), text("message"))
            };
            let lines: String = fields.iter().map(line).collect();
            message = format!("some values cannot be accepted ({code}){lines}");
        }
        if let Some(seconds) = retry_after {
            message = format!("{message}; try again in {seconds} s");
        }
        Self {
            exit: exit_of(status),
            message,
            hint: way_out(code),
            problem: Some(problem).filter(Value::is_object),
        }
    }

    /// The stable code of the server's answer.
    pub(in crate::cli) fn code(&self) -> Option<&str> {
        self.problem.as_ref()?.get("code")?.as_str()
    }

    /// Tells it on standard error: for people, or as one line of JSON.
    pub(in crate::cli) fn tell(&self, as_json: bool) {
        if self.exit == Exit::Done {
            return;
        }
        // Where nobody can be told, the exit code is left.
        let _ = if as_json {
            let error =
                json!({"message": self.message, "hint": self.hint, "problem": self.problem});
            writeln!(std::io::stderr().lock(), "{}", json!({"error": error}))
        } else {
            let error = console::style("error:").red().bold().for_stderr();
            let hint = self.hint.map(|hint| format!("\n{hint}"));
            let shown = crate::cli::output::harmless_lines(&self.message);
            let hint = hint.unwrap_or_default();
            writeln!(std::io::stderr().lock(), "{error} {shown}{hint}")
        };
    }
}

impl From<std::io::Error> for Failure {
    /// Of output. Whoever has closed the pipe has seen enough.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Done, String::new());
        }
        Self::new(
            Exit::Failed,
            format!("the output cannot be written: {error}"),
        )
    }
}

const fn exit_of(status: StatusCode) -> Exit {
    match status.as_u16() {
        400 | 422 => Exit::Usage,
        401 | 403 => Exit::Refused,
        404 => Exit::NotFound,
        429 | 503 | 504 => Exit::Later,
        _ => Exit::Failed,
    }
}

/// What to do about an answer, where the command line has a word for it that the API has not.
fn way_out(code: &str) -> Option<&'static str> {
    Some(match code {
        "unauthorized" => "Log in with --user, or give a key in RTM_KEY or --key-file.",
        "invalid_credentials" => {
            "`rt-manage-api reset-password`, beside the database, sets a new password."
        }
        "password_change_required" => {
            "Set a password of your own first: in the console, or with `rt-manage-api reset-password` beside the database."
        }
        "key_not_allowed" => "Log in with --user instead of a key.",
        "forbidden_scope" => {
            "A key for this is made with `rt-manage-api keys create NAME --scope view` or `--scope manage`."
        }
        "administrator_required" => "Log in as an administrator with --user.",
        "refresh_paused" => "`rt-manage-api resume` lets refreshes start again.",
        "refresh_halted" => {
            "Read docs/reliability.md#halted before `rt-manage-api resume --halted`."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &Value) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        Failure::told(status, body.to_string().as_bytes(), None)
    }

    #[test]
    fn answers_become_exit_codes_and_ways_out() {
        for (status, exit) in [
            (400, Exit::Usage),
            (401, Exit::Refused),
            (403, Exit::Refused),
            (404, Exit::NotFound),
            (409, Exit::Failed),
            (422, Exit::Usage),
            (429, Exit::Later),
            (500, Exit::Failed),
            (503, Exit::Later),
            (504, Exit::Later),
        ] {
            assert_eq!(told(status, &Value::Null).exit, exit, "{status}");
        }
        let failure = told(
            403,
            &json!({"code": "key_not_allowed", "detail": "for people"}),
        );
        assert_eq!(failure.message, "for people (key_not_allowed)");
        assert_eq!(failure.code(), Some("key_not_allowed"));
        assert!(failure.hint.unwrap().contains("--user"));
    }

    #[test]
    fn each_field_has_a_line() {
        let errors =
            json!([{"field": "a.b", "message": "is wrong"}, {"field": "c", "message": "too"}]);
        let failure = told(
            422,
            &json!({"code": "validation_failed", "detail": "x", "errors": errors}),
        );
        assert_eq!(
            failure.message,
            "some values cannot be accepted (validation_failed)\n  a.b: is wrong\n  c: too"
        );
    }

    #[test]
    fn what_is_no_answer_of_ours_is_said_so() {
        let status = StatusCode::BAD_GATEWAY;
        let failure = Failure::told(status, b"<html>nginx</html>", Some("7"));
        assert!(failure.message.contains("502") && failure.message.ends_with("in 7 s"));
        assert!(failure.code().is_none());
    }
}
