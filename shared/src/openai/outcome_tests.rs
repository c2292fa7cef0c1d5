//! The tables of docs (upstream: "Errors"; architecture: outcomes) as tests, in every shape of error body.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::grant::HeldReason;
use crate::{clock::Millis, vault::Secret};

const NOW: Millis = Millis(1_700_000_000_000);

/// The bodies in which a code was met.
fn shapes(code: &str) -> Vec<String> {
    let upper = code.to_uppercase();
    vec![
        format!(
            r#"{{"error": {{"message": "x", "type": "invalid_request_error", "param": null, "code": "{code}"}}}}"#
        ),
        format!(r#"{{"error": "{code}", "error_description": "token_expired, they say"}}"#),
        format!(r#"{{"code": "{code}", "message": "x"}}"#),
        format!(r#"{{"error": {{}}, "code": "{upper}"}}"#),
    ]
}

/// The bodies that name no code.
const NAMELESS: [&str; 5] = [
    "",
    r#"{"error": {}}"#,
    "<html><body>refresh_token_reused invalid_grant</body></html>",
    r#"{"error": {"message": "Your refresh token was already used", "code": null}}"#,
    "null",
];

fn outcome(status: u16, body: &str) -> Outcome {
    classify(&CallResult::Answer(RawAnswer::new(status, body)), NOW)
}

#[track_caller]
fn assert_code(status: u16, code: &str, expected: &str) {
    for body in shapes(code) {
        let outcome = outcome(status, &body);
        assert_eq!(outcome.name(), expected, "{status} {body}");
        assert_eq!(outcome.code().map(ErrorCode::as_str), Some(code), "{body}");
    }
}

#[test]
fn every_row_of_the_error_table_in_every_shape() {
    for code in [
        "refresh_token_reused",
        "refresh_token_invalidated",
        "refresh_token_expired",
        "token_expired",
        "invalid_refresh_token",
        "app_session_terminated",
        "app_session_expired",
        "invalid_grant",
        "account_deactivated",
        "token_revoked",
        "token_invalidated",
    ] {
        for status in [400, 401, 403, 404, 422] {
            assert_code(status, code, "rejected");
        }
        for status in [425, 429, 503] {
            assert_code(status, code, "transient");
        }
        for status in [302, 408, 500, 502, 504, 520] {
            assert_code(status, code, "ambiguous");
        }
    }
    for status in [400, 401, 403] {
        assert_code(status, "invalid_client", "held");
        assert_code(status, "unauthorized_client", "held");
        assert_code(status, "unsupported_country_region_territory", "held");
    }
    for (status, expected) in [
        (400, "ambiguous"),
        (401, "ambiguous"),
        (403, "transient"),
        (404, "ambiguous"),
        (429, "transient"),
        (500, "ambiguous"),
    ] {
        assert_code(status, "some_new_code", expected);
    }
}

#[test]
fn without_a_code_the_status_decides() {
    for (status, expected) in [
        (200, "ambiguous"),
        (204, "ambiguous"),
        (301, "ambiguous"),
        (307, "ambiguous"),
        (400, "ambiguous"),
        (401, "ambiguous"),
        (403, "transient"),
        (404, "ambiguous"),
        (407, "not_sent"),
        (408, "ambiguous"),
        (418, "ambiguous"),
        (425, "transient"),
        (429, "transient"),
        (500, "ambiguous"),
        (502, "ambiguous"),
        (503, "transient"),
        (504, "ambiguous"),
        (529, "ambiguous"),
    ] {
        for body in NAMELESS {
            assert_eq!(outcome(status, body).name(), expected, "{status} {body}");
        }
    }
}

#[test]
fn held_says_what_must_change() {
    for (code, expected) in [
        ("invalid_client", HeldReason::ClientId),
        ("unsupported_country_region_territory", HeldReason::Region),
    ] {
        let body = format!(r#"{{"error": "{code}"}}"#);
        let Outcome::Held { reason, .. } = outcome(403, &body) else {
            panic!("{code}")
        };
        assert_eq!(reason, expected);
    }
}

#[test]
fn a_challenge_page_is_transient_and_named() {
    let mut answer = RawAnswer::new(403, "<html>").with_content_type(Some("text/html"));
    answer.cf_mitigated = true;
    answer.retry_after = RetryAfter::from_header("7");
    let outcome = classify(&CallResult::Answer(answer), NOW);
    let Outcome::Transient { code, retry_after } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(code.as_str(), "edge_challenge");
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
}

#[test]
fn an_error_that_echoes_the_token_does_not_carry_it() {
    for secret in ["rt.1.aaaa", "eyJabc", "AbCdEfGhIjKlMnOpQrStUvWxYz123456"] {
        for body in shapes(secret) {
            let outcome = outcome(401, &body);
            assert_eq!(outcome.code().map(ErrorCode::as_str), Some("http_401"));
        }
    }
}

#[test]
fn a_success_needs_a_token() {
    for (body, refresh, access) in [
        (
            r#"{"access_token": "a", "refresh_token": "r", "id_token": "i", "token_type": "Bearer", "expires_in": 864000, "scope": "openid", "new": [1]}"#,
            Some("r"),
            Some("a"),
        ),
        (r#"{"access_token": "a"}"#, None, Some("a")),
        (r#"{"refresh_token": "r"}"#, Some("r"), None),
        (
            r#"{"access_token": "a", "refresh_token": ""}"#,
            None,
            Some("a"),
        ),
        (
            r#"{"access_token": 5, "refresh_token": "r", "id_token": "not a jwt", "expires_in": "soon"}"#,
            Some("r"),
            None,
        ),
    ] {
        let Outcome::Rotated(tokens) = outcome(200, body) else {
            panic!("{body}")
        };
        assert_eq!(tokens.refresh_token.as_ref().map(Secret::expose), refresh);
        assert_eq!(tokens.access_token.as_ref().map(Secret::expose), access);
    }
    for body in [
        r#"{"id_token": "i"}"#,
        r#"{"access_token": "", "refresh_token": ""}"#,
        "[]",
    ] {
        assert_eq!(outcome(200, body).name(), "ambiguous", "{body}");
    }
}

#[test]
fn an_odd_successor_is_taken_as_it_is() {
    for token in ["x".repeat(100_000), "a\\u0000\\nb c".to_owned()] {
        let body = format!(r#"{{"refresh_token": "{token}"}}"#);
        assert_eq!(outcome(200, &body).name(), "rotated");
    }
}

#[test]
fn a_cut_answer_counts_from_the_moment_its_refresh_token_is_whole() {
    let whole = br#"{"access_token": "aaa", "refresh_token": "rrr", "id_token": "iii"}"#;
    let seen = whole
        .windows(5)
        .position(|part| part == b"\"rrr\"")
        .unwrap()
        + 5;
    for length in 0..=whole.len() {
        let mut answer = RawAnswer::new(200, &whole[..length]);
        answer.cut = Some(NoAnswerKind::Cut);
        let outcome = classify(&CallResult::Answer(answer), NOW);
        let expected = if length < seen {
            "ambiguous"
        } else {
            "rotated"
        };
        assert_eq!(outcome.name(), expected, "{length}");
    }
}

#[test]
fn a_cut_refusal_is_ambiguous_until_it_is_whole() {
    let whole = br#"{"error": {"code": "refresh_token_reused"}}"#;
    for length in 0..=whole.len() {
        let mut answer = RawAnswer::new(400, &whole[..length]);
        answer.cut = Some(NoAnswerKind::Reset);
        let outcome = classify(&CallResult::Answer(answer), NOW);
        let expected = if length < whole.len() {
            "ambiguous"
        } else {
            "rejected"
        };
        assert_eq!(outcome.name(), expected, "{length}");
    }
}

/// Without a length and without chunks an answer that was cut looks like a whole one. A 403 is harmless only where it
/// names no other code, so the code must not be in the missing part.
#[test]
fn a_refusal_that_ends_too_early_unnoticed_is_not_harmless() {
    let whole = r#"{"error": {"code": "token_revoked"}}"#;
    for length in 1..whole.len() - 1 {
        assert_eq!(
            outcome(403, &whole[..length]).name(),
            "ambiguous",
            "{length}"
        );
    }
    assert_eq!(outcome(403, whole).name(), "rejected");
    for page in ["", "<html><bo", "null"] {
        assert_eq!(outcome(403, page).name(), "transient", "{page}");
    }
}

#[test]
fn our_own_codes_are_in_the_charset() {
    let not_sent = [
        NotSentKind::Egress,
        NotSentKind::Dns,
        NotSentKind::Connect,
        NotSentKind::ConnectTimeout,
        NotSentKind::Tls,
        NotSentKind::Proxy,
        NotSentKind::ProxyAuth,
        NotSentKind::Late,
        NotSentKind::EarlyAnswer,
        NotSentKind::Request,
        NotSentKind::Journal,
        NotSentKind::ContactLost,
    ];
    let no_answer = [
        NoAnswerKind::Timeout,
        NoAnswerKind::Reset,
        NoAnswerKind::Cut,
        NoAnswerKind::TooLarge,
        NoAnswerKind::Protocol,
    ];
    let codes = not_sent.map(NotSentKind::code).into_iter();
    for code in codes.chain(no_answer.map(NoAnswerKind::code)) {
        assert_eq!(code.as_str().parse(), Ok(code));
    }
    for kind in not_sent {
        assert_eq!(
            classify(&CallResult::NotSent { kind }, NOW).name(),
            "not_sent"
        );
    }
    for kind in no_answer {
        assert_eq!(
            classify(&CallResult::NoAnswer { kind }, NOW).name(),
            "ambiguous"
        );
    }
}

/// Bodies that look enough like JSON to reach every branch.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![
        Just(r#""refresh_token": "r""#),
        Just(r#""refresh_token": """#),
        Just(r#""refresh_token": 1"#),
        Just(r#""access_token": "a""#),
        Just(r#""access_token": null"#),
        Just(r#""error": {"code": "invalid_grant"}"#),
        Just(r#""error": "refresh_token_reused""#),
        Just(r#""code": "invalid_client""#),
        Just(r#""x": {"y": [1, {}]}"#),
    ];
    let json = (
        proptest::collection::vec(field, 0..6),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(fields, cut)| {
            let text = format!("{{{}}}", fields.join(", ")).into_bytes();
            let length = cut.index(text.len() * 2).min(text.len());
            text[..length].to_vec()
        });
    prop_oneof![json, any::<Vec<u8>>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_panics_and_nothing_rotates_without_a_token(
        status in prop_oneof![Just(200_u16), 100..600_u16, any::<u16>()],
        body in bodies(),
        cut: bool,
    ) {
        let mut answer = RawAnswer::new(status, body);
        answer.cut = cut.then_some(NoAnswerKind::Timeout);
        let again = RawAnswer::from_bytes(&answer.to_bytes()).unwrap();
        let outcome = classify(&CallResult::Answer(answer), NOW);
        let replayed = classify(&CallResult::Answer(again), NOW);
        prop_assert_eq!(outcome.name(), replayed.name());
        prop_assert_eq!(outcome.code(), replayed.code());
        match &outcome {
            Outcome::Rotated(tokens) => {
                prop_assert!((200..300).contains(&status));
                let usable = |token: &Option<Secret>| token.as_ref().is_some_and(|token| !token.is_empty());
                prop_assert!(usable(&tokens.access_token) || usable(&tokens.refresh_token));
            }
            Outcome::Rejected { .. } | Outcome::Held { .. } => prop_assert!((400..500).contains(&status)),
            _ => prop_assert!(outcome.code().is_some()),
        }
    }
}
