//! What lines are read as.

use proptest::prelude::*;

use super::jwt;
use crate::{
    import::{FormError, Line, parse},
    routes::admin::tests::CANARY,
};

/// What is read: the line's number, and its tokens or the reason.
fn read(text: &str) -> Vec<(usize, Result<String, String>)> {
    let shown = |line: Line| {
        (
            line.number,
            line.row.map(|row| row.refresh_token.expose().to_owned()),
        )
    };
    parse(text.as_bytes())
        .unwrap()
        .into_iter()
        .map(shown)
        .collect()
}

#[test]
fn plain_lines_are_cleaned_and_numbered() {
    let text = "\u{feff}# tokens\r\n\r\n rt.1.a \r\n\"rt.1.b\"\n\u{200b}rt.1\u{200b}.c\u{feff}\n  # note\n'rt.1.d'\n“rt.1.e”";
    let tokens: Vec<_> = read(text)
        .into_iter()
        .map(|(line, row)| (line, row.unwrap()))
        .collect();
    let expected = [
        (3, "rt.1.a"),
        (4, "rt.1.b"),
        (5, "rt.1.c"),
        (7, "rt.1.d"),
        (8, "rt.1.e"),
    ];
    assert_eq!(
        tokens,
        expected.map(|(line, token)| (line, token.to_owned()))
    );
    assert_eq!(read("rt.1.a\rrt.1.b").len(), 2);
    assert_eq!(read(" \n\n# nothing\n"), []);
}

#[test]
fn what_is_no_refresh_token_is_refused_by_name() {
    for (line, reason) in [
        ("M.C525_BAY.0.U.-canary", "Outlook"),
        ("sk-proj-canary", "API key"),
        (jwt(2_000_000_000).as_str(), "access token"),
        ("user----rt.1.canary", "several fields"),
        ("a@example.com,rt.1.canary", "several fields"),
        ("a|rt.1.canary", "several fields"),
        ("rt.1.canary rt.1.canary", "several fields"),
        ("rt.1.cänary", "no token has"),
        (&"x".repeat(4097), "longer than 4096"),
    ] {
        let text = format!("rt.1.good\n{line}\nrt.1.good2");
        let lines = read(&text);
        let error = lines[1].1.as_ref().unwrap_err();
        assert!(error.contains(reason), "{error}");
        assert!(!error.contains(CANARY), "{error}");
        assert!(lines[0].1.is_ok() && lines[2].1.is_ok());
    }
    assert!(read("rt.1.a----b")[0].1.is_ok());
}

#[test]
fn tables_are_read_by_their_header() {
    let text = "# export\n\nbiz_id, Refresh_Token ,\"tag\",enabled,memo,proxy\n\
                one,rt.1.a,t,true,\"two\nlines, \"\"quoted\"\"\",http://p\n\
                ,,,,,\n\
                # comment\n\
                two, rt.1.b ,,NO,,\n\
                three,rt.1.c\n";
    let lines = parse(text.as_bytes()).unwrap();
    let rows: Vec<_> = lines
        .into_iter()
        .map(|line| (line.number, line.row.unwrap()))
        .collect();
    let numbers: Vec<_> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [4, 8, 9]);
    let one = &rows[0].1;
    assert_eq!(
        (one.biz_id.as_deref(), one.tag.as_str(), one.enabled),
        (Some("one"), "t", true)
    );
    assert_eq!(one.memo, "two\nlines, \"quoted\"");
    assert_eq!(one.proxy.as_ref().unwrap().expose(), "http://p");
    assert_eq!(rows[1].1.refresh_token.expose(), "rt.1.b");
    assert!(!rows[1].1.enabled && rows[1].1.proxy.is_none());
    assert_eq!(rows[2].1.biz_id.as_deref(), Some("three"));
    for delimiter in [';', '\t'] {
        let text = format!("refresh_token{delimiter}biz_id\nrt.1.a{delimiter}x,y\n");
        let lines = parse(text.as_bytes()).unwrap();
        assert_eq!(
            lines[0].row.as_ref().unwrap().biz_id.as_deref(),
            Some("x,y")
        );
    }
}

#[test]
fn a_bad_record_does_not_touch_its_neighbours() {
    let text = "biz_id,refresh_token\n\
                a,rt.1.a\n\
                b,\"rt.1.canary\n\
                c,rt.1.c\n\
                d,rt.1.d,too,many\n\
                e,\n\
                f,rt.1.canary x\n\
                g,rt.1.g\n";
    let lines = read(text);
    let good: Vec<_> = lines
        .iter()
        .filter(|(_, row)| row.is_ok())
        .map(|(line, _)| *line)
        .collect();
    assert_eq!(good, [2, 4, 8]);
    for (line, reason) in [
        (3, "never closed"),
        (5, "has 4 fields"),
        (6, "empty"),
        (7, "space"),
    ] {
        let found = lines.iter().find(|(number, _)| *number == line).unwrap();
        let error = found.1.as_ref().unwrap_err();
        assert!(error.contains(reason) && !error.contains(CANARY), "{error}");
    }
    assert_eq!(
        read("refresh_token,enabled\nrt.1.a,perhaps")[0].1,
        Err("enabled: must be true or false".into())
    );
}

#[test]
fn forms_that_cannot_be_read_are_refused_whole() {
    assert_eq!(parse(&[0xff, 0xfe, b'r']).unwrap_err(), FormError::Encoding);
    assert_eq!(parse(b" \n{\"tokens\": {}}").unwrap_err(), FormError::Json);
    let error = parse(b"\nrefresh_token,proxi\nrt.1.a,x").unwrap_err();
    assert_eq!(
        error,
        FormError::Column {
            line: 2,
            name: "proxi".into()
        }
    );
    let error = parse(b"refresh_token,tag,TAG\n").unwrap_err();
    assert_eq!(
        error,
        FormError::Twice {
            line: 1,
            name: "tag".into()
        }
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_table_is_read(body in "([a,\"\n# ]|rt\\.1\\.x){0,80}") {
        let lines = parse(format!("biz_id,refresh_token\n{body}").as_bytes()).unwrap();
        prop_assert!(lines.is_sorted_by_key(|line| line.number));
        prop_assert!(lines.iter().all(|line| line.number >= 2));
    }
}
