//! Every row of the upstream's error table, through the running system: what the credential becomes, and what
//! the caller is told.

use rt_manage_tests::{
    standin::{AccountSpec, Alteration, Delivery, ErrorShape, Fault, Options, StandIn, TokenField},
    support::{Admin, NewCredential, System, SystemBuilder},
};
use serde_json::json;

struct House {
    upstream: StandIn,
    system: System,
    admin: Admin,
}

impl House {
    async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(change: impl FnOnce(SystemBuilder) -> SystemBuilder) -> Self {
        let upstream = StandIn::start(Options::default()).unwrap();
        let builder = change(crate::system(&upstream.token_url()))
            .manual()
            .set("RTM_REFRESH__COALESCE_SECONDS", "0")
            .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual");
        let system = builder.start().await;
        let admin = system.admin().await;
        Self {
            upstream,
            system,
            admin,
        }
    }

    async fn credential(&self, key: &str) -> String {
        let account = self.upstream.create_account(AccountSpec::key(key)).unwrap();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        self.admin.create(new).await
    }

    /// A good refresh in between, so that failures do not add up to an open circuit.
    async fn calm(&self, key: &str) {
        let answer = self.system.public().refresh(key).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[tokio::test]
async fn each_error_has_its_outcome() {
    // Each worker has circuit breakers of its own: with several, all the good refreshes could happen in another one than
    // the failures that they are to keep apart.
    let house = House::with(|builder| builder.workers(1)).await;
    house.credential("calm").await;
    let table = [
        (401, "refresh_token_reused", "rejected", "dead"),
        (400, "refresh_token_reused", "rejected", "dead"),
        (401, "refresh_token_invalidated", "rejected", "dead"),
        (401, "refresh_token_expired", "rejected", "dead"),
        (401, "token_expired", "rejected", "dead"),
        (400, "invalid_refresh_token", "rejected", "dead"),
        (400, "app_session_terminated", "rejected", "dead"),
        (400, "app_session_expired", "rejected", "dead"),
        (400, "invalid_grant", "rejected", "dead"),
        (401, "account_deactivated", "rejected", "dead"),
        (400, "token_revoked", "rejected", "dead"),
        (401, "token_invalidated", "rejected", "dead"),
        (401, "invalid_client", "held", "held"),
        (400, "unauthorized_client", "held", "held"),
        (403, "unsupported_country_region_territory", "held", "held"),
        (403, "", "transient", "idle"),
        (425, "", "transient", "idle"),
        (429, "rate_limit_exceeded", "transient", "idle"),
        (503, "", "transient", "idle"),
        (408, "", "ambiguous", "in_doubt"),
        (500, "server_error", "ambiguous", "in_doubt"),
        (502, "", "ambiguous", "in_doubt"),
        (401, "", "ambiguous", "in_doubt"),
    ];
    for (row, (status, code, outcome, state)) in table.into_iter().enumerate() {
        let shapes = [
            ErrorShape::Nested,
            ErrorShape::StringError,
            ErrorShape::TopLevelCode,
        ];
        let shape = if code.is_empty() {
            ErrorShape::Html
        } else {
            shapes[row % shapes.len()]
        };
        let key = format!("row{row}");
        let id = house.credential(&key).await;
        house
            .upstream
            .set_fault(Fault::error(status, code).shape(shape).for_account(&key));
        let answer = house.system.public().refresh(&key).await;
        assert_eq!(
            (answer.status, answer.code()),
            (500, "refresh_failed"),
            "row {row}: {answer:?}"
        );
        assert_eq!(
            answer.text("/data/outcome"),
            outcome,
            "row {row}: {status} {code}: {answer:?}"
        );
        assert_eq!(
            house.admin.state(&id).await,
            state,
            "row {row}: {status} {code}"
        );
        let account = house.upstream.account(&key).unwrap();
        assert_eq!(account.calls, 1, "row {row}: one attempt is one call");
        house.calm("calm").await;
    }
}

#[tokio::test]
async fn the_dead_the_held_and_the_doubtful_are_not_called_again() {
    let house = House::new().await;
    house.credential("calm").await;
    for (key, fault, code) in [
        (
            "dead",
            Fault::error(401, "refresh_token_invalidated"),
            "dead",
        ),
        ("held", Fault::error(401, "invalid_client"), "held"),
        (
            "doubt",
            Fault::delivery(Delivery::Close { reset: true }),
            "in_doubt",
        ),
    ] {
        house.credential(key).await;
        house.upstream.set_fault(fault.for_account(key));
        assert_eq!(
            house.system.public().refresh(key).await.code(),
            "refresh_failed"
        );
        house.calm("calm").await;
        for _ in 0..3 {
            let again = house.system.public().refresh(key).await;
            assert_eq!((again.status, again.code()), (409, code), "{again:?}");
            let at = house.system.public().get_at(key).await;
            assert_eq!((at.status, at.code()), (409, code), "{at:?}");
        }
        assert_eq!(house.upstream.account(key).unwrap().calls, 1);
    }
}

#[tokio::test]
async fn a_dead_credential_with_a_good_access_token_is_still_served() {
    let house = House::new().await;
    let id = house.credential("late").await;
    house.calm("late").await;
    house
        .upstream
        .set_fault(Fault::error(401, "refresh_token_expired").for_account("late"));
    assert_eq!(house.system.public().refresh("late").await.status, 500);
    assert_eq!(house.admin.state(&id).await, "dead");
    let answer = house.system.public().get_at("late").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.text("/data/state"), "dead");
}

#[tokio::test]
async fn an_answer_without_refresh_token_keeps_the_old_one() {
    let house = House::new().await;
    let id = house.credential("keep").await;
    let before = house.admin.credential(&id).await["refresh_token_fingerprint"].clone();
    let omit = Alteration {
        omit: vec![TokenField::RefreshToken],
        ..Alteration::default()
    };
    house
        .upstream
        .set_fault(Fault::altered(omit).for_account("keep").times(1));
    house.calm("keep").await;
    assert_eq!(
        house.admin.credential(&id).await["refresh_token_fingerprint"],
        before
    );
    house.calm("keep").await;
    assert_eq!(house.upstream.account("keep").unwrap().reused, 0);
}

#[tokio::test]
async fn an_unreadable_access_token_does_not_lose_the_refresh_token() {
    let house = House::new().await;
    house.credential("odd").await;
    let odd = Alteration {
        unreadable_access_token: true,
        extra: [("new_field".to_owned(), json!({"a": [1]}))]
            .into_iter()
            .collect(),
        ..Alteration::default()
    };
    house
        .upstream
        .set_fault(Fault::altered(odd).for_account("odd").times(1));
    house.calm("odd").await;
    house.calm("odd").await;
    assert_eq!(house.upstream.account("odd").unwrap().reused, 0);
}

#[tokio::test]
async fn a_lost_answer_is_doubt_and_a_new_token_ends_it() {
    let house = House::new().await;
    let id = house.credential("lost").await;
    let fault = Fault::delivery(Delivery::Cut {
        at_byte: 40,
        reset: false,
    })
    .for_account("lost")
    .times(1);
    house.upstream.set_fault(fault);
    let answer = house.system.public().refresh("lost").await;
    assert_eq!(answer.text("/data/outcome"), "ambiguous", "{answer:?}");
    assert_eq!(house.admin.state(&id).await, "in_doubt");
    let live = house.upstream.live_token("lost").unwrap();
    let patch = json!({"refresh_token": live});
    let patched = house
        .admin
        .call(
            reqwest::Method::PATCH,
            &format!("/credentials/{id}"),
            Some(patch),
        )
        .await;
    assert_eq!(patched.status, 200, "{patched:?}");
    house.calm("lost").await;
}

#[tokio::test]
async fn a_reused_token_names_the_attempt_that_lost_the_successor() {
    let house = House::new().await;
    let id = house.credential("reuse").await;
    let fault = Fault::delivery(Delivery::Close { reset: true })
        .for_account("reuse")
        .times(1);
    house.upstream.set_fault(fault);
    assert_eq!(
        house
            .system
            .public()
            .refresh("reuse")
            .await
            .text("/data/outcome"),
        "ambiguous"
    );
    let lost = house.system.log();
    // Stop waiting: the same token is tried deliberately, as a probe that an operator would order.
    drop(lost);
    let builder = house.system.kill().await;
    let system = builder
        .set("RTM_REFRESH__IN_DOUBT_POLICY", "immediate")
        .set("RTM_REFRESH__PROBE_DELAYS_SECONDS", "[1]")
        .set("RTM_TEST_CLOCK_SHIFT_SECONDS", "30")
        .start()
        .await;
    let admin = system.admin().await;
    let body = json!({"enabled": false});
    let path = format!("/credentials/{id}");
    assert_eq!(
        admin
            .call(reqwest::Method::PATCH, &path, Some(body))
            .await
            .status,
        200
    );
    // Enabling computes the schedule anew, under the policy of now: a probe is due at once.
    assert_eq!(
        admin
            .call(
                reqwest::Method::PATCH,
                &path,
                Some(json!({"enabled": true}))
            )
            .await
            .status,
        200
    );
    let probe = system.public().refresh("reuse").await;
    assert_eq!(
        probe.text("/data/refresh_result"),
        "refresh_token_reused",
        "{probe:?}"
    );
    assert!(
        probe
            .text("/data/detail")
            .contains("the successor was lost in attempt"),
        "{probe:?}"
    );
    assert_eq!(admin.state(&id).await, "dead");
}
