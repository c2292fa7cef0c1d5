//! JSON: the files of other programs, and our own lines.

use serde_json::json;

use super::{jwt, only, refused, said, token};
use crate::{
    credentials::PastState,
    import::{Said, parse},
};

fn id_token() -> String {
    token(&json!({
        "exp": 2_000_000_000, "aud": ["app_of_id"], "email": "id@example.com", "name": "I",
        "https://api.openai.com/auth": {"chatgpt_account_id": "acc", "chatgpt_user_id": "usr"},
    }))
}

#[test]
fn auth_json_of_codex() {
    let file = json!({
        "auth_mode": "chatgpt", "OPENAI_API_KEY": null, "last_refresh": "2026-01-01T00:00:00Z",
        "tokens": {"id_token": id_token(), "access_token": "opaque", "refresh_token": "rt.1.a", "account_id": "other"},
    });
    for text in [
        file.to_string(),
        format!("{file:#}"),
        format!("[{file}]"),
        format!("[\n{file:#}\n]"),
    ] {
        let one = only(&text);
        assert_eq!(one.refresh_token.expose(), "rt.1.a");
        assert_eq!(one.told.seat(), Some(("acc", "usr")));
        assert_eq!(one.told.client_id.as_deref(), Some("app_of_id"));
        assert_eq!(one.told.identity.email.as_deref(), Some("id@example.com"));
        // The id token's end is not the access token's.
        assert_eq!(one.told.access_expires_at, None);
    }
    let one =
        only(&json!({"tokens": {"refresh_token": "rt.1.a", "account_id": "acc"}}).to_string());
    assert_eq!(one.told.identity.account_id.as_deref(), Some("acc"));
    for (file, reason) in [
        (
            json!({"tokens": {"refresh_token": ""}}),
            "tokens.refresh_token: is empty",
        ),
        (json!({"tokens": {}}), "tokens.refresh_token: is empty"),
        (
            json!({"tokens": {"refresh_token": 5}}),
            "tokens.refresh_token: must be a text",
        ),
        (
            json!({"OPENAI_API_KEY": "sk-canary", "tokens": null}),
            "API key",
        ),
        (
            json!({"tokens": {"refresh_token": "M.C525_canary"}}),
            "Outlook",
        ),
    ] {
        let error = refused(&file.to_string());
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn files_of_cliproxyapi() {
    let file = json!({
        "type": "codex", "id_token": id_token(), "access_token": "opaque", "refresh_token": "rt.1.a", "account_id": "acc",
        "email": "x@example.com", "expired": "2026-01-01T00:00:00+00:00", "last_refresh": "2025-12-01T00:00:00Z",
        "disabled": true, "proxy_url": "http://p:1", "anything": {"else": []},
    });
    let one = only(&file.to_string());
    assert_eq!(one.told.access_expires_at.unwrap().seconds(), 1_767_225_600);
    assert_eq!(
        (one.enabled, one.proxy.as_ref().unwrap().expose()),
        (Some(false), "http://p:1")
    );
    assert_eq!(one.told.seat(), Some(("acc", "usr")));
    let error = refused(r#"{"type": "claude", "refresh_token": "rt.1.canary"}"#);
    assert!(error.contains("`claude`"), "{error}");
    let error = refused(r#"{"type": "canary", "refresh_token": "rt.1.canary"}"#);
    assert!(error.contains("must be `codex`"), "{error}");
    assert!(refused(r#"{"type": "codex", "refresh_token": ""}"#).contains("is empty"));
}

#[test]
fn exports_of_sub2api_with_their_proxies() {
    let account = |name: &str, rt: &str, key: Option<&str>| {
        json!({
            "name": name, "platform": "openai", "type": "oauth", "notes": "note", "proxy_key": key, "concurrency": 3,
            "credentials": {"refresh_token": rt, "access_token": "opaque", "expires_at": 1_767_225_600, "email": "x@example.com",
                "chatgpt_account_id": name, "chatgpt_user_id": "usr", "plan_type": "team"},
        })
    };
    let bundle = json!({
        "type": "sub2api-data", "version": 1, "exported_at": "2026-01-01T00:00:00Z",
        "proxies": [
            {"proxy_key": "k1", "name": "p", "protocol": "socks5", "host": "h", "port": 1, "username": "u", "password": "p@canary"},
            {"name": "q", "protocol": "http", "host": "h", "port": 2},
            {"proxy_key": "bad", "protocol": "http", "host": "h", "port": 99999},
        ],
        "accounts": [
            account("one", "rt.1.a", Some("k1")),
            account("two", "rt.1.b", Some("http|h|2||")),
            account("three", "rt.1.c", None),
            account("four", "rt.1.d", Some("bad")),
            {"name": "x", "platform": "anthropic", "type": "oauth", "credentials": {"refresh_token": "rt.1.canary"}},
            {"name": "x", "platform": "openai", "type": "apikey", "credentials": {"api_key": "sk-canary"}},
            {"name": "x", "platform": "openai", "type": "oauth", "credentials": {"refresh_token": ""}},
        ],
    });
    let answer = json!({"code": 0, "message": "success", "data": bundle});
    for file in [&bundle, &answer] {
        let text = format!("{file:#}");
        let found = said(&text);
        assert_eq!(found.len(), 7);
        for (line, _) in &found {
            assert_eq!(text.lines().nth(line - 1).unwrap().trim(), "{");
        }
        let errors: Vec<_> = found
            .iter()
            .filter_map(|(_, said)| said.as_ref().err())
            .collect();
        for (error, reason) in
            errors
                .iter()
                .zip(["proxy_key", "another provider", "`oauth`", "is empty"])
        {
            assert!(error.contains(reason), "{error}");
        }
        let rows = parse(text.as_bytes()).unwrap();
        let proxies: Vec<_> = rows
            .iter()
            .filter_map(|row| match &row.said {
                Said::Entry(entry) => {
                    Some(entry.proxy.as_ref().map(|proxy| proxy.expose().to_owned()))
                }
                _ => None,
            })
            .collect();
        assert_eq!(
            proxies,
            [
                Some("socks5://u:p%40canary@h:1".into()),
                Some("http://h:2/".into()),
                None
            ]
        );
    }
    let one = only(&account("one", "rt.1.a", None).to_string());
    assert_eq!(one.told.identity.name.as_deref(), Some("one"));
    assert_eq!(one.memo.as_deref(), Some("note"));
    assert_eq!(one.told.identity.plan.as_deref(), Some("team"));
    assert_eq!(one.told.access_expires_at.unwrap().seconds(), 1_767_225_600);
}

#[test]
fn lines_of_ours() {
    let one = only(
        &json!({
            "biz_id": " one ", "email": "x@example.com", "name": null, "plan": "plus", "account_id": "acc", "user_id": "usr",
            "client_id": "app_x", "proxy": null, "proxy_name": null, "tag": "'=x", "memo": "", "enabled": false,
            "refresh_token": "rt.1.a", "access_token": jwt(2_000_000_000), "state": "in_doubt", "last_code": "answer_cut",
            "refreshed_at": "2026-01-01T00:00:00Z", "created_at": 1_735_787_045,
        })
        .to_string(),
    );
    assert_eq!(
        (one.biz_id.as_deref(), one.tag.as_deref()),
        (Some(" one "), Some("'=x"))
    );
    assert_eq!((one.memo, one.enabled), (None, Some(false)));
    assert_eq!(one.past.state, Some(PastState::InDoubt));
    assert_eq!(one.past.created_at.unwrap().seconds(), 1_735_787_045);
    let error = refused(r#"{"refresh_token": "rt.1.a", "proxi": "http://canary"}"#);
    assert!(error.contains("unknown member `proxi`"), "{error}");
    let error = refused(r#"{"refresh_token": "rt.1.a", "rt.1.canary": 1}"#);
    assert!(error.contains("(not a name)"), "{error}");
    let error = refused(r#"{"refresh_token": "rt.1.a", "enabled": "perhaps canary"}"#);
    assert!(error.contains("enabled"), "{error}");
    assert!(refused(r#"{"refresh_token": ["canary"]}"#).contains("refresh_token: must be a text"));
}

#[test]
fn arrays_lines_and_mixtures() {
    let text = "rt.1.a\n{\"refresh_token\": \"rt.1.b\"}\n{\"tokens\": {\"refresh_token\": \"rt.1.c\"}},\n[\"rt.1.d\", \"x----rt.1.e\"]\n\
                {\n \"refresh_token\":\n \"rt.1.f\"\n}\n{\"refresh_token\": \"rt.1.g\"} {\"refresh_token\": \"rt.1.h\"}\n[[\"rt.1.i\"]]\n";
    let found: Vec<_> = said(text)
        .into_iter()
        .map(|(line, said)| (line, said.unwrap()))
        .collect();
    let expected = [
        (1, 'a'),
        (2, 'b'),
        (3, 'c'),
        (4, 'd'),
        (4, 'e'),
        (5, 'f'),
        (9, 'g'),
        (9, 'h'),
        (10, 'i'),
    ];
    assert_eq!(
        found,
        expected.map(|(line, name)| (line, format!("rt.1.{name}")))
    );
}

#[test]
fn what_is_broken_costs_its_own_row() {
    let text = "{\"refresh_token\": \"rt.1.a\"}\n{\"refresh_token\": \"rt.1.canary\n{\"refresh_token\": \"rt.1.c\"}\n\
                {\"refresh_token\": }\n{\"nothing\": 1}\n{\"refresh_token\": \"rt.1.d\"} canary\n5\n[7, {\"refresh_token\": \"rt.1.e\"}]\n";
    let found = said(text);
    let good: Vec<_> = found
        .iter()
        .filter(|(_, said)| said.is_ok())
        .map(|(line, _)| *line)
        .collect();
    assert_eq!(good, [1, 3, 6, 7, 8]);
    for (line, reason) in [
        (2, "not readable"),
        (4, "not readable"),
        (5, "no form that is known"),
        (6, "follows"),
        (8, "neither"),
    ] {
        assert!(
            found.iter().any(|(at, said)| *at == line
                && said.as_ref().is_err_and(|error| error.contains(reason))),
            "{line}: {found:?}"
        );
    }
    // A file that was cut off.
    let found = said("{\n \"tokens\": {\n \"refresh_token\": \"rt.1.canary\",\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].1.as_ref().unwrap_err().contains("never closed"));
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(refused(&deep).contains("nested too deep"));
    let large = format!(
        r#"{{"refresh_token": "rt.1.a", "x": "{}"}}"#,
        "x".repeat(300_000)
    );
    assert!(refused(&large).contains("larger than"));
}
