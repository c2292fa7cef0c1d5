//! The strict rules: single use, families, client ids, and what the ledger says of them.

use serde_json::json;

use super::{super::*, *};
use crate::standin::jwt::payload;

#[tokio::test]
async fn a_refresh_token_is_spent_by_one_use() {
    let standin = start();
    let first = account(&standin);
    let client = client();
    let (status, answer) = refresh(&client, &standin, &first.refresh_token).await;
    assert_eq!(status, 200);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 864_000);
    let second = token(&answer);
    assert!(second.starts_with("rt.1."));
    assert_eq!(standin.live_token("user001").as_ref(), Some(&second));

    let (status, answer) = refresh(&client, &standin, &first.refresh_token).await;
    assert_eq!((status, code(&answer)), (401, "refresh_token_reused"));
    let (status, _) = refresh(&client, &standin, &second).await;
    assert_eq!(status, 200, "without the switch, the family survives");

    let ledger = standin.account("user001").unwrap();
    assert_eq!(
        (ledger.tokens.len(), ledger.calls, ledger.reused),
        (3, 3, 1)
    );
    assert_eq!(ledger.tokens[0].spent_by_call, Some(1));
    assert_eq!(ledger.tokens[0].answer, Some(Written::Complete));
    assert_eq!(ledger.tokens[1].issued_by_call, Some(1));
    assert!(ledger.tokens[2].live && !ledger.tokens[1].live);
    let calls = standin.calls_of("user001");
    assert_eq!(
        calls[1].fingerprint,
        Some(fingerprint(&first.refresh_token))
    );
    assert!(calls[1].spent_before && !calls[1].rotated && calls[0].rotated);
    let totals = standin.stats();
    assert_eq!(
        (totals.token_calls, totals.finished, totals.rotations),
        (3, 3, 2)
    );
    assert_eq!(
        (totals.reused, totals.reuse_refused, totals.in_flight),
        (1, 1, 0)
    );
    assert_eq!(totals.max_concurrent_per_token, 1);
    assert_eq!(totals.by_status[&200], 2);
    assert_eq!(totals.connections, 1, "keep-alive");
}

#[tokio::test]
async fn tokens_carry_the_claims() {
    let standin = start();
    let account = standin
        .create_account(AccountSpec {
            email: Some("a@b.example".to_owned()),
            plan: Some("team".to_owned()),
            at_life_seconds: Some(60),
            access_token: true,
            ..AccountSpec::default()
        })
        .unwrap();
    let (_, answer) = refresh(&client(), &standin, &account.refresh_token).await;
    let access = payload(answer["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(
        access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(),
        60
    );
    assert_eq!(access["client_id"], CODEX_CLIENT_ID);
    let auth = &access["https://api.openai.com/auth"];
    assert_eq!(auth["chatgpt_account_id"], account.account_id);
    assert_eq!(auth["chatgpt_user_id"], account.user_id);
    assert_eq!(auth["chatgpt_plan_type"], "team");
    assert_eq!(
        access["https://api.openai.com/profile"]["email"],
        "a@b.example"
    );
    let id = payload(answer["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(id["email"], "a@b.example");
    let before = payload(account.access_token.as_deref().unwrap()).unwrap();
    assert_ne!(before["jti"], access["jti"]);
    assert_eq!(before["sub"], access["sub"]);
}

#[tokio::test]
async fn within_the_leeway_a_spent_token_gets_the_same_successor() {
    let standin = start_with(|defaults| defaults.reuse_leeway_ms = 3_600_000);
    let first = account(&standin).refresh_token;
    let client = client();
    let second = token(&refresh(&client, &standin, &first).await.1);
    assert_eq!(token(&refresh(&client, &standin, &first).await.1), second);
    assert_eq!(standin.stats().reused, 1);
    assert_eq!(standin.stats().rotations, 1);
    refresh(&client, &standin, &second).await;
    let (_, answer) = refresh(&client, &standin, &first).await;
    assert_eq!(
        code(&answer),
        "refresh_token_reused",
        "its successor is spent"
    );
    standin.set_defaults(|defaults| defaults.reuse_leeway_ms = 0);
    let (_, answer) = refresh(&client, &standin, &second).await;
    assert_eq!(code(&answer), "refresh_token_reused", "the leeway is over");
}

#[tokio::test]
async fn reuse_can_kill_the_family() {
    let standin = start_with(|defaults| defaults.reuse_revokes_family = true);
    let first = account(&standin).refresh_token;
    let client = client();
    let (_, answer) = refresh(&client, &standin, &first).await;
    let access = answer["access_token"].as_str().unwrap();
    assert!(standin.access_token_is_live(access));
    refresh(&client, &standin, &first).await;
    assert!(!standin.access_token_is_live(access));
    assert_eq!(standin.live_token("user001"), None);
    let (status, answer) = refresh(&client, &standin, &token(&answer)).await;
    assert_eq!((status, code(&answer)), (401, "refresh_token_invalidated"));
    assert_eq!(standin.stats().families_revoked, 1);
}

#[tokio::test]
async fn a_token_is_bound_to_its_client_and_must_exist() {
    let standin = start();
    let first = account(&standin).refresh_token;
    let client = client();
    let (status, answer) = refresh(&client, &standin, "rt.1.made-up").await;
    assert_eq!((status, code(&answer)), (401, "token_expired"));
    let other = body(&first, "app_other");
    let post = || client.post(standin.token_url()).json(&other).send();
    let response = post().await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(code(&response.json().await.unwrap()), "invalid_grant");
    standin.set_defaults(|defaults| defaults.client_mismatch = ClientMismatch::InvalidClient);
    let response = post().await.unwrap();
    assert_eq!(code(&response.json().await.unwrap()), "invalid_client");
    assert_eq!(standin.live_token("user001"), Some(first), "still unspent");
}

#[tokio::test]
async fn incomplete_requests_are_refused() {
    let standin = start();
    let client = client();
    for (body, wanted) in [
        (
            json!({"client_id": "x", "refresh_token": "y"}),
            "unsupported_grant_type",
        ),
        (
            json!({"grant_type": "refresh_token", "client_id": "x"}),
            "invalid_request",
        ),
        (
            json!({"grant_type": "refresh_token", "refresh_token": "x"}),
            "invalid_request",
        ),
        (json!([]), "invalid_request"),
    ] {
        let response = client.post(standin.token_url()).json(&body).send().await;
        let response = response.unwrap();
        assert_eq!(response.status(), 400, "{body}");
        assert_eq!(code(&response.json().await.unwrap()), wanted, "{body}");
    }
}

#[tokio::test]
async fn forms_are_understood_and_recorded() {
    let standin = start();
    let first = account(&standin).refresh_token;
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", CODEX_CLIENT_ID),
        ("refresh_token", first.as_str()),
        ("redirect_uri", "com.openai.chat://x"),
    ];
    let (status, _) = post_form(&client(), standin.token_url(), &fields).await;
    assert_eq!(status, 200);
    let call = &standin.calls()[0];
    assert_eq!(call.body, BodyFormat::Form);
    assert_eq!(call.redirect_uri.as_deref(), Some("com.openai.chat://x"));
    assert_eq!(call.account.as_deref(), Some("user001"));
}

#[tokio::test]
async fn sign_in_clients_have_an_endpoint_of_their_own() {
    let standin = start();
    let account = standin
        .create_account(AccountSpec {
            client_id: Some("oaiapp_1".to_owned()),
            ..AccountSpec::default()
        })
        .unwrap();
    let client = client();
    let mut fields = vec![
        ("grant_type", "refresh_token"),
        ("client_id", "oaiapp_1"),
        ("refresh_token", account.refresh_token.as_str()),
    ];
    let (_, answer) = post_form(&client, standin.accounts_token_url(), &fields).await;
    assert_eq!(code(&answer), "invalid_request", "no resource");
    fields.push(("resource", "https://api.openai.com/v1"));
    let (_, answer) = post_form(&client, standin.token_url(), &fields).await;
    assert_eq!(code(&answer), "invalid_client", "the other endpoint");
    let (status, answer) = post_form(&client, standin.accounts_token_url(), &fields).await;
    assert_eq!((status, &answer["expires_in"]), (200, &json!(3600)));
}

#[tokio::test]
async fn revocation_ends_the_session_and_never_fails() {
    let standin = start();
    let first = account(&standin).refresh_token;
    let client = client();
    for token in ["unknown", first.as_str()] {
        let response = client
            .post(standin.revoke_url())
            .json(&json!({"token": token, "token_type_hint": "refresh_token", "client_id": CODEX_CLIENT_ID}))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
    }
    let (_, answer) = refresh(&client, &standin, &first).await;
    assert_eq!(code(&answer), "refresh_token_invalidated");
    assert_eq!(standin.stats().revocations, 2);
    let keys = format!("{}/.well-known/jwks.json", standin.url());
    let keys: Value = client.get(keys).send().await.unwrap().json().await.unwrap();
    assert_eq!(keys, json!({"keys": []}));
}

#[tokio::test]
async fn the_audit_tells_held_from_lost() {
    let standin = start();
    let spec = AccountSpec {
        count: Some(4),
        ..AccountSpec::default()
    };
    let accounts = standin.create_accounts(&spec).unwrap();
    let client = client();
    let first = &accounts[0].refresh_token;
    let second = token(&refresh(&client, &standin, first).await.1);
    refresh(&client, &standin, &accounts[1].refresh_token).await;
    standin
        .end_session("user003", 401, "app_session_terminated")
        .unwrap();
    let audit = standin.audit([
        // The database has the old one, a journal the new one.
        ("user001", first),
        ("user001", &second),
        ("user002", &accounts[1].refresh_token),
        ("user003", &accounts[2].refresh_token),
        ("nobody", &second),
    ]);
    assert_eq!(audit.held, 1);
    assert_eq!(audit.lost_keys(), ["user002"]);
    assert_eq!(audit.lost[0].stored_position, Some(0));
    assert_eq!(audit.lost[0].lost_in.as_ref().unwrap().number, 2);
    assert_eq!(audit.ended[0].key, "user003");
    assert_eq!(audit.not_stored, ["user004"]);
    assert_eq!(audit.unknown, ["nobody"]);
    assert!(!audit.is_clean());
}

#[tokio::test]
async fn chunked_request_bodies_are_read() {
    let standin = start();
    let first = account(&standin).refresh_token;
    let body = body(&first, CODEX_CLIENT_ID).to_string();
    let (start, end) = body.split_at(7);
    let request = format!(
        "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n\
         transfer-encoding: chunked\r\n\r\n7\r\n{start}\r\n{:x}\r\n{end}\r\n0\r\n\r\n",
        end.len()
    );
    let mut stream = TcpStream::connect(standin.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}
