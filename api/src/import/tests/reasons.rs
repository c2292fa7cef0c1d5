//! Reasons as people read them. The console has them in other languages, and its tests look up what stands in the list beside this file.
//! So what a file really comes to is what is translated there, whatever it is put together from.

use rt_manage_shared::{id::CredentialId, vault::Secret};
use serde::Deserialize;

use super::rows;
use crate::{
    credentials::{Checks, CredentialError, Holder, Taken},
    import::{Said, Verdict, parse},
};

#[derive(Deserialize)]
struct Listed {
    rows: Vec<Refused>,
    verdicts: Vec<String>,
    files: Vec<Refused>,
}

/// What is said of the last row of a file, or of the whole.
#[derive(Deserialize)]
struct Refused {
    file: String,
    says: String,
}

fn listed() -> Listed {
    serde_json::from_str(include_str!("reasons.json")).unwrap()
}

#[test]
fn rows_say_what_is_listed() {
    for Refused { file, says } in listed().rows {
        let last = rows(file.as_bytes()).pop().unwrap();
        match last.said {
            Said::Invalid(reason) | Said::Repeats(reason) => assert_eq!(reason, says, "{file}"),
            Said::Entry(_) => panic!("{file} is taken in"),
        }
    }
}

#[test]
fn files_say_what_is_listed() {
    for Refused { file, says } in listed().files {
        assert_eq!(parse(file.as_bytes()).unwrap_err().to_string(), says);
    }
}

#[test]
fn verdicts_say_what_is_listed() {
    let id: CredentialId = "01KA0000000000000000000001".parse().unwrap();
    let named = || Holder {
        id,
        biz_id: Some("user; 1".to_owned()),
    };
    let deleted = Holder { id, biz_id: None };
    let mut checks = Checks::default();
    checks.tag(&"x".repeat(256));
    checks.client_id("a b");
    checks.proxy(&Secret::new("ftp://host"));
    let results = [
        Ok(Taken::Held(named())),
        Err(CredentialError::Spent(deleted)),
        Err(CredentialError::Healthy(id)),
        Err(CredentialError::Refreshing(named())),
        Err(CredentialError::InUse(named())),
        Err(CredentialError::BizIdTaken),
        Err(checks.done().unwrap_err()),
    ];
    let said = results.map(|result| Verdict::of(result).detail.unwrap());
    assert_eq!(said.as_slice(), listed().verdicts);
}
