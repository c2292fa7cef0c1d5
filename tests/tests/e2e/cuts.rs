//! The upstream's answer cut, reset or hung at telling places, through the running system. Every byte is in
//! `worker/src/cut_tests`; here it is seen that the processes make of it what the judgement says.

use rt_manage_shared::{
    db::grants,
    model::grant::State,
    vault::{Fingerprint, Secret},
};
use rt_manage_tests::{
    standin::{
        AccountSpec, Delivery, Fault, Options, StandIn,
        proxy::{Proxy, ProxyKind, ProxyOptions},
    },
    support::NewCredential,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use super::support::database;

/// All bytes of a good answer, as they are sent to a proxy. Answers to accounts with keys of one length are equally long.
async fn whole(upstream: &StandIn, key: &str) -> String {
    let account = upstream.create_account(AccountSpec::key(key)).unwrap();
    let body = json!({
        "client_id": account.client_id,
        "grant_type": "refresh_token",
        "refresh_token": account.refresh_token,
    })
    .to_string();
    let head = format!(
        "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(upstream.address()).await.unwrap();
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Telling places of an answer, and where its refresh token is whole.
fn places(answer: &str) -> (Vec<usize>, usize) {
    let start = |field: &str| answer.find(&format!("\"{field}\":\"")).unwrap() + field.len() + 4;
    let token = start("refresh_token");
    let whole = token + answer[token..].find('"').unwrap() + 1;
    let head = answer.find("\r\n\r\n").unwrap() + 4;
    let places = vec![
        1,
        12,
        head,
        start("access_token") + 30,
        start("id_token") + 30,
        token + 30,
        whole - 1,
        whole,
        answer.len() - 1,
    ];
    (places, whole)
}

#[tokio::test]
async fn an_answer_that_breaks_off_anywhere_loses_nothing_in_silence() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual");
    let system = builder.start().await;
    let admin = system.admin().await;
    let (places, whole) = places(&whole(&upstream, "whole").await);
    let mut proxies = Vec::new();
    let mut refreshes = JoinSet::new();
    for (number, at_byte) in places.into_iter().enumerate() {
        for (way, delivery) in [
            (
                "fin",
                Delivery::Cut {
                    at_byte,
                    reset: false,
                },
            ),
            (
                "rst",
                Delivery::Cut {
                    at_byte,
                    reset: true,
                },
            ),
            ("hng", Delivery::Hang { at_byte }),
        ] {
            let key = format!("{way}{number:02}");
            let account = upstream.create_account(AccountSpec::key(&key)).unwrap();
            let fault = Fault::delivery(delivery).for_account(&key).times(1);
            upstream.set_fault(fault);
            // An egress of its own: so many failures of one would open its circuit.
            let proxy = Proxy::start(ProxyOptions::new(ProxyKind::Http)).unwrap();
            let new = NewCredential {
                biz_id: &key,
                refresh_token: &account.refresh_token,
                proxy: Some(&proxy.url()),
                ..NewCredential::default()
            };
            let id = admin.create(new).await;
            proxies.push(proxy);
            let public = system.public();
            refreshes.spawn(async move {
                let answer = public.refresh(&key).await;
                (key, id, at_byte, account.refresh_token, answer)
            });
        }
    }
    let db = database(&builder).await;
    while let Some(refreshed) = refreshes.join_next().await {
        let (key, id, at_byte, spent, answer) = refreshed.unwrap();
        let place = format!("{key}, {at_byte} bytes");
        let stored = grants::read_one(&mut &db, id.parse().unwrap()).await;
        let grant = stored.unwrap().unwrap().grant;
        let ledger = upstream.account(&key).unwrap();
        assert_eq!((ledger.calls, ledger.reused), (1, 0), "{place}");
        let live = ledger.live.unwrap();
        assert_ne!(live, spent, "{place}: it was rotated");
        let again = system.public().refresh(&key).await;
        if at_byte >= whole {
            assert_eq!(answer.status, 200, "{place}: {answer:?}");
            assert_eq!(grant.state, State::Idle, "{place}");
            assert_eq!(grant.rt_fp, Fingerprint::of(&Secret::new(live)), "{place}");
            assert_eq!(again.status, 200, "{place}: {again:?}");
        } else {
            assert_eq!(
                answer.text("/data/outcome"),
                "ambiguous",
                "{place}: {answer:?}"
            );
            assert_eq!(grant.state, State::InDoubt, "{place}");
            assert_eq!(admin.state(&id).await, "in_doubt", "{place}");
            assert_eq!(grant.rt_fp, Fingerprint::of(&Secret::new(spent)), "{place}");
            assert_eq!((again.status, again.code()), (409, "in_doubt"), "{place}");
            assert_eq!(upstream.account(&key).unwrap().calls, 1, "{place}");
        }
        assert_eq!(upstream.account(&key).unwrap().reused, 0, "{place}");
    }
}
