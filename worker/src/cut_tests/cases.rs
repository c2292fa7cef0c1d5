//! The kinds of answers, and from which byte on each of them decides.

use rt_manage_shared::model::grant::State;
use rt_manage_tests::standin::{Alteration, BodyEnd, ErrorShape, Fault, TokenField};

use super::{Expected, at_every_byte};

fn is_idle(state: &State) -> bool {
    *state == State::Idle
}

fn is_dead(state: &State) -> bool {
    *state == State::Dead
}

fn is_held(state: &State) -> bool {
    matches!(state, State::Held(_))
}

async fn success(framing: BodyEnd, without: &[TokenField]) {
    let fault = Fault::altered(Alteration {
        omit: without.to_vec(),
        ..Alteration::default()
    });
    at_every_byte(fault.framing(framing), |wire| {
        Expected::from(wire.end_of_text("refresh_token"), is_idle)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_with_a_length() {
    success(BodyEnd::Length, &[]).await;
}

// Shorter, for the sake of time: what is left out travels like what is not.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_in_chunks() {
    success(BodyEnd::Chunked, &[TokenField::IdToken]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_that_ends_with_its_connection() {
    let without = [TokenField::IdToken, TokenField::AccessToken];
    success(BodyEnd::Close, &without).await;
}

/// The old token stays: that it does is only certain when no other one can follow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_without_a_successor() {
    let fault = Fault::altered(Alteration {
        omit: vec![TokenField::RefreshToken, TokenField::IdToken],
        ..Alteration::default()
    });
    at_every_byte(fault.framing(BodyEnd::Close), |wire| {
        Expected::from(wire.end_of_object(), is_idle)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_for_good() {
    for (shape, framing) in [
        (ErrorShape::Nested, BodyEnd::Length),
        (ErrorShape::Nested, BodyEnd::Chunked),
        (ErrorShape::StringError, BodyEnd::Close),
    ] {
        let fault = Fault::error(400, "invalid_grant").shape(shape);
        at_every_byte(fault.framing(framing), |wire| {
            let code = wire.end_of("\"invalid_grant\"");
            Expected::between(code, wire.end_of_object(), is_dead)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_until_something_changes() {
    at_every_byte(Fault::error(401, "invalid_client"), |wire| {
        let code = wire.end_of("\"invalid_client\"");
        Expected::between(code, wire.end_of_object(), is_held)
    })
    .await;
}

/// Status and `Retry-After` say all that there is to say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_for_now() {
    for framing in [BodyEnd::Length, BodyEnd::Close] {
        let fault = Fault::error(429, "rate_limit_exceeded").retry_after_seconds(7);
        at_every_byte(fault.framing(framing), |wire| {
            Expected::between(wire.head(), wire.end_of_object(), is_idle)
        })
        .await;
    }
}

/// A 403 is only "for now" where it names no code that says otherwise. One without any body is met, too, and means the
/// same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_whose_code_decides() {
    for framing in [BodyEnd::Length, BodyEnd::Close] {
        let fault = Fault::error(403, "some_new_code").framing(framing);
        at_every_byte(fault, |wire| {
            let code = wire.end_of("\"some_new_code\"");
            let head = wire.head();
            Expected {
                looks_whole: (framing == BodyEnd::Close).then_some(head),
                ..Expected::between(code, wire.end_of_object(), is_idle)
            }
        })
        .await;
    }
}
