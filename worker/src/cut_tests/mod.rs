//! The upstream's answer cut, reset or hung at every byte of head and body, over real HTTP, through the real client, the
//! judgement and the grant's transition. Whatever is torn: a token that may be spent is never taken for a fresh one, no
//! verdict comes from a part that did not arrive, and nobody calls twice.

mod cases;
mod wire;

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::{BootInstant, Millis},
    config::Config,
    id::{AttemptId, CredentialId},
    model::grant::{Context, Grant, State},
    openai::{CODEX_CLIENT_ID, Egress, TokenRequest, classify},
    vault::{Fingerprint, Keyring, Secret, Vault},
};
use rt_manage_tests::standin::{AccountSpec, Delivery, Fault, Options, StandIn};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
};
use url::Url;

use self::wire::Wire;
use crate::{
    WorkerSettings,
    egress::{ClientOptions, Clients, EgressClient, call},
    finished::{CallFacts, Finished, Sealing},
};

/// Longest time to send: nothing here is about being late.
const SEND_BUDGET: Duration = Duration::from_mins(1);
/// Where an answer ends by being cut, no deadline matters.
const NO_DEADLINE: Duration = Duration::from_mins(1);
/// How long an answer that hangs is waited for. What has not arrived by then on a busy machine is waited for longer.
const DEADLINES: [Duration; 3] = [
    Duration::from_millis(300),
    Duration::from_secs(3),
    Duration::from_secs(20),
];
/// Calls at once: two file descriptors each, of which 1024 are usual.
const AT_ONCE: usize = 256;

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Fin,
    Rst,
    Hang,
}

/// What must come of an answer of which so many bytes arrive.
struct Expected {
    /// Fewer bytes: the decisive part is not whole, and the credential is in doubt.
    decisive: usize,
    /// So many bytes, or more: the verdict of the whole answer. In between, both are right.
    certain: usize,
    /// So many bytes look like another whole answer, and mean the same.
    looks_whole: Option<usize>,
    /// The grant after the whole answer.
    state: fn(&State) -> bool,
}

impl Expected {
    /// Decided from one byte to the next.
    fn from(byte: usize, state: fn(&State) -> bool) -> Self {
        Self::between(byte, byte, state)
    }

    fn between(decisive: usize, certain: usize, state: fn(&State) -> bool) -> Self {
        Self {
            decisive,
            certain,
            looks_whole: None,
            state,
        }
    }
}

/// One kind of answer.
struct Bench {
    upstream: StandIn,
    url: Url,
    client: EgressClient,
    vault: Vault,
    settings: WorkerSettings,
    fault: Fault,
}

impl Bench {
    fn new(fault: Fault) -> Self {
        let upstream = StandIn::start(Options::default()).unwrap();
        let clients = Clients::new(ClientOptions::default());
        Self {
            url: Url::parse(&upstream.token_url()).unwrap(),
            upstream,
            client: clients
                .get(&Egress::Direct, Duration::from_secs(10))
                .unwrap(),
            vault: Vault::new(Keyring::parse(&Keyring::generate_text("k1")).unwrap()),
            settings: WorkerSettings::resolve(&Config::default()).unwrap(),
            fault,
        }
    }

    /// All bytes of such an answer.
    async fn whole(&self) -> Vec<u8> {
        let token = self.account("whole0");
        let cut = Delivery::Cut {
            at_byte: usize::MAX,
            reset: false,
        };
        self.set("whole0", cut);
        let request = TokenRequest::build(&self.url, CODEX_CLIENT_ID, &Secret::new(token));
        let mut stream = TcpStream::connect(self.upstream.address()).await.unwrap();
        let head = format!(
            "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            request.body().len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(request.body()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    }

    /// A new account; all keys of one length give answers of one length.
    fn account(&self, key: &str) -> String {
        let made = self.upstream.create_account(AccountSpec::key(key));
        made.unwrap().refresh_token
    }

    fn set(&self, key: &str, delivery: Delivery) {
        let fault = Fault {
            delivery,
            ..self.fault.clone()
        };
        self.upstream.set_fault(fault.for_account(key));
    }

    /// One refresh of a new account, of whose answer `at` bytes arrive: the grant afterwards.
    async fn refresh(&self, key: &str, at: usize, end: End, deadline: Duration) -> Grant {
        let token = Secret::new(self.account(key));
        let at_byte = at;
        self.set(
            key,
            match end {
                End::Fin => Delivery::Cut {
                    at_byte,
                    reset: false,
                },
                End::Rst => Delivery::Cut {
                    at_byte,
                    reset: true,
                },
                End::Hang => Delivery::Hang { at_byte },
            },
        );
        let request = TokenRequest::build(&self.url, CODEX_CLIENT_ID, &token);
        let send_by = BootInstant::now() + SEND_BUDGET;
        let result = call(&self.client, request, send_by, deadline).await;
        let (credential, attempt) = (CredentialId::generate(), AttemptId::generate());
        let now = Millis(1_700_000_000_000);
        let outcome = classify(&result, now);
        let spent = Fingerprint::of(&token);
        let sealing = Sealing {
            vault: &self.vault,
            default_life: self.settings.default_life,
        };
        let finished = Finished::new(
            attempt,
            credential,
            spent.clone(),
            &outcome,
            now,
            CallFacts::default(),
            &sealing,
        )
        .unwrap();
        let ctx = Context {
            now,
            enabled: true,
            policy: &self.settings.policy,
            jitter: 0.5,
        };
        let grant = Grant::new(credential, spent, None, &ctx);
        let claimed = grant.request(attempt, &ctx).unwrap().claim(attempt);
        let code = finished.code.as_deref();
        let grant = claimed
            .unwrap()
            .finish(attempt, &finished.spent, &finished.verdict, code, &ctx)
            .unwrap();
        let ledger = self.upstream.account(key).unwrap();
        assert_eq!((ledger.calls, ledger.reused), (1, 0), "{at} {end:?}");
        if finished.successor().is_some() {
            let live = Secret::new(ledger.live.unwrap());
            assert_eq!(grant.rt_fp, Fingerprint::of(&live), "{at} {end:?}");
        } else {
            assert_eq!(grant.rt_fp, finished.spent, "{at} {end:?}");
        }
        grant
    }

    /// Whether what must hold at this byte does.
    async fn holds(&self, at: usize, end: End, expected: &Expected) {
        let deadlines = match end {
            End::Hang => &DEADLINES[..],
            End::Fin | End::Rst => &[NO_DEADLINE],
        };
        for (try_number, deadline) in deadlines.iter().enumerate() {
            let key = format!("{try_number}{at:05}");
            let grant = self.refresh(&key, at, end, *deadline).await;
            let doubtful = grant.state == State::InDoubt && grant.doubt.is_some();
            if at < expected.decisive && expected.looks_whole != Some(at) {
                assert!(doubtful, "{at} bytes, {end:?}: {grant:?}");
                return;
            }
            if (expected.state)(&grant.state) {
                return;
            }
            assert!(doubtful, "{at} bytes, {end:?}: {grant:?}");
            if at < expected.certain {
                return;
            }
            // It hung after its last byte, and this machine was too busy to see that byte in time.
            assert_eq!(end, End::Hang, "{at} bytes: {grant:?}");
        }
        panic!("{at} bytes, {end:?}: the answer was never seen");
    }
}

/// Cuts, resets and hangs at every byte.
async fn at_every_byte(fault: Fault, expect: impl Fn(&Wire) -> Expected) {
    for end in [End::Fin, End::Rst, End::Hang] {
        let bench = Arc::new(Bench::new(fault.clone()));
        let wire = Wire(bench.whole().await);
        let expected = Arc::new(expect(&wire));
        assert!(expected.decisive <= expected.certain);
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let mut calls = JoinSet::new();
        for at in 0..wire.0.len() {
            let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
            let (bench, expected) = (Arc::clone(&bench), Arc::clone(&expected));
            calls.spawn(async move {
                bench.holds(at, end, &expected).await;
                drop(permit);
            });
        }
        while let Some(ended) = calls.join_next().await {
            ended.unwrap();
        }
    }
}
