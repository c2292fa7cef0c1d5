//! The database goes away while calls are under way: nothing new is sent, and every answer in hand is applied when
//! it comes back.

use std::{net::SocketAddr, time::Duration};

use rt_manage_tests::{
    standin::{AccountSpec, GatePoint, GateSpec, Options, StandIn},
    support::{Forwarder, NewCredential, System, SystemBuilder, until},
};

use super::support::database;

/// A database that the test can take away and give back.
enum Outage {
    /// Another program holds SQLite's write lock.
    Locked(SystemBuilder),
    /// The server's connections are cut and refused.
    Cut(Forwarder),
}

impl Outage {
    async fn prepare(builder: SystemBuilder) -> (SystemBuilder, Self) {
        let variable = |name: &str| {
            let found = builder
                .environment()
                .iter()
                .find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        let (Some(host), Some(port)) = (
            variable("RTM_DATABASE__HOST"),
            variable("RTM_DATABASE__PORT"),
        ) else {
            return (builder.clone(), Self::Locked(builder));
        };
        let target: SocketAddr = format!("{host}:{port}").parse().unwrap();
        let forwarder = Forwarder::start(target).await;
        let port = forwarder.address().port().to_string();
        (
            builder.set("RTM_DATABASE__PORT", &port),
            Self::Cut(forwarder),
        )
    }

    /// Takes the database away while `during` runs.
    async fn while_away<F: Future<Output = ()>>(&self, during: F) {
        match self {
            Self::Locked(builder) => {
                let lock = database(builder).await.begin().await.unwrap();
                during.await;
                drop(lock);
            }
            Self::Cut(forwarder) => {
                forwarder.cut();
                during.await;
                forwarder.mend();
            }
        }
    }
}

/// What `/readyz` of each process answers.
async fn readiness(system: &System) -> Vec<u16> {
    let mut answers = Vec::new();
    for part in system.parts() {
        answers.push(system.get_from(part, "/readyz").await.status);
    }
    answers
}

#[tokio::test]
async fn answers_in_hand_survive_an_outage_and_nothing_new_is_sent() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let (builder, outage) =
        Outage::prepare(crate::system(&upstream.token_url()).patient().manual()).await;
    let system = builder
        .set("RTM_SERVER__REFRESH_WAIT_SECONDS", "4")
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .start()
        .await;
    let admin = system.admin().await;
    let keys = ["a", "b", "c", "later"];
    for key in keys {
        let account = upstream.create_account(AccountSpec::key(key)).unwrap();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
    }
    let gate = upstream.gate(GateSpec::at(GatePoint::AfterRotation));
    let callers: Vec<_> = ["a", "b", "c"]
        .map(|key| {
            let public = system.public();
            tokio::spawn(async move { public.try_refresh(key).await })
        })
        .into();
    gate.reached(3).await.unwrap();
    outage
        .while_away(async {
            gate.release();
            until("the outage is noticed", || async {
                system.log().contains("commit failed")
            })
            .await;
            let public = system.public();
            let limit = Duration::from_secs(30);
            let refused = tokio::time::timeout(limit, public.refresh("later"))
                .await
                .unwrap();
            assert!(matches!(refused.status, 503 | 504), "{refused:?}");
            assert_eq!(upstream.calls_of("later").len(), 0, "nothing new is sent");
            let ready = readiness(&system).await;
            assert!(ready.contains(&503), "{ready:?}");
        })
        .await;
    for caller in callers {
        let _ = caller.await.unwrap();
    }
    for key in ["a", "b", "c"] {
        until("the answer is applied after the outage", || async {
            system.public().get_at(key).await.status == 200
        })
        .await;
    }
    until("the system is ready again", || async {
        readiness(&system).await.iter().all(|status| *status == 200)
    })
    .await;
    until("work goes on", || async {
        system.public().refresh("later").await.status == 200
    })
    .await;
    let stats = upstream.stats();
    assert_eq!((stats.reused, stats.max_concurrent_per_token), (0, 1));
}
