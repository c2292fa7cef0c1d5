//! Whatever comes in, nothing of it comes out but as a credential.

use proptest::prelude::*;

use super::super::{Said, packed, parse, parse_all};

/// Stands in every token of these files.
const PLANTED: &str = "cAnArY0123456789";

/// Pieces of all forms, and what breaks them.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "\n",
        "\r\n",
        ",",
        ";",
        "|",
        "\t",
        "----",
        "\"",
        "'",
        "{",
        "}",
        "[",
        "]",
        ":",
        " ",
        "#",
        "\\",
        "\u{feff}",
        "\u{200b}",
        "refresh_token",
        "biz_id,refresh_token\n",
        "refresh_token;proxy\n",
        "{\"refresh_token\": \"",
        "{\"tokens\": {\"refresh_token\": \"",
        "{\"type\": \"codex\", \"refresh_token\": \"",
        "\"accounts\": [",
        "\"proxies\": [",
        "\"credentials\": {",
        "\"data\": {",
        "null",
        "true",
        "-5",
        "a@example.com",
        "http://",
        "é",
        "M.C5",
        "sk-",
        "eyJ",
        "enabled",
        "expires_at",
        "state",
        "\"}",
        "\"}}",
        "\u{0}",
    ])
    .prop_map(str::to_owned);
    prop_oneof![
        3 => fixed,
        1 => Just(format!("rt.1.{PLANTED}")),
        1 => Just(PLANTED.to_owned()),
        1 => "[a-z]{1,3}".prop_map(|text| format!("rt.1.{text}")),
    ]
}

fn file() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

fn check(bytes: &[u8]) {
    match parse(bytes) {
        Err(error) => assert!(!error.to_string().contains(PLANTED), "{error}"),
        Ok(rows) => {
            for row in &rows {
                if let Said::Invalid(reason) | Said::Repeats(reason) = &row.said {
                    assert!(!reason.contains(PLANTED), "{reason}");
                }
                assert!(row.line >= 1);
            }
            let packed = packed::pack(&rows);
            let again = packed::unpack(&packed).unwrap();
            assert_eq!(format!("{again:?}"), format!("{rows:?}"));
            let tokens = |rows: &[super::Row]| -> Vec<String> {
                let entries = rows.iter().filter_map(|row| match &row.said {
                    Said::Entry(entry) => Some(entry.refresh_token.expose().to_owned()),
                    _ => None,
                });
                entries.collect()
            };
            assert_eq!(tokens(&again), tokens(&rows));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_file_is_read_or_refused_without_a_token(text in file()) {
        check(text.as_bytes());
    }

    #[test]
    fn any_table_is_read(body in "([a,\"\n# ]|rt\\.1\\.x){0,80}") {
        let rows = parse(format!("biz_id,refresh_token\n{body}").as_bytes()).unwrap();
        prop_assert!(rows.is_sorted_by_key(|row| row.line));
        prop_assert!(rows.iter().all(|row| row.line >= 2));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        check(&bytes);
        let zip = [b"PK\x03\x04".as_slice(), &bytes].concat();
        check(&zip);
        let _ = parse_all([(Some("a\n"), bytes.as_slice()), (None, b"rt.1.a")]);
    }
}
