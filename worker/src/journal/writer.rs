//! The writer thread: groups what waits, writes it in one piece, syncs once, then acknowledges.

use std::{
    fs::File,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    disk::Disk,
    entry::{Answer, Done, Entry, Intent, answer_overhead},
    error::JournalError,
    frame::to_u64,
    handle::{JournalOptions, Reservation, Shared},
    store::{Need, Store},
};

/// A failed journal tries again at this distance, so that readiness returns without a request.
const RETRY: Duration = Duration::from_secs(1);
/// At most this many commands form a group, so that the first of them does not wait for ever.
const GROUP: usize = 1024;
/// Length of the fingerprints in use (SHA-256 in hexadecimal), for the self-check's estimate.
const FINGERPRINT_LEN: usize = 64;

pub(super) type Reply<T> = oneshot::Sender<Result<T, JournalError>>;

pub(super) enum Command {
    Intent {
        intent: Intent,
        reply: Reply<Reservation>,
    },
    Answer {
        answer: Answer,
        reservation: Reservation,
        reply: Reply<()>,
    },
    Done {
        done: Done,
        reply: Reply<()>,
    },
    Close {
        reply: Reply<()>,
    },
}

/// Whom to tell that an entry stands.
enum Ack {
    Intent(Reservation, Reply<Reservation>),
    Plain(Reply<()>),
}

impl Ack {
    // A caller that no longer waits is no error; a reservation comes back by being dropped.
    fn tell(self, result: Result<(), JournalError>) {
        match self {
            Self::Intent(reservation, reply) => drop(reply.send(result.map(|()| reservation))),
            Self::Plain(reply) => drop(reply.send(result)),
        }
    }
}

/// Whether the thread goes on.
enum Flow {
    On,
    Closed(Reply<()>),
}

pub(super) struct Writer {
    pub(super) store: Store,
    answer_reserve_bytes: u64,
    shared: Arc<Shared>,
    waiting: Vec<(Entry, Ack)>,
    waiting_bytes: u64,
    failed: bool,
    /// Held as long as anything may be written.
    _lock: File,
}

impl Writer {
    pub(super) fn start(
        disk: Disk,
        options: &JournalOptions,
        shared: Arc<Shared>,
        lock: File,
    ) -> Result<Self, JournalError> {
        let mut writer = Self {
            store: Store::new(disk, options.segment_bytes, Arc::clone(&shared))?,
            answer_reserve_bytes: options.answer_reserve_bytes,
            shared,
            waiting: Vec::new(),
            waiting_bytes: 0,
            failed: false,
            _lock: lock,
        };
        writer.make_room(writer.intent_need(), Need::Refusable)?;
        writer.store.publish();
        Ok(writer)
    }

    pub(super) fn run(mut self, commands: &Receiver<Command>) {
        let closed = self.serve(commands);
        self.flush();
        self.store.close();
        let shared = Arc::clone(&self.shared);
        // Releases the lock before anybody hears that the journal is closed.
        drop(self);
        shared.update_health(|health| health.failure = Some(JournalError::Closed.to_string()));
        if let Some(reply) = closed {
            let _ = reply.send(Ok(()));
        }
    }

    /// Until somebody closes the journal (who is returned) or nobody holds it any more.
    fn serve(&mut self, commands: &Receiver<Command>) -> Option<Reply<()>> {
        loop {
            let first = match self.wait(commands) {
                Ok(command) => command,
                Err(RecvTimeoutError::Timeout) => {
                    self.check();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            };
            for command in std::iter::once(first).chain(commands.try_iter().take(GROUP)) {
                if let Flow::Closed(reply) = self.accept(command) {
                    return Some(reply);
                }
            }
            self.flush();
        }
    }

    fn wait(&self, commands: &Receiver<Command>) -> Result<Command, RecvTimeoutError> {
        if self.failed {
            commands.recv_timeout(RETRY)
        } else {
            commands.recv().map_err(|_| RecvTimeoutError::Disconnected)
        }
    }

    fn accept(&mut self, command: Command) -> Flow {
        match command {
            Command::Intent { intent, reply } => self.accept_intent(intent, reply),
            Command::Answer {
                answer,
                reservation,
                reply,
            } => {
                // From here on its room is this thread's to use.
                drop(reservation);
                self.enqueue(Entry::Answer(answer), Need::Urgent, Ack::Plain(reply));
            }
            Command::Done { done, reply } => {
                self.enqueue(Entry::Done(done), Need::Refusable, Ack::Plain(reply));
            }
            Command::Close { reply } => return Flow::Closed(reply),
        }
        Flow::On
    }

    fn accept_intent(&mut self, intent: Intent, reply: Reply<Reservation>) {
        let reserve = self
            .answer_reserve_bytes
            .saturating_add(answer_overhead(intent.rt_fp.len()));
        let entry = Entry::Intent(intent);
        let need = entry.frame_len().saturating_add(reserve);
        let result = check_length(&entry).and_then(|()| {
            self.make_room(need, Need::Refusable)
                .inspect_err(|error| self.fail(error))
        });
        match result {
            Ok(()) => {
                let reservation = self.shared.reserve(reserve);
                self.push(entry, Ack::Intent(reservation, reply));
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    fn enqueue(&mut self, entry: Entry, need: Need, ack: Ack) {
        let result = check_length(&entry).and_then(|()| {
            self.make_room(entry.frame_len(), need)
                .inspect_err(|error| {
                    if need == Need::Urgent {
                        self.fail(error);
                    }
                })
        });
        match result {
            Ok(()) => self.push(entry, ack),
            Err(error) => ack.tell(Err(error)),
        }
    }

    fn push(&mut self, entry: Entry, ack: Ack) {
        self.waiting_bytes = self.waiting_bytes.saturating_add(entry.frame_len());
        self.waiting.push((entry, ack));
    }

    /// Room for one more intent and its answer, as far as that can be known.
    fn intent_need(&self) -> u64 {
        self.answer_reserve_bytes
            .saturating_add(answer_overhead(FINGERPRINT_LEN).saturating_mul(2))
    }

    /// Afterwards the current segment holds what waits, all reservations, and `more`.
    fn make_room(&mut self, more: u64, need: Need) -> Result<(), JournalError> {
        match self.store.missing(self.waiting_bytes.saturating_add(more)) {
            Some(0) => return Ok(()),
            // Takes less of a disk that is nearly full than a new segment does.
            Some(missing) if need == Need::Urgent && self.store.extend(missing) => return Ok(()),
            _ => {}
        }
        // What waits belongs to the old segment, which has room for it.
        self.flush();
        if self.store.missing(more) == Some(0) {
            return Ok(());
        }
        self.store.rotate(more, need)
    }

    /// Writes what waits, syncs where an answer is among it, and acknowledges.
    fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.waiting_bytes);
        let waiting = std::mem::take(&mut self.waiting);
        let (entries, acks): (Vec<Entry>, Vec<Ack>) = waiting.into_iter().unzip();
        let result = self.store.write(entries, bytes);
        match &result {
            Ok(()) => {
                let count = to_u64(acks.len());
                self.shared
                    .update_health(|health| health.entries = health.entries.saturating_add(count));
                // Room for an answer is what counts; that something short still fitted says nothing.
                if acks.iter().any(|ack| matches!(ack, Ack::Intent(..))) {
                    self.recover();
                }
            }
            Err(error) => self.fail(error),
        }
        self.store.publish();
        for ack in acks {
            ack.tell(result.clone());
        }
    }

    /// Where the journal had failed: looks whether it works again.
    fn check(&mut self) {
        match self.make_room(self.intent_need(), Need::Refusable) {
            Ok(()) => self.recover(),
            Err(error) => self.fail(&error),
        }
        self.store.publish();
    }

    fn recover(&mut self) {
        if self.failed {
            tracing::info!("the journal accepts entries again");
            self.failed = false;
            self.shared.update_health(|health| health.failure = None);
        }
    }

    fn fail(&mut self, error: &JournalError) {
        if !self.failed {
            tracing::error!(%error, "the journal cannot be written: no refresh is started");
        }
        self.failed = true;
        self.shared
            .update_health(|health| health.failure = Some(error.to_string()));
    }
}

fn check_length(entry: &Entry) -> Result<(), JournalError> {
    if entry.fits_the_format() {
        Ok(())
    } else {
        Err(JournalError::TooLong(entry.frame_len()))
    }
}
