//! One call to the token endpoint, sent at most once.

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    Body, Response,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use rt_manage_shared::{
    clock::BootInstant,
    openai::{CallResult, NoAnswerKind, NotSentKind, RawAnswer, RetryAfter, TokenRequest},
};

use super::{
    client::EgressClient,
    diagnosis,
    gate::{CloseOnDrop, Gate, GatedBody},
};

/// Longest answer body that is read. Real ones have 2 to 10 KiB; the rest is room for an edge's error page.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Room for an answer whose length is not announced, so that tokens are not copied about while it grows.
const USUAL_ANSWER_BYTES: usize = 16 * 1024;
/// How often the deadline is looked at: timers stand still while the machine is suspended, the deadline's
/// clock does not.
const TICK: Duration = Duration::from_secs(1);
/// A last chance after the deadline for an answer that already waits in this machine: after a suspend the
/// deadline is over at once, and a successor thrown away is an account lost.
const LAST_LOOK: Duration = Duration::from_millis(250);

/// Sends `request` through `client`, unless it is later than `send_by` when its body is asked for, and
/// waits for the answer until `answer_deadline` after it was sent.
///
/// Never sends twice. "Not sent" is certain: the gate is closed before it is reported. Dropping the future
/// closes it too, but a call that was sent should be awaited to its end, in a task of its own.
pub async fn call(
    client: &EgressClient,
    request: TokenRequest,
    send_by: BootInstant,
    answer_deadline: Duration,
) -> CallResult {
    let gate = Gate::new(send_by);
    let _closer = CloseOnDrop(Arc::clone(&gate));
    let mut deadline = Box::pin(deadline(Arc::clone(&gate), answer_deadline));

    // Biased: an answer that is here counts, whatever the time.
    let sent = tokio::select! {
        biased;
        sent = send(client, request, &gate) => sent,
        () = &mut deadline => return failed(&gate, NotSentKind::Late, NoAnswerKind::Timeout),
    };
    let response = match sent {
        Ok(response) => response,
        Err(error) => {
            let before = diagnosis::not_sent(&error, client.proxied);
            return failed(&gate, before, diagnosis::no_answer(&error));
        }
    };

    let status = response.status().as_u16();
    // An answer to a request whose body never left cannot be about its token: it may even belong to another
    // request. Only a refusal of the whole egress is worth hearing.
    if gate.close() && !matches!(status, 425 | 429 | 503) {
        return CallResult::NotSent {
            kind: NotSentKind::EarlyAnswer,
        };
    }
    let mut answer = head(status, response.headers());
    answer.cut = read_body(response, &mut answer, deadline.as_mut()).await;
    CallResult::Answer(answer)
}

async fn send(
    client: &EgressClient,
    request: TokenRequest,
    gate: &Arc<Gate>,
) -> reqwest::Result<Response> {
    let post = client
        .http
        .post(request.url().clone())
        .header(CONTENT_TYPE, request.content_type())
        .header(ACCEPT, "application/json");
    // The bytes wipe themselves when the HTTP layer has let go of them.
    let body = GatedBody::new(Bytes::from_owner(request.into_body()), Arc::clone(gate));
    post.body(Body::wrap(body)).send().await
}

/// The result of a call without a status line.
fn failed(gate: &Gate, before: NotSentKind, after: NoAnswerKind) -> CallResult {
    if !gate.close() {
        CallResult::NoAnswer { kind: after }
    } else if gate.was_late() {
        let kind = NotSentKind::Late;
        CallResult::NotSent { kind }
    } else {
        CallResult::NotSent { kind: before }
    }
}

fn head(status: u16, headers: &HeaderMap) -> RawAnswer {
    let text = |value: Option<&reqwest::header::HeaderValue>| {
        value.and_then(|value| value.to_str().ok().map(str::to_owned))
    };
    let mitigated = text(headers.get("cf-mitigated"));
    let content_type = text(headers.get(CONTENT_TYPE));
    let mut answer = RawAnswer::new(status, Vec::new()).with_content_type(content_type.as_deref());
    answer.retry_after =
        text(headers.get(RETRY_AFTER)).and_then(|text| RetryAfter::from_header(&text));
    answer.cf_mitigated = mitigated.is_some_and(|text| text.eq_ignore_ascii_case("challenge"));
    answer
}

/// Reads the body into `answer`; why it ended early, if it did. What came before that is kept.
async fn read_body(
    mut response: Response,
    answer: &mut RawAnswer,
    mut deadline: Pin<&mut impl Future<Output = ()>>,
) -> Option<NoAnswerKind> {
    let announced = response.content_length().map(usize::try_from);
    let announced = announced.map_or(USUAL_ANSWER_BYTES, |length| length.unwrap_or(usize::MAX));
    answer.body.reserve_exact(announced.min(MAX_ANSWER_BYTES));
    loop {
        let chunk = tokio::select! {
            biased;
            chunk = response.chunk() => chunk,
            () = &mut deadline => return Some(NoAnswerKind::Timeout),
        };
        match chunk {
            Ok(None) => return None,
            Ok(Some(chunk)) => {
                let room = MAX_ANSWER_BYTES - answer.body.len();
                let fits = chunk.get(..room).unwrap_or(&chunk);
                answer.body.extend_from_slice(fits);
                if fits.len() < chunk.len() {
                    return Some(NoAnswerKind::TooLarge);
                }
            }
            Err(error) => return Some(diagnosis::no_answer(&error)),
        }
    }
}

/// Ends when the time of the current phase is over: until `send_by` for sending, then `answer_deadline`
/// from the moment of sending.
async fn deadline(gate: Arc<Gate>, answer_deadline: Duration) {
    let limit = || {
        gate.sent_at()
            .map_or(gate.send_by(), |sent_at| sent_at + answer_deadline)
    };
    loop {
        let left = limit().since(BootInstant::now());
        if left.is_zero() {
            tokio::time::sleep(LAST_LOOK).await;
            if limit().has_passed() {
                return;
            }
        } else {
            tokio::time::sleep(left.min(TICK)).await;
        }
    }
}
