//! CSV with a header.

use super::{only, rows, said};
use crate::{
    credentials::PastState,
    import::{FormError, Said, parse},
    routes::admin::tests::CANARY,
};

#[test]
fn tables_are_read_by_their_header() {
    let text = "# export\n\nbiz_id, Refresh_Token ,\"tag\",enabled,memo,proxy\n\
                one,rt.1.a,t,true,\"two\nlines, \"\"quoted\"\"\",http://p\n\
                ,,,,,\n\
                # comment\n\
                two, rt.1.b ,,NO,,\n\
                three,rt.1.c\n";
    let found: Vec<_> = rows(text.as_bytes())
        .into_iter()
        .map(|row| match row.said {
            Said::Entry(entry) => (row.line, entry),
            other => panic!("{other:?}"),
        })
        .collect();
    let numbers: Vec<_> = found.iter().map(|(line, _)| *line).collect();
    assert_eq!(numbers, [4, 8, 9]);
    let one = &found[0].1;
    assert_eq!(
        (one.biz_id.as_deref(), one.tag.as_deref(), one.enabled),
        (Some("one"), Some("t"), Some(true))
    );
    assert_eq!(one.memo.as_deref(), Some("two\nlines, \"quoted\""));
    assert_eq!(one.proxy.as_ref().unwrap().expose(), "http://p");
    assert_eq!(found[1].1.refresh_token.expose(), "rt.1.b");
    assert!(found[1].1.enabled == Some(false) && found[1].1.proxy.is_none());
    assert_eq!(found[2].1.biz_id.as_deref(), Some("three"));
    for delimiter in [';', '\t'] {
        let one = only(&format!(
            "refresh_token{delimiter}biz_id\nrt.1.a{delimiter}x,y\n"
        ));
        assert_eq!(one.biz_id.as_deref(), Some("x,y"));
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
    let lines = said(text);
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
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!(
        said("refresh_token,enabled\nrt.1.a,perhaps")[0].1,
        Err("enabled: must be true or false".into())
    );
}

#[test]
fn a_table_of_ours_comes_back_as_it_was() {
    let text = "biz_id,email,name,plan,account_id,user_id,client_id,proxy,proxy_name,tag,memo,enabled,refresh_token,access_token,\
                state,last_code,refreshed_at,created_at\n\
                \" one \",a@x.org,A,plus,acc,usr,app_x,,p,\"'=1+1\",\"''-\",false,rt.1.a,,dead,invalid_grant,2026-01-02T03:04:05.678Z,2025-01-02T03:04:05Z\n";
    let one = only(text);
    assert_eq!(one.biz_id.as_deref(), Some(" one "));
    assert_eq!(
        (one.tag.as_deref(), one.memo.as_deref()),
        (Some("=1+1"), Some("'-"))
    );
    assert_eq!(
        (one.enabled, one.proxy_name.as_deref()),
        (Some(false), Some("p"))
    );
    let identity = &one.told.identity;
    assert_eq!(identity.email.as_deref(), Some("a@x.org"));
    assert_eq!(
        (identity.name.as_deref(), identity.plan.as_deref()),
        (Some("A"), Some("plus"))
    );
    assert_eq!(one.told.seat(), Some(("acc", "usr")));
    assert_eq!(one.past.state, Some(PastState::Dead));
    assert_eq!(one.past.code.as_deref(), Some("invalid_grant"));
    assert_eq!(one.past.refreshed_at.unwrap().0, 1_767_323_045_678);
    assert_eq!(one.past.created_at.unwrap().seconds(), 1_735_787_045);
}

#[test]
fn lines_of_other_forms_may_stand_before_and_between() {
    let text = "rt.1.plain\nbiz_id,refresh_token\na,rt.1.a\n{\"refresh_token\": \"rt.1.json\"}\nb,rt.1.b\nrefresh_token;memo\nrt.1.c;x,y\n";
    let found: Vec<_> = said(text)
        .into_iter()
        .map(|(line, said)| (line, said.unwrap()))
        .collect();
    let expected = [(1, "plain"), (3, "a"), (4, "json"), (5, "b"), (7, "c")];
    assert_eq!(
        found,
        expected.map(|(line, name)| (line, format!("rt.1.{name}")))
    );
}

#[test]
fn headers_that_are_not_understood_are_refused_whole() {
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
    let error = parse(format!("refresh_token,rt.1.{CANARY}\n").as_bytes()).unwrap_err();
    assert!(!error.to_string().contains(CANARY), "{error}");
}
