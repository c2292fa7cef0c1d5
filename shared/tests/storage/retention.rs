//! What is old is removed, and what is still needed stays.

use std::time::Duration;

use rt_manage_shared::{
    clock::{Clock, Millis},
    db::{
        Db, Execute as _, attempts,
        attempts::Ending,
        audit, credentials, grants,
        recovered::{self, Recovered},
        retention,
        sessions::{self, StoredSession},
        sql,
        tokens::{self, Orphan},
    },
    id::{AttemptId, CredentialId, SessionId},
    model::{
        attempt::OutcomeKind,
        audit::{Action, Actor, Deed},
        grant::Grant,
    },
    vault::Fingerprint,
};

use crate::{
    fixtures::{NOW, add, attempt_of, ending, fp},
    support::Place,
};

const DAY: Duration = Duration::from_hours(24);
/// Nothing before this is kept.
const BEFORE: Millis = NOW;

/// An attempt of that age about this token, with its outcome; none: it is open.
async fn attempt(
    db: &Db,
    grant: &Grant,
    at: Millis,
    token: &Fingerprint,
    outcome: Option<OutcomeKind>,
) -> AttemptId {
    // Several of the same time differ in the rest.
    let rest = AttemptId::generate().to_string();
    let time = AttemptId::earliest(at).to_string();
    let id: AttemptId = format!("{}{}", &time[..10], &rest[10..]).parse().unwrap();
    let mut new = attempt_of(grant, id);
    new.rt_fp = token.clone();
    attempts::insert(&mut &*db, &new).await.unwrap();
    if let Some(outcome) = outcome {
        let ending = Ending {
            finished_at: at,
            ..ending(outcome)
        };
        attempts::finish(&mut &*db, id, &ending).await.unwrap();
    }
    id
}

pub(crate) async fn old_attempts_are_removed_but_for_those_that_are_needed(place: Place) {
    let db = place.open().await;
    let grant = add(&db, "a").await;
    let (own, other) = (grant.rt_fp.clone(), fp("another"));
    let old = BEFORE - DAY;
    assert_eq!(retention::horizon(&mut &db).await.unwrap(), None);
    let mut gone = Vec::new();
    for outcome in OutcomeKind::ALL {
        gone.push(attempt(&db, &grant, old, &other, Some(*outcome)).await);
    }
    for outcome in [
        OutcomeKind::Rotated,
        OutcomeKind::Transient,
        OutcomeKind::NotSent,
        OutcomeKind::Held,
    ] {
        gone.push(attempt(&db, &grant, old, &own, Some(outcome)).await);
    }
    let cancelled = attempt(&db, &grant, old, &own, None).await;
    attempts::cancel(&mut &db, cancelled, old).await.unwrap();
    gone.push(cancelled);
    let mut kept = Vec::new();
    // What is known of the token that the credential holds.
    for outcome in [
        OutcomeKind::Rejected,
        OutcomeKind::Ambiguous,
        OutcomeKind::Abandoned,
        OutcomeKind::Superseded,
    ] {
        kept.push(attempt(&db, &grant, old, &own, Some(outcome)).await);
    }
    kept.push(attempt(&db, &grant, old, &other, None).await);
    kept.push(attempt(&db, &grant, BEFORE, &other, Some(OutcomeKind::Rotated)).await);
    // It waited for long and ended just now.
    let late = attempt(&db, &grant, old, &other, None).await;
    let ending = Ending {
        finished_at: BEFORE,
        ..ending(OutcomeKind::Rotated)
    };
    attempts::finish(&mut &db, late, &ending).await.unwrap();
    kept.push(late);

    let mut removed = 0;
    loop {
        let batch = retention::prune_attempts(&mut &db, BEFORE, 5)
            .await
            .unwrap();
        assert!(batch <= 5);
        removed += batch;
        if batch == 0 {
            break;
        }
    }
    assert_eq!(removed, u64::try_from(gone.len()).unwrap());
    let left = async |ids: &[AttemptId]| attempts::read(&mut &db, ids).await.unwrap().len();
    assert_eq!((left(&gone).await, left(&kept).await), (0, kept.len()));
    let horizon = retention::horizon(&mut &db).await.unwrap().unwrap();
    assert_eq!(horizon, AttemptId::earliest(BEFORE));
    // Keeping more from now on brings nothing back.
    retention::prune_attempts(&mut &db, old - DAY, 5)
        .await
        .unwrap();
    assert_eq!(retention::horizon(&mut &db).await.unwrap(), Some(horizon));
}

pub(crate) async fn deleted_credentials_are_purged_when_nothing_can_come_any_more(place: Place) {
    let db = place.open().await;
    let old = BEFORE - DAY;
    let deleted = async |name: &str, at: Millis| {
        let grant = add(&db, name).await;
        credentials::bury(&mut &db, grant.credential, at)
            .await
            .unwrap();
        grant.credential
    };
    let set = async |id: CredentialId, what: &str, value: Option<i64>| {
        let text = format!("UPDATE {{grants}} SET {what} = ? WHERE credential_id = ?");
        (&mut &db)
            .execute(sql(text).bind(value).bind(id))
            .await
            .unwrap();
    };
    add(&db, "not deleted").await;
    deleted("lately", BEFORE).await;
    let gone = [
        deleted("gone", old).await,
        deleted("an old doubt", old).await,
    ];
    set(gone[1], "doubt_since", Some((old - DAY).0 - 1)).await;
    let doubtful = deleted("a doubt", old).await;
    set(doubtful, "doubt_since", Some((old - DAY).0)).await;
    let under_way = deleted("under way", old).await;
    let open =
        sql("UPDATE {grants} SET state = 'refreshing', attempt_id = ? WHERE credential_id = ?")
            .bind(AttemptId::generate())
            .bind(under_way);
    (&mut &db).execute(open).await.unwrap();
    let set_aside = deleted("set aside", old).await;
    let orphan = Orphan {
        attempt: AttemptId::generate(),
        credential: set_aside,
        rt_fp: fp("set aside"),
        reason: "r".into(),
        answer: vec![1],
    };
    tokens::keep_orphan(&mut &db, &orphan, NOW).await.unwrap();

    let doubt_before = old - DAY;
    let expired = async |limit| {
        let found = retention::expired(&mut &db, BEFORE, doubt_before, limit).await;
        found.unwrap()
    };
    assert_eq!(expired(10).await, gone);
    assert_eq!(expired(1).await, gone[..1]);
    let purge = async |id| {
        let purged = retention::purge(&db, id, BEFORE, doubt_before, NOW).await;
        purged.unwrap()
    };
    for id in [doubtful, under_way, set_aside] {
        assert!(!purge(id).await);
        assert!(grants::read_one(&mut &db, id).await.unwrap().is_some());
    }
    // Restored after it was found: it stays, with its tokens.
    let restore = "UPDATE {credentials} SET tombstone = '', deleted_at = NULL WHERE id = ?";
    (&mut &db)
        .execute(sql(restore).bind(gone[1]))
        .await
        .unwrap();
    assert!(!purge(gone[1]).await);
    assert!(
        credentials::by_id(&mut &db, gone[1])
            .await
            .unwrap()
            .is_some()
    );
    assert!(purge(gone[0]).await);
    assert!(!purge(gone[0]).await);
    assert!(grants::read_one(&mut &db, gone[0]).await.unwrap().is_none());
    let told =
        sql("SELECT COUNT(*) AS n FROM {audit} WHERE action = 'credential.purge' AND target = ?");
    let told = (&mut &db).fetch_optional(told.bind(gone[0])).await.unwrap();
    assert_eq!(told.unwrap().int("n").unwrap(), 1);
}

pub(crate) async fn old_entries_go_in_batches(place: Place) {
    let db = place.open().await;
    let grant = add(&db, "a").await;
    let clock = Clock::new();
    let before = clock.now() + DAY;
    for number in 0..3 {
        audit::record(&mut &db, &Actor::system(), &Deed::new(Action::Pause), NOW)
            .await
            .unwrap();
        let session = StoredSession {
            id: SessionId::generate(),
            username: "u".into(),
            address: "a".into(),
            user_agent: None,
            created_at: NOW,
            expires_at: Millis(NOW.0 + number),
        };
        sessions::open(&mut &db, &session).await.unwrap();
        let way = Recovered {
            attempt: AttemptId::generate(),
            credential: grant.credential,
            replayed: true,
            late: false,
        };
        recovered::note(&mut &db, &way, Millis(NOW.0 + number))
            .await
            .unwrap();
    }
    for wanted in [2, 0] {
        let before = Millis(NOW.0 + 2);
        let removed = sessions::prune(&mut &db, before, 5).await.unwrap();
        assert_eq!(removed, wanted);
        let removed = retention::prune_recovered(&mut &db, before, 5).await;
        assert_eq!(removed.unwrap(), wanted);
    }
    // Entries are made now, whatever they say.
    let at = async |before, limit| audit::prune(&mut &db, before, limit).await.unwrap();
    assert_eq!(at(NOW, 2).await, 0);
    let later = Millis(NOW.0.max(before.0) + 1);
    assert_eq!((at(later, 2).await, at(later, 2).await), (2, 1));
}
