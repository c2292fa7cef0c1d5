//! Reads YAML into keys and values that know their place.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, Location, NonFiniteFloatPolicy, Options, Spanned};
use zeroize::Zeroizing;

use super::error::{Problem, ProblemKind};
use super::keys::SECTIONS;
use super::load::Entry;
use super::source::Source;
use super::suggest;
use super::value::Raw;

/// Deepest nesting: ours is 3 (file, section, list). More only serves to exhaust the stack.
const MAX_DEPTH: usize = 16;

/// Most nodes, aliases expanded: some fifty keys with room to spare, and no room for an alias bomb.
const MAX_NODES: usize = 20_000;

/// The content of a file: its values, and what is wrong with its shape.
#[derive(Default)]
pub(super) struct Document {
    pub(super) entries: Vec<Entry>,
    pub(super) problems: Vec<Problem>,
}

/// Reads the text of a configuration file.
pub(super) fn read(text: &str, path: &Path) -> Document {
    let mut walk = Walk {
        text,
        path,
        document: Document::default(),
    };
    match parse(text) {
        Ok(root) => walk.root(root),
        Err(error) => walk.document.problems.push(Problem {
            kind: ProblemKind::Syntax,
            key: None,
            source: Some(walk.place(error.location().unwrap_or(Location::UNKNOWN))),
            message: describe(&error),
            keys: Vec::new(),
        }),
    }
    walk.document
}

/// Reads one value, such as the `[1, 2]` of an environment variable.
pub(super) fn read_value(text: &str) -> Option<Raw> {
    let node = parse(text).ok()?;
    Some(raw(text, node))
}

fn parse(text: &str) -> Result<Spanned<Node>, serde_yaml::Error> {
    serde_yaml::from_str_with_options(text, options())
}

fn options() -> Options {
    serde_yaml::options! {
        // A snippet would print the line, and the line may hold a password.
        with_snippet: false,
        // We report duplicates ourselves: all of them, and with the place of the first.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        budget: serde_yaml::budget! { max_depth: MAX_DEPTH, max_nodes: MAX_NODES },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: MAX_NODES },
    }
}

/// A node of the document. What YAML takes for a number or a boolean is only noted: its meaning
/// depends on the key, so the text is taken from the file later.
enum Node {
    Null,
    Bare,
    Text(Zeroizing<String>),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<Node>, Spanned<Node>)>),
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML node")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Bare)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Bare)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Bare)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Bare)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = access.next_entry()? {
            pairs.push(pair);
        }
        Ok(Node::Map(pairs))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

fn raw(text: &str, node: Spanned<Node>) -> Raw {
    match node.value {
        Node::Null => Raw::Null,
        Node::Bare => Raw::text(slice(text, node.defined)),
        Node::Text(text) => Raw::Text(text),
        Node::List(items) => Raw::List(items.into_iter().map(|item| raw(text, item)).collect()),
        Node::Map(_) => Raw::Mapping,
    }
}

/// The piece of the file that a node was read from.
fn slice(text: &str, location: Location) -> &str {
    let span = location.span();
    let range = span
        .byte_offset()
        .zip(span.byte_len())
        .and_then(|(start, length)| {
            let start = usize::try_from(start).ok()?;
            Some(start..start.checked_add(usize::try_from(length).ok()?)?)
        });
    range
        .and_then(|range| text.get(range))
        .unwrap_or_default()
        .trim()
}

struct Walk<'a> {
    text: &'a str,
    path: &'a Path,
    document: Document,
}

impl Walk<'_> {
    fn root(&mut self, root: Spanned<Node>) {
        let place = self.place(root.referenced);
        match root.value {
            Node::Null => {}
            Node::Map(pairs) => {
                for (name, place, value) in self.named("", pairs) {
                    if SECTIONS.iter().any(|section| section.name == name) {
                        self.section(&name, value);
                    } else {
                        let message = suggest::unknown_section(&name);
                        self.problem(ProblemKind::UnknownKey, &name, place, message);
                    }
                }
            }
            _ => self.document.problems.push(Problem {
                kind: ProblemKind::WrongType,
                key: None,
                source: Some(place),
                message: "expected sections such as `server:`, each with keys below it".to_owned(),
                keys: Vec::new(),
            }),
        }
    }

    fn section(&mut self, section: &str, value: Spanned<Node>) {
        let place = self.place(value.referenced);
        match value.value {
            // A section whose lines are all commented out.
            Node::Null => {}
            Node::Map(pairs) => {
                for (name, key_place, value) in self.named(section, pairs) {
                    let place = self.place(value.referenced);
                    let raw = raw(self.text, value);
                    let written = format!("{section}.{name}");
                    self.document.entries.push(Entry {
                        written,
                        raw,
                        place,
                        key_place,
                    });
                }
            }
            _ => {
                let message = "expected a section: keys on lines below it, indented".to_owned();
                self.problem(ProblemKind::WrongType, section, place, message);
            }
        }
    }

    /// The pairs of a mapping with their names; odd keys and repeated ones become problems.
    fn named(
        &mut self,
        section: &str,
        pairs: Vec<(Spanned<Node>, Spanned<Node>)>,
    ) -> Vec<(String, Source, Spanned<Node>)> {
        let mut first_lines = HashMap::new();
        let mut named = Vec::new();
        for (key, value) in pairs {
            let line = key.referenced.line();
            let place = self.place(key.referenced);
            let Raw::Text(name) = raw(self.text, key) else {
                self.document.problems.push(Problem {
                    kind: ProblemKind::UnknownKey,
                    key: (!section.is_empty()).then(|| section.to_owned()),
                    source: Some(place),
                    message: "a key must be a name".to_owned(),
                    keys: Vec::new(),
                });
                continue;
            };
            let name = name.as_str().to_owned();
            if let Some(first) = first_lines.get(&name) {
                let message = format!("given twice; the first time on line {first}");
                let dotted = if section.is_empty() {
                    name
                } else {
                    format!("{section}.{name}")
                };
                self.problem(ProblemKind::Duplicate, &dotted, place, message);
            } else {
                first_lines.insert(name.clone(), line);
                named.push((name, place, value));
            }
        }
        named
    }

    fn problem(&mut self, kind: ProblemKind, key: &str, place: Source, message: String) {
        self.document
            .problems
            .push(Problem::at(kind, key, place, message));
    }

    fn place(&self, location: Location) -> Source {
        Source::File {
            path: self.path.to_owned(),
            line: location.line(),
            column: location.column(),
        }
    }
}

/// Says what is wrong with the YAML, in words that cannot contain a part of the file: the parser's
/// own messages are constant, but for the one that names a character.
fn describe(error: &serde_yaml::Error) -> String {
    use serde_yaml::Error;
    match error.without_snippet() {
        Error::ExternalMessage { msg, .. } if msg.starts_with("unexpected character") => {
            "this character cannot begin a value; put the value in quotes".to_owned()
        }
        Error::ExternalMessage { msg, .. } => msg.clone(),
        Error::UnknownAnchor { .. } => {
            "`*` refers to an anchor that does not exist; a text that begins with `*` needs quotes"
                .to_owned()
        }
        Error::MultipleDocuments { .. } => {
            "a second document begins here (`---`); one is all there may be".to_owned()
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "nested too deeply, or too much for a configuration file".to_owned()
        }
        Error::InvalidScalar { .. } | Error::InvalidBinaryBase64 { .. } => {
            "the value is not what its tag (`!!…`) says".to_owned()
        }
        Error::AliasError { error, .. } => describe(error),
        _ => "this is not readable as YAML".to_owned(),
    }
}
