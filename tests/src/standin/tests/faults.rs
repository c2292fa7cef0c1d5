//! Explicit answers, altered successes and which fault a call meets.

use serde_json::{Map, json};

use super::{super::*, *};

fn error(shape: ErrorShape) -> Fault {
    Fault::answer(Answer::Error(ErrorAnswer {
        status: 403,
        code: Some("some_code".to_owned()),
        message: "text".to_owned(),
        shape,
        ..ErrorAnswer::default()
    }))
}

#[tokio::test]
async fn every_error_shape() {
    let standin = start();
    let first = account(&standin).refresh_token;
    let client = client();
    for (shape, wanted) in [
        (
            ErrorShape::Nested,
            r#"{"error":{"code":"some_code","message":"text","param":null,"type":"invalid_request_error"}}"#,
        ),
        (
            ErrorShape::StringError,
            r#"{"error":"some_code","error_description":"text"}"#,
        ),
        (
            ErrorShape::TopLevelCode,
            r#"{"code":"some_code","message":"text"}"#,
        ),
        (ErrorShape::EmptyError, r#"{"error":{}}"#),
        (ErrorShape::EmptyBody, ""),
    ] {
        standin.set_fault(error(shape).times(1));
        let response = send(&client, &standin, &first).await.unwrap();
        assert_eq!(response.status(), 403);
        assert_eq!(response.text().await.unwrap(), wanted);
    }
    standin.set_fault(Fault::answer(Answer::Error(ErrorAnswer {
        status: 403,
        shape: ErrorShape::Html,
        cf_challenge: true,
        ..ErrorAnswer::default()
    })));
    let response = send(&client, &standin, &first).await.unwrap();
    assert_eq!(response.headers()["cf-mitigated"], "challenge");
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    standin.clear_faults();
    assert_eq!(refresh(&client, &standin, &first).await.0, 200);
    let codes: Vec<_> = standin.calls().into_iter().map(|call| call.code).collect();
    let some = || Some("some_code".to_owned());
    assert_eq!(codes, [some(), some(), some(), None, None, None, None]);
}

#[tokio::test]
async fn retry_after_in_both_forms() {
    let standin = start();
    let first = account(&standin).refresh_token;
    let client = client();
    let busy = |retry_after| {
        Fault::answer(Answer::Error(ErrorAnswer {
            status: 429,
            retry_after: Some(retry_after),
            ..ErrorAnswer::default()
        }))
        .times(1)
    };
    standin.set_fault(busy(RetryAfter::Seconds(7)));
    standin.set_fault(busy(RetryAfter::DateInSeconds(60)));
    let response = send(&client, &standin, &first).await.unwrap();
    assert_eq!(response.headers()["retry-after"], "7");
    let response = send(&client, &standin, &first).await.unwrap();
    let date = response.headers()["retry-after"].to_str().unwrap();
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(date)
        .unwrap();
    let ahead = date.as_millisecond() - standin.calls()[1].at_ms;
    assert!((60_000..62_000).contains(&ahead), "{ahead}");
}

#[tokio::test]
async fn an_error_can_come_after_the_rotation() {
    let standin = start();
    let first = account(&standin).refresh_token;
    let client = client();
    standin.set_fault(Fault::error(500, "server_error").times(1));
    standin.set_fault(Fault::error(500, "server_error").after_rotation().times(1));
    assert_eq!(refresh(&client, &standin, &first).await.0, 500);
    assert_eq!(standin.live_token("user001"), Some(first.clone()));
    assert_eq!(refresh(&client, &standin, &first).await.0, 500);
    assert_ne!(standin.live_token("user001"), Some(first.clone()));
    let (_, answer) = refresh(&client, &standin, &first).await;
    assert_eq!(code(&answer), "refresh_token_reused");
    assert_eq!(
        standin.audit([("user001", &first)]).lost_keys(),
        ["user001"]
    );
}

#[tokio::test]
async fn redirects_are_answered_and_following_is_noticed() {
    let standin = start();
    let first = account(&standin).refresh_token;
    standin.set_fault(Fault::answer(Answer::Redirect { location: None }).times(2));
    let response = send(&client(), &standin, &first).await.unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(standin.stats().redirects_followed, 0);
    let follows = builder()
        .redirect(reqwest::redirect::Policy::limited(3))
        .build()
        .unwrap();
    send(&follows, &standin, &first).await.unwrap();
    assert_eq!(standin.stats().redirects_followed, 1);
    assert_eq!(standin.live_token("user001"), Some(first));
}

#[tokio::test]
async fn successes_with_something_missing_or_strange() {
    let standin = start();
    let first = account(&standin).refresh_token;
    let client = client();
    let omit = |fields: &[TokenField]| {
        Fault::altered(Alteration {
            omit: fields.to_vec(),
            ..Alteration::default()
        })
        .times(1)
    };
    standin.set_fault(omit(&[TokenField::RefreshToken]));
    let (_, answer) = refresh(&client, &standin, &first).await;
    assert!(answer.get("refresh_token").is_none() && answer.get("access_token").is_some());
    assert_eq!(standin.live_token("user001"), Some(first.clone()), "kept");

    standin.set_fault(omit(&[TokenField::AccessToken, TokenField::IdToken]));
    let (_, answer) = refresh(&client, &standin, &first).await;
    assert!(answer.get("access_token").is_none() && answer.get("id_token").is_none());
    let second = token(&answer);

    standin.set_fault(omit(&[
        TokenField::AccessToken,
        TokenField::RefreshToken,
        TokenField::IdToken,
    ]));
    let (_, answer) = refresh(&client, &standin, &second).await;
    assert_eq!(answer.as_object().unwrap().len(), 3, "{answer}");

    let mut extra = Map::new();
    extra.insert("brand_new".to_owned(), json!([1]));
    standin.set_fault(
        Fault::altered(Alteration {
            extra,
            unreadable_access_token: true,
            ..Alteration::default()
        })
        .times(1),
    );
    let (_, answer) = refresh(&client, &standin, &second).await;
    assert_eq!(answer["brand_new"], json!([1]));
    assert!(!answer["access_token"].as_str().unwrap().contains('.'));
    let third = token(&answer);

    standin.set_fault(Fault::altered(Alteration {
        garbage: true,
        ..Alteration::default()
    }));
    let response = send(&client, &standin, &third).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.json::<Value>().await.is_err());
    assert_ne!(
        standin.live_token("user001"),
        Some(third),
        "spent all the same"
    );
}

#[tokio::test]
async fn which_fault_applies() {
    let standin = start();
    let spec = AccountSpec {
        count: Some(2),
        ..AccountSpec::default()
    };
    let accounts = standin.create_accounts(&spec).unwrap();
    let client = client();
    let lasting = standin.set_fault(Fault::error(500, "lasting"));
    standin.set_fault(Fault::error(500, "second").skip(1).times(1));
    standin.set_fault(Fault::error(500, "of_one").for_account("user002").times(1));
    for (account, wanted) in [(1, "of_one"), (1, "lasting"), (0, "second"), (0, "lasting")] {
        let (_, answer) = refresh(&client, &standin, &accounts[account].refresh_token).await;
        assert_eq!(code(&answer), wanted);
    }
    let left = standin.faults();
    assert_eq!((left.len(), left[0].id, left[0].applied), (1, lasting, 2));
    assert_eq!(standin.calls()[3].fault, Some(lasting));
    assert!(standin.clear_fault(lasting) && !standin.clear_fault(lasting));
    assert_eq!(
        refresh(&client, &standin, &accounts[0].refresh_token)
            .await
            .0,
        200
    );
}
