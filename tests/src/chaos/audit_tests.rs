//! The audit by cases: what it takes for an explanation, and what it does not.

use super::*;
use crate::{
    chaos::{facts::Kill, snapshot::JournalledAnswer},
    standin::{AccountSpec, Delivery, Fault, Options, StandIn},
    support::{Part, install_crypto_provider},
};

/// One account whose token was spent once, by attempt `A` of worker `W`, as the upstream sees it.
struct Case {
    ledger: Vec<AccountLedger>,
    calls: Vec<CallRecord>,
    snapshot: Snapshot,
    logs: Logs,
    deeds: Deeds,
}

const WORKER: &str = "W";
const ATTEMPT: &str = "A";

impl Case {
    /// The answer was delivered whole, or not at all.
    async fn new(delivered: bool) -> Self {
        install_crypto_provider();
        let upstream = StandIn::start(Options::default()).unwrap();
        let account = upstream.create_account(AccountSpec::key("x")).unwrap();
        if !delivered {
            upstream.set_fault(Fault::delivery(Delivery::Close { reset: false }));
        }
        let body = serde_json::json!({
            "client_id": account.client_id,
            "grant_type": "refresh_token",
            "refresh_token": account.refresh_token,
        });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let _ = http.post(upstream.token_url()).json(&body).send().await;
        upstream.wait_finished(1).await.unwrap();
        let spent = Fingerprint::of(&Secret::new(account.refresh_token.as_str()));
        let mut case = Self {
            ledger: upstream.ledger(),
            calls: upstream.calls(),
            snapshot: Snapshot::default(),
            logs: Logs::default(),
            deeds: Deeds::default(),
        };
        case.snapshot.credentials.push(StoredCredential {
            biz_id: "x".into(),
            state: StateName::InDoubt,
            token: account.refresh_token,
        });
        case.snapshot.attempts.push(StoredAttempt {
            id: ATTEMPT.into(),
            rt_fp: spent.to_string(),
            outcome: Some("abandoned".into()),
            code: None,
            worker: Some(WORKER.into()),
            probe: false,
        });
        case
    }

    /// The worker was killed so many milliseconds after the answer's last byte had left.
    fn killed_after(mut self, milliseconds: i64) -> Self {
        let at_ms = self.calls[0].finished_at_ms.unwrap() + milliseconds;
        let boot = Some(WORKER.to_owned());
        self.deeds.kills.push(Kill {
            part: Part::Worker(0),
            boot,
            at_ms,
        });
        self
    }

    fn state(mut self, state: StateName) -> Self {
        self.snapshot.credentials[0].state = state;
        self
    }

    fn live(&self) -> String {
        self.ledger[0].live.clone().unwrap()
    }

    fn verdict(&self) -> Verdict {
        judge(&Evidence {
            ledger: &self.ledger,
            calls: &self.calls,
            snapshot: &self.snapshot,
            logs: &self.logs,
            deeds: &self.deeds,
        })
    }

    fn fate(&self) -> Fate {
        self.verdict().fates["x"].clone()
    }

    /// What is missing in the explanation.
    fn missing(&self) -> String {
        match self.fate() {
            Fate::Unexplained(why) => why,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_kill_explains_a_loss_only_before_the_answer_can_be_on_the_disk() {
    let case = Case::new(true).await.killed_after(3);
    assert!(
        matches!(case.fate(), Fate::Explained(_)),
        "{:?}",
        case.fate()
    );
    assert_eq!(case.verdict().margins_ms, [3]);
    assert!(case.verdict().is_clean());
    // The upstream has finished although the worker was gone before.
    let case = Case::new(true).await.killed_after(0);
    assert!(matches!(case.fate(), Fate::Explained(_)));
    // Its request lay in the kernel for a while, and was read when nobody could send any more.
    let case = Case::new(true).await.killed_after(-500);
    assert!(matches!(case.fate(), Fate::Explained(_)));
    let early = Case::new(true).await.killed_after(-WINDOW_MS - 1000);
    assert!(
        early.missing().contains("before the upstream"),
        "{}",
        early.missing()
    );
    let late = Case::new(true).await.killed_after(WINDOW_MS + 1);
    assert!(
        late.missing().contains("after the answer"),
        "{}",
        late.missing()
    );
    let alive = Case::new(true).await;
    assert!(alive.missing().contains("lived"), "{}", alive.missing());
    let mut other = Case::new(true).await.killed_after(3);
    other.deeds.kills[0].boot = Some("another".into());
    assert!(other.missing().contains("lived"));
}

#[tokio::test]
async fn a_worker_that_had_told_of_the_tokens_has_no_excuse() {
    let mut case = Case::new(true).await.killed_after(3);
    let told = case.logs.rotated.entry(WORKER.into()).or_default();
    told.insert(ATTEMPT.into());
    assert!(case.missing().contains("had told"), "{}", case.missing());
}

#[tokio::test]
async fn a_journal_that_has_the_answer_excuses_nobody() {
    for done in [false, true] {
        let mut case = Case::new(true).await.killed_after(3);
        case.snapshot.answers.push(JournalledAnswer {
            attempt: ATTEMPT.into(),
            successor: Some(case.live()),
            done,
        });
        let missing = case.missing();
        let wanted = if done {
            "calls the answer done"
        } else {
            "nobody has replayed"
        };
        assert!(missing.contains(wanted), "{missing}");
        // Not even where it cannot be read for what it brought.
        case.snapshot.answers[0].successor = None;
        assert!(
            case.missing().contains("has the answer"),
            "{}",
            case.missing()
        );
    }
}

#[tokio::test]
async fn a_loss_must_be_told_by_the_credential_and_by_an_attempt() {
    for state in [StateName::Idle, StateName::Dead, StateName::Held] {
        let case = Case::new(true).await.killed_after(3).state(state);
        assert!(
            case.missing().contains("nothing tells"),
            "{}",
            case.missing()
        );
    }
    // A probe of the doubt that was refused as a second use has told, too.
    let mut case = Case::new(true).await.killed_after(3).state(StateName::Dead);
    let mut probe = case.snapshot.attempts[0].clone();
    probe.outcome = Some("rejected".into());
    probe.code = Some("refresh_token_reused".into());
    probe.probe = true;
    case.snapshot.attempts.push(probe);
    assert!(
        matches!(case.fate(), Fate::Explained(_)),
        "{:?}",
        case.fate()
    );
    let mut case = Case::new(true).await.killed_after(3);
    case.snapshot.attempts[0].outcome = Some("not_sent".into());
    assert!(case.missing().contains("given up"), "{}", case.missing());
}

#[tokio::test]
async fn after_a_restore_a_journal_may_be_the_only_one_who_knows_the_attempt() {
    let mut case = Case::new(true).await.killed_after(3);
    let fingerprint = case.snapshot.attempts[0].rt_fp.clone();
    case.snapshot.attempts.clear();
    assert!(case.missing().contains("given up"), "{}", case.missing());
    let intents = case.snapshot.intents.entry(fingerprint).or_default();
    intents.insert(ATTEMPT.into(), WORKER.into());
    assert!(
        matches!(case.fate(), Fate::Explained(_)),
        "{:?}",
        case.fate()
    );
    case.deeds.kills.clear();
    assert!(case.missing().contains("lived"), "{}", case.missing());
}

#[tokio::test]
async fn an_answer_that_was_not_delivered_explains_a_loss() {
    let mut case = Case::new(false).await;
    assert!(
        matches!(case.fate(), Fate::Explained(_)),
        "{:?}",
        case.fate()
    );
    // The part of it that came; what happened to the worker later has nothing to do with it.
    case = case.killed_after(20_000);
    case.snapshot.answers.push(JournalledAnswer {
        attempt: ATTEMPT.into(),
        successor: None,
        done: true,
    });
    assert!(
        matches!(case.fate(), Fate::Explained(_)),
        "{:?}",
        case.fate()
    );
}

#[tokio::test]
async fn where_the_live_token_is_decides() {
    let at = async |state: StateName| {
        let mut case = Case::new(true).await.state(state);
        case.snapshot.credentials[0].token = case.live();
        case.fate()
    };
    assert_eq!(at(StateName::Idle).await, Fate::Held);
    assert_eq!(at(StateName::InDoubt).await, Fate::Doubted);
    assert!(matches!(at(StateName::Dead).await, Fate::Unexplained(_)));
    assert!(matches!(
        at(StateName::Refreshing).await,
        Fate::Unexplained(_)
    ));
    let mut case = Case::new(true).await;
    case.snapshot.orphans.push(case.live());
    assert_eq!(case.fate(), Fate::Orphaned);
    case.snapshot.orphans.clear();
    case.snapshot.credentials.clear();
    assert!(
        case.missing().contains("no credential"),
        "{}",
        case.missing()
    );
}

#[tokio::test]
async fn an_ended_session_is_dead_and_nothing_else() {
    let mut case = Case::new(true).await;
    case.ledger[0].live = None;
    assert!(case.missing().contains("in_doubt"), "{}", case.missing());
    case.snapshot.credentials[0].state = StateName::Dead;
    assert_eq!(case.fate(), Fate::Ended);
    // It was given another token since.
    case.snapshot.credentials[0].state = StateName::Idle;
    case.snapshot.credentials[0].token = "another".into();
    assert_eq!(case.fate(), Fate::Ended);
}

#[tokio::test]
async fn every_use_of_a_token_is_an_attempt_and_of_a_spent_one_a_probe() {
    let violations = |case: &Case| case.verdict().violations.join("\n");
    let mut case = Case::new(true).await.killed_after(3);
    assert_eq!(violations(&case), "");
    case.calls.push(CallRecord {
        spent_before: true,
        ..case.calls[0].clone()
    });
    assert!(violations(&case).contains("2 calls with token 0 of x, and 1 attempts"));
    assert!(violations(&case).contains("spent token 0 of x was sent 1 times"));
    let mut probe = case.snapshot.attempts[0].clone();
    probe.id = "B".into();
    probe.probe = true;
    case.snapshot.attempts.push(probe);
    assert_eq!(violations(&case), "");
    // An attempt that only a journal knows counts, and one that nobody claimed does not.
    case.snapshot.attempts[0].worker = None;
    assert!(violations(&case).contains("and 1 attempts"));
    let fingerprint = case.snapshot.attempts[0].rt_fp.clone();
    let intents = case.snapshot.intents.entry(fingerprint).or_default();
    intents.insert(ATTEMPT.into(), WORKER.into());
    assert_eq!(violations(&case), "");
    case.ledger[0].max_concurrent = 2;
    assert!(violations(&case).contains("at once"));
    case.snapshot.unreadable.push("something".into());
    case.logs.panics.push("a line".into());
    assert_eq!(case.verdict().violations.len(), 3);
}
