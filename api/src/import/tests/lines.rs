//! Lines without a header.

use super::{jwt, only, refused, rows, said};
use crate::import::{FormError, parse};

#[test]
fn plain_lines_are_cleaned_and_numbered() {
    let text = "\u{feff}# tokens\r\n\r\n rt.1.a \r\n\"rt.1.b\"\n\u{200b}rt.1\u{200b}.c\u{feff}\n  # note\n'rt.1.d'\n“rt.1.e”";
    let expected = [
        (3, "rt.1.a"),
        (4, "rt.1.b"),
        (5, "rt.1.c"),
        (7, "rt.1.d"),
        (8, "rt.1.e"),
    ];
    assert_eq!(
        said(text),
        expected.map(|(line, token)| (line, Ok(token.to_owned())))
    );
    assert_eq!(said("rt.1.a\rrt.1.b").len(), 2);
    assert_eq!(said(" \n\n# nothing\n"), []);
}

#[test]
fn what_is_no_refresh_token_is_refused_by_name() {
    for (line, reason) in [
        ("M.C525_BAY.0.U.-canary", "Outlook"),
        ("sk-ant-ort01-canary", "Anthropic"),
        ("1//0canary", "Google"),
        ("ghr_canary", "GitHub"),
        ("sk-proj-canary", "API key"),
        ("app_canary", "client id"),
        ("canary@example.com", "e-mail"),
        ("https://example.com/canary", "URL"),
        (jwt(2_000_000_000).as_str(), "access token"),
        ("eyJhbGciOiJkaXIifQ..canary.canary.canary", "session token"),
        ("rt.1.canary rt.1.canary", "several fields"),
        ("rt.1.canary,rt.1.canary2", "more than one refresh token"),
        ("rt.1.canary----rt.1.canary2", "more than one refresh token"),
        ("user----secret-canary", "no field"),
        (
            "a@example.com----pw-canary----M.C525_BAY.0.U.-canary",
            "Outlook",
        ),
        ("a@example.com|pw-canary|sk-ant-ort01-canary", "Anthropic"),
        (
            "user----rt.1.canary----secret-canary",
            "behind the refresh token",
        ),
        ("user----rt.1.canary x", "space"),
        ("rt.1.cänary", "no token has"),
        (&"x".repeat(4097), "longer than 4096"),
    ] {
        let text = format!("rt.1.good\n{line}\nrt.1.good2");
        let lines = said(&text);
        let error = lines[1].1.as_ref().unwrap_err();
        assert!(error.contains(reason), "{error}");
        assert!(lines[0].1.is_ok() && lines[2].1.is_ok());
    }
    assert!(said("rt.1.a----b")[0].1.is_ok());
}

#[test]
fn fields_are_recognised_by_their_shape() {
    let access = jwt(2_000_000_000);
    let one = only("user 1----rt.1.a");
    assert_eq!(
        (one.biz_id.as_deref(), one.refresh_token.expose()),
        (Some("user 1"), "rt.1.a")
    );
    // Where there is nothing else, the address is the name, too.
    let one = only("a@example.com|rt.1.a");
    assert_eq!(one.biz_id.as_deref(), Some("a@example.com"));
    assert_eq!(one.told.identity.email.as_deref(), Some("a@example.com"));
    let line = format!(
        "b@example.com----password-canary----socks5://u:canary@h:1----rt.1.a----{access}----app_x"
    );
    let one = only(&line);
    assert_eq!((one.biz_id.as_deref(), one.memo.as_deref()), (None, None));
    // What the token says about itself counts more.
    assert_eq!(one.told.identity.email.as_deref(), Some("a@example.com"));
    assert_eq!(one.client_id.as_deref(), Some("app_x"));
    assert_eq!(
        one.proxy.as_ref().unwrap().expose(),
        "socks5://u:canary@h:1"
    );
    assert_eq!(one.access_token.as_ref().unwrap().expose(), access);
    assert!(!format!("{one:?}").contains("canary"), "{one:?}");
    // Another form than the present one: only where it is long enough to be no password.
    let long = "x".repeat(40);
    assert_eq!(only(&format!("u\tpw\t{long}")).refresh_token.expose(), long);
    assert!(refused("u,pw,shortcanary").contains("no field"));
    assert_eq!(only("u----rt.1.a----").refresh_token.expose(), "rt.1.a");
}

#[test]
fn the_same_credential_twice_is_one() {
    let seat = jwt(2_000_000_000);
    let text = format!(
        "rt.1.a\nrt.1.b\nrt.1.a\nx----rt.1.c\nx----rt.1.d\nrt.1.e----{seat}\nm|rt.1.f|{seat}\nn|rt.1.g|{seat}\n"
    );
    let found = said(&text);
    let repeats: Vec<_> = found
        .iter()
        .filter_map(|(line, said)| Some((*line, said.as_ref().err()?.as_str())))
        .collect();
    assert_eq!(
        repeats,
        [
            (3, "repeats: line 1 has the same refresh token"),
            (
                5,
                "repeats: line 4 has another refresh token for the same biz_id"
            ),
            (
                8,
                "repeats: line 7 has another refresh token of the same person in the same workspace"
            ),
        ]
    );
}

#[test]
fn a_file_that_is_no_text_is_refused_whole() {
    assert_eq!(parse(&[0xff, 0xfe, b'r']).unwrap_err(), FormError::Encoding);
    assert!(rows(b"").is_empty());
    let many = "x\n".repeat(200_001);
    assert_eq!(parse(many.as_bytes()).unwrap_err(), FormError::TooMany);
}
