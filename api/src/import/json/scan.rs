//! Finds where JSON values begin and end without building them: a file of 64 MiB is read a credential at a time, and one that is
//! broken costs its own row.

/// Where the value ends that begins with the bracket at the beginning of `text`; `None` where it never does.
pub(in crate::import) fn end(text: &str) -> Option<usize> {
    let mut scan = Scan::default();
    for (at, byte) in text.bytes().enumerate() {
        scan.step(byte);
        if scan.depth == 0 && !scan.string {
            return Some(at + 1);
        }
    }
    None
}

/// The parts of an array or object between its commas, each with where it begins in `text`.
pub(super) fn parts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let inner = text
        .get(1..text.len().saturating_sub(1))
        .unwrap_or_default();
    let mut begin = 0;
    let mut is_over = false;
    let parts = std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let rest = inner.get(begin..).unwrap_or_default();
        let mut scan = Scan::default();
        let comma = rest.bytes().position(|byte| {
            scan.step(byte);
            byte == b',' && scan.depth == 0 && !scan.string
        });
        let part = rest.get(..comma.unwrap_or(rest.len())).unwrap_or_default();
        let at = begin + 1 + (part.len() - part.trim_start().len());
        match comma {
            Some(comma) => begin += comma + 1,
            None => is_over = true,
        }
        Some((at, part.trim()))
    });
    parts.filter(|(_, part)| !part.is_empty())
}

/// The members of an object, each with where its value begins in `text`.
pub(super) fn members(text: &str) -> impl Iterator<Item = (&str, usize, &str)> {
    parts(text).filter_map(|(at, part)| {
        let mut scan = Scan::default();
        let colon = part.bytes().position(|byte| {
            scan.step(byte);
            byte == b':' && !scan.string
        })?;
        let (name, value) = (part.get(..colon)?, part.get(colon + 1..)?);
        let at = at + colon + 1 + (value.len() - value.trim_start().len());
        Some((name.trim().trim_matches('"'), at, value.trim()))
    })
}

#[derive(Debug, Default)]
struct Scan {
    depth: usize,
    string: bool,
    escaped: bool,
}

impl Scan {
    const fn step(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.string => self.escaped = true,
            b'"' => self.string = !self.string,
            _ if self.string => {}
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn brackets_in_texts_do_not_count() {
        let text = r#"{"a": "}\"]", "b": [1, {"c": 2}]} rest"#;
        let at = end(text).unwrap();
        assert_eq!(&text[at..], " rest");
        let found: Vec<_> = members(&text[..at]).collect();
        assert_eq!(
            found,
            [("a", 6, r#""}\"]""#), ("b", 19, r#"[1, {"c": 2}]"#)]
        );
        let found: Vec<_> = parts("[1, [2, 3] ,]").collect();
        assert_eq!(found, [(1, "1"), (4, "[2, 3]")]);
        assert_eq!((end("[1"), end("[\"]")), (None, None));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Value::from),
            "[a\"\\\\{}\\[\\],:é]{0,6}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-z\"]{0,3}", inner), 0..4)
                    .prop_map(|all| Value::Object(all.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_are_cut_where_they_end(value in json(), behind in "[\\]}, a]{0,5}") {
            let text = serde_json::to_string_pretty(&value).unwrap();
            let whole = format!("{text}{behind}");
            if text.starts_with(['[', '{']) {
                prop_assert_eq!(end(&whole), Some(text.len()));
            }
            if let Value::Array(elements) = &value {
                let found: Vec<Value> = parts(&text).map(|(at, part)| {
                    assert!(text[at..].starts_with(part));
                    serde_json::from_str(part).unwrap()
                }).collect();
                prop_assert_eq!(&found, elements);
            }
            if let Value::Object(members_of) = &value {
                let found = members(&text).map(|(_, _, part)| serde_json::from_str::<Value>(part).unwrap());
                prop_assert_eq!(found.collect::<Vec<_>>(), members_of.values().cloned().collect::<Vec<_>>());
            }
        }

        #[test]
        fn any_text_is_cut(text in "[\\[{\"\\\\:, \\]}aé]{0,40}") {
            let _ = end(&text);
            for (at, part) in parts(&text) {
                prop_assert!(text[at..].starts_with(part));
            }
            let _ = members(&text).count();
        }
    }
}
