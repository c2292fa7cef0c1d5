//! Bodies that are broken somewhere, and what must still be found in them.

use super::answer_body::AnswerBody;

fn refresh_token(body: &[u8]) -> (Option<String>, bool) {
    let body = AnswerBody::read(body);
    let token = body.tokens.refresh_token;
    (token.map(|token| token.expose().to_owned()), body.complete)
}

#[test]
fn faults_elsewhere_do_not_lose_the_token() {
    let found = Some("rt.1.n".to_owned());
    let deep = format!(
        r#"{{"x": {}{}, "refresh_token": "rt.1.n"}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for (body, complete) in [
        (
            br#"{"refresh_token": "rt.1.n", "expires_in": 1}"#.as_slice(),
            true,
        ),
        (b"\xef\xbb\xbf{\"refresh_token\": \"rt.1.n\"}", true),
        (br#"{"refresh_token": "rt.1.n"} <!-- proxy -->"#, true),
        (b"{\"\xff\": \"\xfe\", \"refresh_token\": \"rt.1.n\"}", true),
        (br#"{"x": "\ud800", "refresh_token": "rt.1.n"}"#, true),
        (
            br#"{"refresh_token": "old", "refresh_token": "rt.1.n", "refresh_token": ""}"#,
            true,
        ),
        (
            br#"{"access_token": {"a": [1]}, "refresh_token": "rt.1.n", "id_token": 5}"#,
            true,
        ),
        (
            br#"{"expires_in": 1e999, "id_token": "\ud800", "refresh_token": "rt.1.n"}"#,
            true,
        ),
        (br#"{"refresh_token": "rt.1.n", "id_token": "eyJ"#, false),
        (deep.as_bytes(), true),
    ] {
        let (token, whole) = refresh_token(body);
        assert_eq!((token, whole), (found.clone(), complete));
    }
}

#[test]
fn a_shortened_token_is_no_token() {
    assert_eq!(
        refresh_token(br#"{"refresh_token": "rt.1.n"#),
        (None, false)
    );
    assert_eq!(refresh_token(br#"{"refresh_token": null}"#), (None, true));
    assert_eq!(refresh_token(b""), (None, false));
    assert_eq!(refresh_token(b"[1]"), (None, false));
}

#[test]
fn the_code_is_found_in_each_place() {
    for (body, code) in [
        (
            r#"{"error": {"message": "no", "code": "a"}, "code": "b"}"#,
            Some("a"),
        ),
        (
            r#"{"error": "a", "error_description": "no", "code": "b"}"#,
            Some("a"),
        ),
        (r#"{"error": {}, "code": "a"}"#, Some("a")),
        (r#"{"error": {"code": {"code": "deep"}}}"#, None),
        (r#"{"error": {"code": null}}"#, None),
        (r#"{"error": ["x"], "code": 5}"#, None),
    ] {
        let read = AnswerBody::read(body.as_bytes());
        assert_eq!(read.error_code.as_deref(), code, "{body}");
        assert!(read.complete);
    }
}
