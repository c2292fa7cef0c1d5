//! What records say, as the schema's facts and its faults have it.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rt_manage_shared::{
    clock::Millis,
    db::predecessor::OldRow,
    vault::{Fingerprint, Secret},
};
use serde_json::{Value, json};

use super::row::{Defaults, Readable, name, prints, read};

const NOW: Millis = Millis(1_750_000_000_000);

fn jwt(payload: &Value) -> String {
    let part = BASE64_URL_SAFE_NO_PAD.encode(payload.to_string());
    format!("eyJhbGciOiJSUzI1NiJ9.{part}.sig")
}

fn parse(values: &[(&'static str, &str)]) -> Result<Readable, String> {
    let defaults = Defaults {
        client_id: "app_default".into(),
    };
    read(&OldRow::new(7, values), &defaults, NOW)
}

fn good(values: &[(&'static str, &str)]) -> Readable {
    parse(values).unwrap_or_else(|reason| panic!("{reason}"))
}

#[test]
fn a_whole_record_is_taken_as_it_is() {
    let at = jwt(
        &json!({"exp": 1_750_400_000, "iat": 1_749_900_000, "client_id": "app_token",
        "https://api.openai.com/auth": {"chatgpt_account_id": "acc", "chatgpt_user_id": "user", "chatgpt_plan_type": "free"},
        "https://api.openai.com/profile": {"email": "claim@example.com", "name": "Claim"}}),
    );
    let Readable { migrated, notes } = good(&[
        ("biz_id", " user 001"),
        ("user_name", "User"),
        ("email", "a@example.com"),
        ("type", "plus"),
        ("rt", " rt.1.one\n"),
        ("at", &at),
        ("proxy", "http://u:p@proxy.example:8080"),
        ("client_id", "app_stored"),
        ("tag", "t"),
        ("enabled", "0"),
        ("last_rt", "rt.1.zero"),
        ("last_refresh_time", "2025-06-15 09:00:00.5+08:00"),
        ("memo", "first\nsecond"),
        ("create_time", "2024-01-01 00:00:00"),
        ("update_time", "garbage"),
    ]);
    assert_eq!(migrated.biz_id, " user 001", "clients name it byte by byte");
    assert_eq!(migrated.refresh_token.expose(), "rt.1.one");
    let identity = &migrated.identity;
    assert_eq!(
        (
            identity.email.as_deref(),
            identity.name.as_deref(),
            identity.plan.as_deref()
        ),
        (Some("a@example.com"), Some("User"), Some("plus"))
    );
    assert_eq!(
        (identity.account_id.as_deref(), identity.user_id.as_deref()),
        (Some("acc"), Some("user"))
    );
    // Saving the list had assigned them anew: the token knows better.
    assert_eq!(migrated.client_id, "app_token");
    assert_eq!(
        notes,
        ["client_id: the access token's was taken, because its own differs"]
    );
    assert_eq!(
        migrated.carried.access,
        Some((Millis(1_749_900_000_000), Millis(1_750_400_000_000)))
    );
    assert_eq!(
        migrated.carried.refreshed_at,
        Some(Millis(1_749_949_200_500))
    );
    assert_eq!(migrated.created_at, Some(Millis(1_704_067_200_000)));
    assert_eq!(
        (migrated.enabled, migrated.memo.as_str()),
        (false, "first\nsecond")
    );
    assert_eq!(
        migrated.spent,
        Some(Fingerprint::of(&Secret::new("rt.1.zero")))
    );
}

#[test]
fn a_record_may_say_next_to_nothing() {
    let Readable { migrated, notes } =
        good(&[("rt", "rt.1.one"), ("at", ""), ("proxy", " "), ("tag", "")]);
    assert_eq!(
        (migrated.biz_id.as_str(), migrated.client_id.as_str()),
        ("rt_old_7", "app_default")
    );
    assert!(migrated.enabled && migrated.access_token.is_none() && migrated.proxy.is_none());
    assert_eq!(
        (migrated.carried.access, migrated.created_at, migrated.spent),
        (None, None, None)
    );
    assert!(notes.is_empty());
}

#[test]
fn truth_is_stored_in_many_ways() {
    for (stored, enabled) in [
        ("1", true),
        ("true", true),
        ("\u{1}", true),
        ("1.0", true),
        ("0", false),
        ("false", false),
        ("\0", false),
        ("", false),
    ] {
        assert_eq!(
            good(&[("rt", "r"), ("enabled", stored)]).migrated.enabled,
            enabled,
            "{stored:?}"
        );
    }
}

#[test]
fn an_access_token_without_an_end_is_left_out() {
    for at in ["not a jwt", "a.b.c", &jwt(&json!({"sub": "x"})), "eyJ.😀.x"] {
        let Readable { migrated, notes } = good(&[("rt", "rt.1.one"), ("at", at)]);
        assert!(migrated.access_token.is_none() && migrated.carried.access.is_none());
        assert_eq!(
            notes,
            ["at: left out, because its end cannot be read"],
            "{at}"
        );
    }
    // One that has ended is no secret any more, but the console shows when it did.
    let ended = jwt(&json!({"exp": 1_600_000_000, "iat": 1_599_000_000}));
    assert!(
        good(&[("rt", "r"), ("at", &ended)])
            .migrated
            .access_token
            .is_some()
    );
}

#[test]
fn what_cannot_be_taken_over_is_named_without_a_token() {
    for (values, expected) in [
        (vec![("rt", "")], "there is no refresh token"),
        (
            vec![("rt", ""), ("last_rt", "canary")],
            "there is no refresh token; the old program may have lost it while `last_rt` is still good",
        ),
        (
            vec![("rt", "canary token")],
            "the refresh token contains a space",
        ),
        (
            vec![("rt", "M.C5canary")],
            "this is a Microsoft (Outlook) refresh token",
        ),
        (vec![("rt", "sk-canary")], "this is an API key"),
        (
            vec![("rt", "r"), ("biz_id", "a\nb")],
            "biz_id: contains control characters",
        ),
        (
            vec![("rt", "r"), ("proxy", "u:canary@h:1")],
            "proxy: a proxy URL begins with",
        ),
        (
            vec![("rt", "r"), ("client_id", "a b")],
            "client_id: contains white space",
        ),
    ] {
        let reason = parse(&values).err().unwrap_or_default();
        assert!(reason.starts_with(expected), "{reason}");
        assert!(!reason.contains("canary"), "{reason}");
    }
}

#[test]
fn names_and_notes_lose_what_no_column_takes() {
    let memo = format!("a\u{7}b{}", "x".repeat(5000));
    let Readable { migrated, notes } = good(&[
        ("rt", "r"),
        ("tag", "a\tb"),
        ("memo", &memo),
        ("email", "a\u{1}b"),
    ]);
    assert_eq!(
        (migrated.tag.as_str(), migrated.memo.chars().count()),
        ("ab", 4096)
    );
    assert_eq!(notes, ["tag: shortened", "memo: shortened"]);
    assert_eq!(migrated.identity.email, None);
}

#[test]
fn a_token_is_spent_only_where_another_took_its_place() {
    let spent = |values: &[(&'static str, &str)]| prints(&OldRow::new(1, values)).spent.is_some();
    assert!(spent(&[("rt", "a"), ("last_rt", "b")]));
    assert!(!spent(&[("rt", "a"), ("last_rt", "a")]));
    assert!(!spent(&[("rt", ""), ("last_rt", "b")]));
    assert!(!spent(&[("rt", "a"), ("last_rt", " ")]));
    assert_eq!(name(&OldRow::new(1, &[("biz_id", "  ")])), None);
}
