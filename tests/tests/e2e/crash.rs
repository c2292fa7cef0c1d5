//! The process is killed at each named step of the refresh protocol: every credential lands where the crash table says
//! (docs/architecture.md). An embedded system is started again; of several processes the others carry on, and the dead
//! one is not replaced.

use rt_manage_shared::{
    db::{Execute as _, grants, sql},
    hooks::Step,
};
use rt_manage_tests::{
    standin::{AccountSpec, Delivery, Fault, GatePoint, GateSpec, Options, StandIn},
    support::{Admin, Exit, NewCredential, Part, Public, System, SystemBuilder, until},
};
use rustix::process::Signal;
use tokio::task::JoinHandle;

use super::{halt::HALT, support::database};

/// What a crash at a step leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lands {
    /// Refreshed, without a second call for the same token.
    Refreshed,
    /// Nothing was sent; the same token is used once, later.
    Intact,
    /// Nobody can know; the credential says so.
    InDoubt,
}

/// A system with one credential, of which one process is to die.
struct Bench {
    upstream: StandIn,
    system: System,
    victim: Part,
    /// Workers that had to leave the job to the victim.
    frozen: Vec<Part>,
    admin: Admin,
    id: String,
}

fn armed(step: Step) -> String {
    format!("{}=return", step.name())
}

impl Bench {
    /// A doubt stays one, so that it can be seen.
    async fn new(step: Step, change: impl FnOnce(SystemBuilder) -> SystemBuilder) -> Self {
        let upstream = StandIn::start(Options::default()).unwrap();
        let account = upstream.create_account(AccountSpec::key("one")).unwrap();
        let builder = crate::system(&upstream.token_url())
            .manual()
            .set("RTM_REFRESH__COALESCE_SECONDS", "0")
            .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual");
        let builder = change(builder);
        let victim = builder.part_of(step.name());
        let system = builder.die_at(&armed(step)).start().await;
        let admin = system.admin().await;
        let new = NewCredential {
            biz_id: "one",
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        let id = admin.create(new).await;
        Self {
            upstream,
            system,
            victim,
            frozen: Vec::new(),
            admin,
            id,
        }
    }

    /// Asks for a refresh that only the victim can take.
    async fn ask(&mut self) -> JoinHandle<Option<u16>> {
        self.frozen = self.system.freeze_other_workers(self.victim).await;
        let public = caller_of(&self.system, self.victim);
        tokio::spawn(async move { public.try_refresh("one").await })
    }

    async fn dies(&mut self, part: Part, step: Step) {
        let exit = self.system.part_ended(part).await;
        assert_eq!(exit, Exit::Signal(9), "{part} was reached by {step:?}");
    }

    /// What goes on after the death of the victim.
    async fn goes_on(&mut self) {
        for part in std::mem::take(&mut self.frozen) {
            self.system.wake(part);
        }
        if self.system.apis().is_empty() {
            self.system.start_again(self.victim).await;
        }
    }

    fn calls(&self) -> usize {
        self.upstream.calls_of("one").len()
    }

    /// The credential says that it is in doubt, and nobody sends its token again.
    async fn is_doubtful(&self, step: Step) {
        let calls = self.calls();
        until(&format!("{step:?}: the doubt is seen"), || async {
            self.admin.state(&self.id).await == "in_doubt"
        })
        .await;
        let refused = self.system.public().refresh("one").await;
        assert_eq!(refused.code(), "in_doubt", "{step:?}");
        assert_eq!(self.calls(), calls, "{step:?}");
    }

    /// The answer was not lost, although nobody called twice.
    async fn is_refreshed(&self, step: Step) {
        until(&format!("{step:?}: the answer is replayed"), || async {
            self.system.public().get_at("one").await.status == 200
        })
        .await;
        assert_eq!(self.admin.state(&self.id).await, "idle", "{step:?}");
        self.works_on(step).await;
    }

    /// The credential works on, and no spent token was ever sent.
    async fn works_on(&self, step: Step) {
        let calls = self.calls();
        let answer = self.system.public().refresh("one").await;
        assert_eq!(answer.status, 200, "{step:?}: {answer:?}");
        let ledger = self.upstream.account("one").unwrap();
        assert_eq!((ledger.reused, ledger.max_concurrent), (0, 1), "{step:?}");
        assert_eq!(
            self.calls(),
            calls + 1,
            "{step:?}: its token was really used"
        );
    }
}

/// The client that reaches the process that is to die: a request goes to that replica, a job to any worker that runs.
fn caller_of(system: &System, victim: Part) -> Public {
    match victim {
        Part::Api(_) => system.public_of(victim),
        Part::Worker(_) => system.public(),
    }
}

async fn crash_at(step: Step, lands: Lands) {
    let mut bench = Bench::new(step, |builder| builder).await;
    let caller = bench.ask().await;
    bench.dies(bench.victim, step).await;
    let calls_before = bench.calls();
    bench.goes_on().await;
    // The caller's connection breaks with the process; an API that lives on tells what became of its request.
    let told = match bench.victim {
        Part::Api(_) => None,
        // A claim that was never committed is made by another worker.
        Part::Worker(_) if lands == Lands::Refreshed || step == Step::ClaimBeforeCommit => {
            Some(200)
        }
        Part::Worker(_) => Some(500),
    };
    assert_eq!(caller.await.unwrap(), told, "{step:?}");
    match lands {
        Lands::Refreshed => bench.is_refreshed(step).await,
        Lands::Intact => {
            assert_eq!(calls_before, 0, "{step:?}");
            until(
                &format!("{step:?}: the credential is free again"),
                || async { bench.admin.state(&bench.id).await == "idle" },
            )
            .await;
            bench.works_on(step).await;
        }
        Lands::InDoubt => bench.is_doubtful(step).await,
    }
}

macro_rules! crash_tests {
    ($($name:ident: $step:ident => $lands:ident;)+) => {
        /// The steps that have a test of their own.
        const ALONE: &[Step] = &[$(Step::$step,)+];

        $(
            #[tokio::test]
            async fn $name() {
                crash_at(Step::$step, Lands::$lands).await;
            }
        )+
    };
}

crash_tests! {
    before_the_request_is_written: RequestBeforeCommit => Intact;
    after_the_request_is_written: RequestAfterCommit => Refreshed;
    before_the_claim_is_written: ClaimBeforeCommit => Intact;
    after_the_claim: ClaimAfter => Intact;
    after_the_intent: IntentAfter => InDoubt;
    after_the_answer_before_the_disk: AnswerReceived => InDoubt;
    after_the_answer_is_on_disk: AnswerSynced => Refreshed;
    before_the_commit: CommitBefore => Refreshed;
    in_the_middle_of_the_commit: CommitMiddle => Refreshed;
    before_the_commit_is_durable: CommitBeforeCommit => Refreshed;
    after_the_commit: CommitAfter => Refreshed;
    after_the_journal_is_done: DoneAfter => Refreshed;
}

/// The steps that a replay passes through, in their order.
const REPLAY: [Step; 6] = [
    Step::ReplayBefore,
    Step::CommitMiddle,
    Step::CommitSpent,
    Step::CommitBeforeCommit,
    Step::CommitAfter,
    Step::DoneAfter,
];

/// A step that is added to the protocol has to be killed at, too.
#[test]
fn no_step_is_left_out() {
    // A lane that breaks off is in `redis_workers.rs`: it is no step of the protocol, and ends the process in another way.
    let elsewhere = [
        Step::AbandonBeforeCommit,
        Step::CommitGroup,
        Step::LaneBegin,
    ];
    for step in Step::ALL {
        let killed_at = [ALONE, &REPLAY, &HALT, &elsewhere]
            .iter()
            .any(|steps| steps.contains(step));
        assert!(killed_at, "no test kills the process at {step:?}");
    }
}

/// While the call is under way there is no step to stop at: the stand-in holds the call, the test kills.
#[tokio::test]
async fn during_the_call() {
    let step = Step::IntentAfter;
    let mut bench = Bench::new(step, |builder| builder).await;
    // Nothing is armed: the process that comes back has no fail points.
    bench.system.kill_part(bench.victim).await;
    bench.system.start_again(bench.victim).await;
    let gate = bench.upstream.gate(GateSpec::at(GatePoint::AfterRotation));
    let caller = bench.ask().await;
    gate.reached(1).await.unwrap();
    bench.system.signal_part(bench.victim, Signal::KILL);
    bench.dies(bench.victim, step).await;
    bench.goes_on().await;
    gate.release();
    let _ = caller.await;
    bench.is_doubtful(step).await;
    assert_eq!(bench.calls(), 1);
}

/// Outcomes that waited together are written together, and none of them is lost together.
#[tokio::test]
async fn in_the_middle_of_a_group() {
    let step = Step::CommitGroup;
    let mut bench = Bench::new(step, SystemBuilder::patient).await;
    let mut made = vec![("one", bench.id.clone())];
    for key in ["two", "three", "four"] {
        let account = bench
            .upstream
            .create_account(AccountSpec::key(key))
            .unwrap();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        made.push((key, bench.admin.create(new).await));
    }
    bench.frozen = bench.system.freeze_other_workers(bench.victim).await;
    let gate = bench.upstream.gate(GateSpec::at(GatePoint::AfterRotation));
    let public = caller_of(&bench.system, bench.victim);
    let ask = |key: &'static str| {
        let public = public.clone();
        tokio::spawn(async move { public.try_refresh(key).await })
    };
    let callers: Vec<_> = made.iter().map(|(key, _)| ask(key)).collect();
    gate.reached(4).await.unwrap();
    // While somebody else holds the rows, outcomes gather.
    let db = database(&bench.system.builder()).await;
    let mut tx = db.begin().await.unwrap();
    let hold = sql("UPDATE {grants} SET failures = failures");
    assert_eq!(tx.execute(hold).await.unwrap(), 4);
    gate.release();
    until("all have their outcomes", || async {
        let log = bench.system.log();
        log.matches("refresh finished").count() == 4
    })
    .await;
    tx.commit().await.unwrap();
    bench.dies(bench.victim, step).await;
    bench.goes_on().await;
    for caller in callers {
        let _ = caller.await;
    }
    for (key, id) in made {
        until(&format!("{key} is refreshed"), || async {
            bench.system.public().get_at(key).await.status == 200
        })
        .await;
        assert_eq!(bench.admin.state(&id).await, "idle", "{key}");
        assert_eq!(bench.upstream.calls_of(key).len(), 1, "{key}");
        let again = bench.system.public().refresh(key).await;
        assert_eq!(again.status, 200, "{key}: {again:?}");
        assert_eq!(bench.upstream.account(key).unwrap().reused, 0, "{key}");
    }
}

/// A replay is a commit like any other: it may be interrupted wherever it is, and as often.
#[tokio::test]
async fn during_the_replay() {
    let step = Step::AnswerSynced;
    let mut bench = Bench::new(step, |builder| builder).await;
    let caller = bench.ask().await;
    bench.dies(bench.victim, step).await;
    for step in REPLAY {
        bench.system.spawn_armed(bench.victim, &armed(step));
        bench.dies(bench.victim, step).await;
    }
    bench.system.start_again(bench.victim).await;
    bench.goes_on().await;
    let _ = caller.await;
    bench.is_refreshed(step).await;
    assert_eq!(bench.calls(), 2, "the replayed call, and the one after it");
}

/// A probe is spent with its claim, whatever becomes of it; the doubt stays.
#[tokio::test]
async fn during_a_probe() {
    // The doubt begins without an answer, so that the probe's answer is the first that comes to this step.
    let step = Step::AnswerReceived;
    let mut bench = Bench::new(step, |builder| {
        builder
            .set("RTM_REFRESH__IN_DOUBT_POLICY", "immediate")
            .set("RTM_REFRESH__PROBE_DELAYS_SECONDS", "[1, 600]")
    })
    .await;
    let unanswered = Fault::delivery(Delivery::Close { reset: true }).before_rotation();
    bench.upstream.set_fault(unanswered.times(1));
    let answer = bench.system.public().refresh("one").await;
    assert_eq!(answer.text("/data/outcome"), "ambiguous", "{answer:?}");
    let caller = bench.ask().await;
    bench.dies(bench.victim, step).await;
    bench.goes_on().await;
    let _ = caller.await;
    bench.is_doubtful(step).await;
    assert_eq!(bench.calls(), 2);
    let db = database(&bench.system.builder()).await;
    let record = grants::read_one(&mut &db, bench.id.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.grant.doubt.unwrap().probes, 1);
}

/// Giving a lost worker's claim up is one transaction: whoever leads next begins it anew.
#[tokio::test]
async fn while_a_claim_is_given_up() {
    let (step, leader) = (Step::AbandonBeforeCommit, Part::Api(0));
    let mut bench = Bench::new(Step::IntentAfter, |builder| {
        let apart = builder.part_of(Step::IntentAfter.name()) != leader;
        if apart {
            builder.arm(leader, &armed(step))
        } else {
            builder
        }
    })
    .await;
    let caller = bench.ask().await;
    bench.dies(bench.victim, Step::IntentAfter).await;
    if bench.victim == leader {
        bench.system.spawn_armed(leader, &armed(step));
    }
    bench.dies(leader, step).await;
    bench.goes_on().await;
    let _ = caller.await;
    bench.is_doubtful(step).await;
    assert_eq!(bench.calls(), 0);
}
