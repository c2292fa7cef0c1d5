//! What commands print: tables and colours on a terminal, plain lines for other programs, JSON where it is asked for.

mod progress;
mod table;

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use console::Term;
use serde_json::Value;

pub(super) use self::progress::Progress;

/// Where results go: standard output. Notes and errors go to standard error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
    terminal: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            terminal: Term::stdout().is_term(),
        }
    }

    /// Whether JSON was asked for.
    pub(super) const fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person reads it.
    pub(super) const fn is_terminal(self) -> bool {
        self.terminal
    }

    /// A value as JSON.
    pub(super) fn value(self, value: &Value) -> io::Result<()> {
        let text = if self.terminal {
            serde_json::to_string_pretty(value)
        } else {
            serde_json::to_string(value)
        };
        writeln!(
            io::stdout().lock(),
            "{}",
            harmless_json(&text.unwrap_or_default())
        )
    }

    /// Rows below their names: a table on a terminal; else a line each, its cells separated by tabs.
    pub(super) fn rows(self, names: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.terminal {
            return table::print(&mut out, names, rows);
        }
        for row in rows {
            let cells: Vec<_> = row.iter().map(|cell| harmless(cell)).collect();
            writeln!(out, "{}", cells.join("\t"))?;
        }
        Ok(())
    }

    /// Names and their values, a line each.
    pub(super) fn pairs(self, pairs: &[(String, String)]) -> io::Result<()> {
        let rows: Vec<_> = pairs
            .iter()
            .map(|(name, value)| vec![name.clone(), value.clone()])
            .collect();
        self.rows(&[], &rows)
    }

    /// A line; a person may read a text of several.
    pub(super) fn line(self, text: &str) -> io::Result<()> {
        let shown = if self.terminal {
            harmless_lines(text)
        } else {
            harmless(text)
        };
        writeln!(io::stdout().lock(), "{shown}")
    }

    /// Something beside the result, for a person: on standard error, and not where a program asked for JSON.
    pub(super) fn note(self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
        }
    }
}

/// Something that a person should know, whatever becomes of the command.
pub(super) fn warn(text: &str) {
    let warning = console::style("warning:").yellow().bold().for_stderr();
    let _ = writeln!(io::stderr().lock(), "{warning} {}", harmless(text));
}

/// What a terminal or a reader of lines would take for more than text: names and notes come from outside.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text on one line that does nothing but being read.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same of a text of several lines.
pub(super) fn harmless_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(harmless).collect();
    lines.join("\n")
}

/// JSON escapes most of it by itself.
fn harmless_json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_harmful(c) {
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A value as a cell: nothing for null, texts without quotes.
pub(super) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => {
            let cells: Vec<_> = values.iter().map(|value| cell(Some(value))).collect();
            cells.join(",")
        }
        Some(other) => other.to_string(),
    }
}

/// A row of an object's members, by JSON pointer.
pub(super) fn row(of: &Value, pointers: &[&str]) -> Vec<String> {
    pointers
        .iter()
        .map(|pointer| cell(of.pointer(pointer)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_from_outside_do_nothing() {
        assert_eq!(
            harmless("a\u{1b}[31m\tb\nc\u{202e}d 令牌"),
            "a\\u{1b}[31m\\tb\\nc\\u{202e}d 令牌"
        );
        assert_eq!(harmless_lines("a\nb\u{7}"), "a\nb\\u{7}");
        let json = serde_json::to_string_pretty(&json!({"a": "\u{1b}\u{9b}\u{202e}"})).unwrap();
        let shown = harmless_json(&json);
        assert_eq!(shown, "{\n  \"a\": \"\\u001b\\u009b\\u202e\"\n}");
        assert_eq!(
            serde_json::from_str::<Value>(&shown).unwrap()["a"],
            "\u{1b}\u{9b}\u{202e}"
        );
    }

    #[test]
    fn cells() {
        let of = json!({"a": null, "b": true, "c": ["x", 1], "d": {"e": "f"}});
        assert_eq!(
            row(&of, &["/a", "/b", "/c", "/d/e", "/g"]),
            ["", "true", "x,1", "f", ""]
        );
    }
}
