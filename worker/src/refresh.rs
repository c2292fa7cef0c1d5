//! The refresh protocol, steps 2 to 8, in the order in which they happen.
//!
//! A job is a hint. The database decides whether the attempt is still to be made; from then on the work runs
//! in a task of its own that neither a client's disconnect nor shutdown cancels: once a call has been sent,
//! nothing but a crash keeps its answer from the disk.

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::BootInstant,
    db::{DbError, attempts, coordination, coordination::EgressHold, grants::GrantRecord},
    deadlines::COMMIT_RETRY_MAX,
    hooks::{self, Sabotage, Step},
    id::AttemptId,
    model::attempt::Lane,
    notify::Event,
    openai::{CallResult, EgressKey, NotSentKind, Outcome, RawAnswer, TokenRequest, classify},
    queue::RefreshJob,
    vault::{Place, Secret, VaultError},
};

use crate::{
    Worker,
    claim::{Claimed, NotNow},
    commit::Committed,
    egress::{self, EgressClient, Ticket, Verdict},
    finished::{CallFacts, Finished, Sealing},
    journal::{Answer, Intent, Reservation},
    settings::WorkerSettings,
};

/// A claim may itself be what makes the next connection; more often than this, something else is wrong.
const CLAIM_TRIES: usize = 3;
/// Pause between tries of a commit: short at first, because callers wait; never longer than [`COMMIT_RETRY_MAX`].
const COMMIT_RETRY_FIRST: Duration = Duration::from_millis(50);

impl Worker {
    /// Handles one job; returns when the database has recorded what became of it, or at once where it is not
    /// this worker's to make.
    pub(crate) async fn handle(self: &Arc<Self>, lane: Lane, job: RefreshJob) {
        if !self.gate.may_claim(lane) {
            return self.give_back(job.attempt).await;
        }
        let (asked, contact) = (BootInstant::now(), self.gate.contact());
        let (claimed, ticket, settings) = match self.claim(&job).await {
            Ok(Claimed::Yes {
                record,
                ticket,
                settings,
            }) => (record, ticket, settings),
            Ok(Claimed::Gone) => return,
            Ok(Claimed::NotNow(reason)) => {
                if reason == NotNow::OlderDatabase {
                    self.gate.note_database_error();
                }
                Self::note_not_now(&job, &reason);
                return self.give_back(job.attempt).await;
            }
            Err(error) => {
                // Nothing was claimed, or nobody knows: the attempt stays in the database either way.
                tracing::warn!(attempt = %job.attempt, error = %error, "claim failed");
                self.note_error(&error);
                return;
            }
        };
        hooks::step(Step::ClaimAfter);
        let claim = Standing {
            send_by: asked + settings.send_budget,
            contact,
            settings,
        };
        let worker = Arc::clone(self);
        let work = self
            .in_flight
            .spawn(async move { worker.refresh(job, &claimed, ticket, claim).await });
        if work.await.is_err() {
            // A panic is a fault of ours; the claim stands and is settled like that of a crashed worker.
            tracing::error!(
                "a refresh ended by a panic; its claim is settled as that of a lost worker"
            );
        }
    }

    /// Claims; where the database has made new connections, the journals are read first, and where settings have changed, those.
    async fn claim(&self, job: &RefreshJob) -> Result<Claimed, DbError> {
        let mut claimed = self.claims.submit(Arc::new(job.clone())).await;
        for _ in 0..CLAIM_TRIES {
            match claimed {
                Ok(Claimed::NotNow(NotNow::Reconnected)) => self.learn_what_is_recorded().await,
                Ok(Claimed::NotNow(NotNow::Outdated)) => {
                    if let Err(error) = self.settings.catch_up().await {
                        tracing::warn!(error = %error, "changed settings could not be read");
                    }
                }
                _ => break,
            }
            claimed = self.claims.submit(Arc::new(job.clone())).await;
        }
        claimed
    }

    async fn refresh(
        &self,
        job: RefreshJob,
        record: &GrantRecord,
        ticket: Ticket,
        claim: Standing,
    ) {
        let started = BootInstant::now();
        let attempt = job.attempt;
        let (outcome, mut facts) = match self.prepare(&job, record, &claim).await {
            Ok(prepared) => self.call(&job, record, prepared, &claim).await,
            Err(Unsent::Outcome(outcome)) => (outcome, CallFacts::default()),
            Err(Unsent::CutOff) => {
                // Nothing was begun. Where the claim still stands it is undone like that of a lost worker; where the
                // database has forgotten it, another worker may hold it by now.
                tracing::warn!(%attempt, "the database was away after the claim: the attempt is left alone");
                return;
            }
        };
        facts.duration_ms = u32::try_from(started.elapsed().as_millis()).ok();
        self.pace(record, ticket, &outcome, &claim.settings).await;
        metrics::counter!("rtm_refresh_attempts_total", "outcome" => outcome.name()).increment(1);
        metrics::histogram!("rtm_refresh_seconds").record(started.elapsed().as_secs_f64());
        tracing::info!(
            attempt = %attempt,
            credential = %job.credential,
            outcome = outcome.name(),
            code = outcome.code().map(tracing::field::display),
            http.status = facts.http_status,
            duration_ms = facts.duration_ms,
            "refresh finished"
        );
        if let Some(finished) = self.sealed(&job, record, &outcome, facts, &claim.settings) {
            hooks::step(Step::CommitBefore);
            self.commit(Arc::new(finished)).await;
        }
    }

    /// Everything before the call that can fail without harm.
    async fn prepare(
        &self,
        job: &RefreshJob,
        record: &GrantRecord,
        claim: &Standing,
    ) -> Result<Prepared, Unsent> {
        let settings = &claim.settings;
        let not_sent = |kind: NotSentKind| Unsent::Outcome(Outcome::NotSent { code: kind.code() });
        let refresh_token = self.open(job, "grants", "rt", &record.rt).map_err(|error| {
            tracing::error!(credential = %job.credential, error = %error, "the refresh token does not open");
            not_sent(NotSentKind::Request)
        })?;
        let own_proxy = record
            .proxy
            .as_ref()
            .map(|sealed| self.open(job, "credentials", "proxy", sealed));
        let own_proxy = own_proxy.transpose().map_err(|error| {
            tracing::error!(credential = %job.credential, error = %error, "the proxy does not open");
            not_sent(NotSentKind::Egress)
        })?;
        let egress = settings.egress(own_proxy.as_ref(), &record.egress);
        let client = egress
            .map_err(|error| {
                tracing::warn!(credential = %job.credential, error = %error, "the credential has no usable way out");
                NotSentKind::Egress
            })
            .and_then(|egress| self.clients.get(&egress, settings.connect_timeout))
            .map_err(not_sent)?;
        let request = TokenRequest::build(&settings.token_url, &record.client_id, &refresh_token);
        let intent = Intent {
            attempt: job.attempt,
            credential: job.credential,
            rt_fp: record.grant.rt_fp.to_string(),
            at: self.clock.now(),
        };
        if self.gate.contact() != claim.contact {
            return Err(Unsent::CutOff);
        }
        let reservation = self.journal.intent(intent).await.map_err(|error| {
            tracing::error!(error = %error, "the journal takes no intent: nothing is sent");
            self.gate.note_journal_error();
            not_sent(NotSentKind::Journal)
        })?;
        hooks::step(Step::IntentAfter);
        if self.gate.contact() != claim.contact {
            return Err(not_sent(NotSentKind::ContactLost));
        }
        Ok(Prepared {
            client,
            request,
            reservation,
        })
    }

    /// The one call, and its answer on the disk before anybody looks into it.
    async fn call(
        &self,
        job: &RefreshJob,
        record: &GrantRecord,
        prepared: Prepared,
        claim: &Standing,
    ) -> (Outcome, CallFacts) {
        let Prepared {
            client,
            request,
            reservation,
        } = prepared;
        let deadline = claim.settings.answer_deadline;
        let result = egress::call(&client, request, claim.send_by, deadline).await;
        let received_at = self.clock.now();
        let mut facts = CallFacts::default();
        if let CallResult::Answer(answer) = &result {
            hooks::step(Step::AnswerReceived);
            facts.http_status = Some(answer.status);
            if !hooks::sabotaged(Sabotage::AnswerNotSynced) {
                facts.answer = self.write_down(job, record, reservation, answer).await;
            }
            hooks::step(Step::AnswerSynced);
        }
        (classify(&result, received_at), facts)
    }

    /// Seals the raw answer and journals it. When the disk refuses, the commit goes on from memory and nothing
    /// new is claimed.
    async fn write_down(
        &self,
        job: &RefreshJob,
        record: &GrantRecord,
        reservation: Reservation,
        answer: &RawAnswer,
    ) -> Option<Vec<u8>> {
        let row = job.attempt.to_string();
        let place = Place {
            table: "journal",
            row: &row,
            column: "answer",
        };
        let sealed = match self.vault.seal(place, &answer.to_bytes()) {
            Ok(sealed) => sealed,
            Err(error) => {
                tracing::error!(error = %error, "an answer could not be sealed; it is committed from memory");
                return None;
            }
        };
        let entry = Answer {
            attempt: job.attempt,
            credential: job.credential,
            rt_fp: record.grant.rt_fp.to_string(),
            at: self.clock.now(),
            sealed: sealed.clone(),
        };
        if let Err(error) = self.journal.answer(reservation, entry).await {
            tracing::error!(error = %error, "the journal refuses an answer: committing from memory, claiming nothing new");
            metrics::counter!("rtm_journal_failures_total").increment(1);
            self.gate.note_journal_error();
        }
        Some(sealed)
    }

    fn sealed(
        &self,
        job: &RefreshJob,
        record: &GrantRecord,
        outcome: &Outcome,
        facts: CallFacts,
        settings: &WorkerSettings,
    ) -> Option<Finished> {
        let sealing = Sealing {
            vault: &self.vault,
            default_life: settings.default_life,
        };
        let spent = record.grant.rt_fp.clone();
        Finished::new(job.attempt, job.credential, spent, outcome, self.clock.now(), facts, &sealing)
            .inspect_err(|error| tracing::error!(error = %error, "new tokens could not be sealed; the journal keeps them"))
            .ok()
    }

    /// Repeats the commit until the database has it. The call is never repeated.
    pub(crate) async fn commit(&self, mut finished: Arc<Finished>) -> Committed {
        let mut pause = COMMIT_RETRY_FIRST;
        let committed = loop {
            if hooks::sabotaged(Sabotage::CommitSkipped) {
                break Committed::Applied;
            }
            match self.commits.submit(Arc::clone(&finished)).await {
                Ok(committed) => break committed,
                Err(error) => {
                    tracing::error!(attempt = %finished.attempt, error = %error, "commit failed");
                    metrics::counter!("rtm_commit_retries_total").increment(1);
                    self.note_error(&error);
                    // Only a row that contradicts itself can never be written; everything else is repeated.
                    if matches!(error, DbError::Corrupt { .. })
                        && let Ok(committed) = self.set_aside(&finished, &error).await
                    {
                        break committed;
                    }
                    if !error.is_temporary() {
                        // Should the database refuse a text for people, the tokens are saved without it.
                        finished = Arc::new(finished.without_identity());
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(COMMIT_RETRY_MAX);
                }
            }
        };
        hooks::step(Step::CommitAfter);
        finished.tell(committed);
        let now = self.clock.now();
        self.tallies.note(&finished, committed, now);
        self.journal.done(finished.attempt, now).await;
        self.recorded.note(finished.attempt, now);
        self.notifier.announce(Event::Finished {
            attempt: finished.attempt,
            credential: finished.credential,
        });
        hooks::step(Step::DoneAfter);
        committed
    }

    /// A commit that can never succeed: new tokens become an orphan, anything else only ends the attempt.
    async fn set_aside(&self, finished: &Finished, error: &DbError) -> Result<Committed, DbError> {
        let mut tx = self.db.begin().await?;
        let reason = format!("the row cannot be written: {error}");
        let committed = finished
            .set_aside(&mut tx, &reason, self.clock.now())
            .await?;
        tx.commit().await?;
        Ok(committed)
    }

    /// A database that is away closes the gate; a single bad row does not.
    pub(crate) fn note_error(&self, error: &DbError) {
        if matches!(error, DbError::NotWritable(_)) {
            self.gate.note_database_full();
        } else if error.is_temporary() {
            self.gate.note_database_error();
        }
    }

    /// Tells the breaker, and all processes, what this egress has just been through.
    async fn pace(
        &self,
        record: &GrantRecord,
        mut ticket: Ticket,
        outcome: &Outcome,
        settings: &WorkerSettings,
    ) {
        let egress = ticket.egress().clone();
        let verdict = Verdict::of(outcome);
        let now = BootInstant::now();
        ticket.report(now, verdict);
        let hold = |wait: Duration, reason: &str| EgressHold {
            egress: egress.to_string(),
            label: settings.egress_label(record).to_owned(),
            hold_until: self.clock.now() + wait,
            reason: reason.to_owned(),
        };
        let result = match (verdict, self.breakers.to_share(&egress, now)) {
            (Verdict::RetryAfter(wait), _) => {
                self.hold(&egress, &hold(wait, coordination::RETRY_AFTER))
                    .await
            }
            (Verdict::Failed, Some(until)) => {
                self.hold(&egress, &hold(until.since(now), coordination::CIRCUIT_OPEN))
                    .await
            }
            (Verdict::Healthy, _) if ticket.is_probe() => {
                tracing::info!(
                    egress = settings.egress_label(record),
                    "the egress works again"
                );
                coordination::close_circuit(&mut &self.db, egress.as_str())
                    .await
                    .map(|_| ())
            }
            _ => Ok(()),
        };
        if let Err(error) = result {
            tracing::warn!(error = %error, "the state of an egress could not be shared with other processes");
        }
    }

    async fn hold(&self, egress: &EgressKey, hold: &EgressHold) -> Result<(), DbError> {
        tracing::warn!(egress = %hold.label, reason = %hold.reason, until = %hold.hold_until.to_rfc3339(), "egress on hold");
        metrics::counter!("rtm_egress_holds_total", "reason" => hold.reason.clone()).increment(1);
        coordination::hold_egress(&mut &self.db, hold).await?;
        self.breakers.note_shared(egress, BootInstant::now());
        Ok(())
    }

    /// Leaves the attempt queued; the dispatcher pushes it again when it can be made.
    async fn give_back(&self, attempt: AttemptId) {
        if let Err(error) = attempts::given_back(&mut &self.db, attempt).await {
            tracing::debug!(%attempt, error = %error, "could not note that an attempt was given back");
        }
    }

    fn note_not_now(job: &RefreshJob, reason: &NotNow) {
        match reason {
            NotNow::Switched(name) => {
                tracing::debug!(attempt = %job.attempt, switch = %name, "not claimed");
            }
            NotNow::Reconnected => {
                tracing::debug!(attempt = %job.attempt, "not claimed: the database keeps making connections");
            }
            NotNow::Outdated => {
                tracing::debug!(attempt = %job.attempt, "not claimed: settings keep changing");
            }
            NotNow::OlderDatabase => {
                tracing::error!(attempt = %job.attempt, "not claimed: the database does not know what it had recorded");
            }
            NotNow::EgressPaused => {
                tracing::debug!(attempt = %job.attempt, "not claimed: egress paused");
            }
            NotNow::EgressHeld { until } => {
                tracing::debug!(attempt = %job.attempt, until = until.0, "not claimed: egress on hold");
            }
        }
    }

    fn open(
        &self,
        job: &RefreshJob,
        table: &str,
        column: &str,
        sealed: &[u8],
    ) -> Result<Secret, VaultError> {
        let row = job.credential.to_string();
        self.vault.open_secret(
            Place {
                table,
                row: &row,
                column,
            },
            sealed,
        )
    }
}

/// What a call needs, with its intent written down.
struct Prepared {
    client: EgressClient,
    request: TokenRequest,
    reservation: Reservation,
}

/// What a claim is worth.
#[derive(Debug, Clone)]
struct Standing {
    /// Until when the call may be sent.
    send_by: BootInstant,
    /// The stretch of contact with the database in which it was written.
    contact: u64,
    /// The settings that it was made with.
    settings: Arc<WorkerSettings>,
}

/// Why no call was made.
enum Unsent {
    /// A failure that the attempt ends with.
    Outcome(Outcome),
    /// The database was away since the claim, and nothing was begun.
    CutOff,
}
