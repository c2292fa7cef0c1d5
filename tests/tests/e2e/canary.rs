//! Secrets that must not appear: planted everywhere, searched for everywhere.

use std::{fs, path::Path};

use reqwest::Method;
use rt_manage_tests::{
    standin::{
        AccountSpec, Delivery, Fault, Options, StandIn,
        proxy::{Proxy, ProxyKind, ProxyOptions},
    },
    support::{NewCredential, RedisTap},
};
use serde_json::json;
use url::Url;

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if !path.ends_with("master.keys") {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

#[tokio::test]
async fn no_secret_is_in_logs_files_metrics_or_answers_that_may_not_have_it() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let proxy = Proxy::start(
        ProxyOptions::new(ProxyKind::Http).password("canary-user", "canary-proxy-password"),
    )
    .unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_LOG__LEVEL", "trace")
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .set("RTM_AUTH__API_SECRET", "canary-api-secret-0123456789")
        .set("RTM_SECURITY__METRICS_TOKEN", "canary-metrics-token");
    let tap = match builder.redis_url() {
        Some(url) => Some(RedisTap::start(url).await),
        None => None,
    };
    let system = builder.start().await;
    let admin = system.admin().await;
    let mut secrets: Vec<String> = [
        "canary-proxy-password",
        "canary-api-secret-0123456789",
        "canary-metrics-token",
        "a-secret-of-the-tests-with-enough-bytes",
        "correct horse battery",
        "canary-rejected-token",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut answers = Vec::new();
    let mut ids = Vec::new();
    for key in ["good", "proxied", "doubt", "dead"] {
        let refresh_token = format!("rt.1.canary-{key}-0123456789abcdef");
        let spec = AccountSpec {
            refresh_token: Some(refresh_token.clone()),
            ..AccountSpec::key(key)
        };
        let account = upstream.create_account(spec).unwrap();
        let url = proxy.url();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            proxy: (key == "proxied").then_some(url.as_str()),
            ..NewCredential::default()
        };
        let id = admin.create(new).await;
        secrets.push(refresh_token);
        answers.push(admin.credential(&id).await.to_string());
        ids.push(id);
    }
    upstream.set_fault(Fault::delivery(Delivery::Close { reset: true }).for_account("doubt"));
    upstream.set_fault(Fault::error(401, "refresh_token_invalidated").for_account("dead"));
    for key in ["good", "proxied", "doubt", "dead", "good"] {
        let public = system.public();
        let request = public
            .request(Method::POST, "/public-api/refresh")
            .header("X-API-Secret", "wrong-one")
            .json(&json!({"biz_id": key}));
        answers.push(public.send(request).await.body.to_string());
        let bare = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = bare
            .post(format!("{}/public-api/refresh", system.url()))
            .header("X-API-Secret", "canary-api-secret-0123456789")
            .json(&json!({"biz_id": key}));
        let answer = public.send(request).await;
        if answer.status == 200 {
            // This answer may have the access token; nothing else may.
            secrets.push(answer.text("/data/access_token").to_owned());
            let mut rest = answer.body.clone();
            rest["data"]["access_token"] = json!(null);
            answers.push(rest.to_string());
        } else {
            answers.push(answer.body.to_string());
        }
    }
    for ledger in upstream.ledger() {
        secrets.extend(ledger.tokens.into_iter().map(|token| token.refresh_token));
    }
    // Bad input is not repeated in answers or logs either.
    for body in [
        json!({"biz_id": "x", "refresh_token": "canary-rejected-token with spaces"}),
        json!({"biz_id": "x", "refresh_token": "ok", "proxy": "ftp://user:canary-rejected-token@host"}),
        json!({"biz_id": "x", "refresh_token": ["canary-rejected-token"]}),
    ] {
        let answer = admin.call(Method::POST, "/credentials", Some(body)).await;
        assert!(matches!(answer.status, 400 | 422), "{answer:?}");
        answers.push(answer.body.to_string());
    }
    answers.push(
        admin
            .call(Method::GET, "/credentials?page=1&page_size=50", None)
            .await
            .body
            .to_string(),
    );
    // What an operator is shown, and what its decisions are answered with.
    let mut looks = vec![
        (Method::GET, "/status".to_owned(), None),
        (Method::GET, "/orphans".to_owned(), None),
        (
            Method::GET,
            "/credentials?state=in_doubt,dead,held".to_owned(),
            None,
        ),
        (
            Method::POST,
            "/pause".to_owned(),
            Some(json!({"reason": "a test"})),
        ),
        (
            Method::POST,
            "/resume".to_owned(),
            Some(json!({"switch": "paused"})),
        ),
    ];
    for id in &ids {
        let path = format!("/credentials/{id}");
        let wait = Some(json!({"action": "keep_waiting"}));
        looks.push((Method::GET, format!("{path}/attempts"), None));
        looks.push((Method::POST, format!("{path}/resolve"), wait));
        looks.push((Method::POST, format!("{path}/retry"), None));
    }
    for (method, path, body) in looks {
        let answer = admin.call(method, &path, body).await;
        assert!(matches!(answer.status, 200 | 409), "{path}: {answer:?}");
        answers.push(answer.body.to_string());
    }
    for part in system.parts() {
        let ready = system.get_from(part, "/readyz").await;
        answers.push(ready.body.to_string());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let metrics = client
            .get(format!("{}/metrics", system.url_of(part)))
            .bearer_auth("canary-metrics-token")
            .send()
            .await
            .unwrap();
        assert_eq!(metrics.status(), 200, "{part}");
        answers.push(metrics.text().await.unwrap());
        assert_eq!(
            system.get_from(part, "/metrics").await.status,
            403,
            "{part}: a token is set, so loopback alone is not enough"
        );
    }

    let mut places: Vec<(String, Vec<u8>)> = Vec::new();
    files(builder.folder(), &mut places);
    // The password of the queue passes through Redis, and belongs nowhere else.
    let password = builder
        .redis_url()
        .and_then(|url| Some(Url::parse(url).unwrap().password()?.to_owned()));
    if let Some(password) = password {
        for (place, content) in &places {
            assert!(!contains(content, &password), "{place} contains a password");
        }
    }
    // What Redis holds now, and all that it has been told.
    places.extend(builder.redis_content());
    if let Some(tap) = &tap {
        let heard = tap.heard();
        let prefix = builder.redis_prefix().unwrap();
        assert!(contains(&heard, prefix), "there was something to hear");
        places.push(("commands to Redis".to_owned(), heard));
    }
    places.extend(
        answers
            .into_iter()
            .enumerate()
            .map(|(n, text)| (format!("answer {n}"), text.into_bytes())),
    );
    assert!(
        places.len() > 15 && secrets.len() > 12,
        "the search must have something to search"
    );
    for (place, content) in &places {
        for secret in &secrets {
            assert!(!contains(content, secret), "{place} contains a secret");
        }
    }
    // The search finds what is there: the e-mail address is stored openly.
    assert!(
        places
            .iter()
            .any(|(_, content)| contains(content, "good@") || contains(content, "proxied"))
    );
}
