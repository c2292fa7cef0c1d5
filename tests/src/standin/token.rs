//! One call of a token endpoint, from the read request to the last byte of the answer.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    answer::{Outcome, REDIRECTED},
    calls::Begun,
    fault::{Alteration, Answer, BodyEnd, Delivery},
    gate::GatePoint,
    http::{Framing, Request, Response},
    ledger::Written,
    request::{Endpoint, TokenRequest},
    server::{Conn, Shared, Then},
};

/// Finishes the record of its call, also when the connection's task is dropped in the middle.
struct InFlight<'a> {
    shared: &'a Shared,
    begun: Begun,
    /// How much was written.
    bytes: u64,
    finished: bool,
}

impl InFlight<'_> {
    /// Done *before* the bytes leave: a client that has its answer must find the call finished in the ledger, and its
    /// next call must not look as if it overlapped this one. A failing write is corrected afterwards.
    fn finish(&mut self, answer: Written) {
        if self.finished {
            return;
        }
        self.finished = true;
        let mut state = self.shared.state();
        if state.finish_call(&self.begun, answer) {
            self.shared.finished.send_replace(state.totals.finished);
        }
    }

    fn written(&self) -> Written {
        match self.bytes {
            0 => Written::None,
            bytes => Written::Cut { bytes },
        }
    }

    /// Notes what is known when the answer is about to leave.
    fn note_delivery(&self, answer_length: usize, peer_gone: bool) {
        let mut state = self.shared.state();
        if self.begun.generation == state.generation
            && let Some(row) = state.call_mut(self.begun.number)
        {
            row.answer_length = Some(answer_length as u64);
            row.peer_gone = peer_gone;
        }
    }

    /// Writes bytes that were announced to [`InFlight::finish`]; false when the connection broke.
    async fn write(&mut self, conn: &mut Conn, bytes: &[u8]) -> bool {
        let written = conn.write(bytes, &mut self.bytes).await.is_ok();
        if !written {
            self.shared.state().amend_call(&self.begun, self.written());
        }
        written
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.finish(self.written());
        if let Some(observer) = &self.shared.observer {
            let record = self.shared.state().call_record(self.begun.number);
            if let Some(record) = record {
                observer(&record);
            }
        }
    }
}

pub(super) async fn serve(
    shared: &Shared,
    conn: &mut Conn,
    request: &Request,
    endpoint: Endpoint,
) -> Then {
    let asked = TokenRequest::parse(endpoint, request);
    let begun = shared.state().begin_call(&asked, conn.peer);
    let mut call = InFlight {
        shared,
        begun,
        bytes: 0,
        finished: false,
    };
    let account = call.begun.account.clone();
    pause(call.begun.latency_before_ms).await;
    shared
        .gates
        .pass(GatePoint::BeforeRotation, account.as_deref())
        .await;
    let outcome = decide(&call, &asked);
    shared
        .gates
        .pass(GatePoint::AfterRotation, account.as_deref())
        .await;
    pause(call.begun.latency_after_ms).await;
    // Numbers of one width: the answers of equal calls are equally long, so that a test can cut at every byte.
    let response = outcome
        .response()
        .with("x-request-id", format!("req_{:010}", call.begun.number));
    let framing = call.begun.fault.framing;
    let keep_alive = request.keep_alive && framing != BodyEnd::Close;
    let bytes = match framing {
        BodyEnd::Length => response.encode(Framing::Length(0), keep_alive),
        BodyEnd::Chunked => response.encode_chunked(keep_alive),
        BodyEnd::Close => response.encode(Framing::Close, keep_alive),
    };
    call.note_delivery(bytes.len(), conn.peer_gone());
    deliver(&mut call, conn, &response, bytes, keep_alive).await
}

async fn pause(ms: u64) {
    if ms > 0 {
        sleep(Duration::from_millis(ms)).await;
    }
}

/// Applies the rules and the fault in one step under the lock: of two calls at the same time, one spends the token.
fn decide(call: &InFlight<'_>, asked: &TokenRequest) -> Outcome {
    let Begun { number, fault, .. } = &call.begun;
    let mut state = call.shared.state();
    if call.begun.generation != state.generation {
        return Outcome::Nothing;
    }
    state.note_spent(*number);
    let spends = fault.spends();
    let outcome = match &fault.answer {
        Answer::Error(_) | Answer::Redirect { .. } if spends => {
            // The rotation that the client never learns of; a refusal changes nothing about the answer.
            let _ = state.present(*number, asked, true);
            explicit(&fault.answer)
        }
        Answer::Error(_) | Answer::Redirect { .. } => explicit(&fault.answer),
        Answer::Normal | Answer::Altered(_) if !spends && fault.delivery.is_silent() => {
            Outcome::Nothing
        }
        Answer::Normal | Answer::Altered(_) => match state.present(*number, asked, spends) {
            Ok(granted) => {
                let alteration = match &fault.answer {
                    Answer::Altered(alteration) => alteration.clone(),
                    _ => Alteration::default(),
                };
                Outcome::Granted(Box::new(granted), alteration)
            }
            Err(refusal) => Outcome::Refused(refusal),
        },
    };
    if let Some(row) = state.call_mut(*number) {
        row.status = outcome.status();
        row.code = outcome.code().map(Box::from);
    }
    outcome
}

fn explicit(answer: &Answer) -> Outcome {
    match answer {
        Answer::Error(error) => Outcome::Error(error.clone()),
        Answer::Redirect { location } => {
            Outcome::Redirect(location.clone().unwrap_or_else(|| REDIRECTED.to_owned()))
        }
        Answer::Normal | Answer::Altered(_) => Outcome::Nothing,
    }
}

async fn deliver(
    call: &mut InFlight<'_>,
    conn: &mut Conn,
    response: &Response,
    mut bytes: Vec<u8>,
    keep_alive: bool,
) -> Then {
    let end = |reset| if reset { Then::Reset } else { Then::Close };
    match call.begun.fault.delivery {
        Delivery::Complete => {
            call.finish(Written::Complete);
            if call.write(conn, &bytes).await && keep_alive {
                Then::Keep
            } else {
                Then::Close
            }
        }
        Delivery::Close { reset } => {
            call.finish(Written::None);
            end(reset)
        }
        Delivery::Cut { at_byte, reset } => {
            call.finish(match at_byte {
                0 => Written::None,
                at if at >= bytes.len() => Written::Complete,
                at => Written::Cut { bytes: at as u64 },
            });
            bytes.truncate(at_byte);
            call.write(conn, &bytes).await;
            end(reset)
        }
        Delivery::Hang { at_byte } => {
            bytes.truncate(at_byte);
            call.write(conn, &bytes).await;
            conn.until_closed().await;
            Then::Close
        }
        Delivery::WrongLength { delta } => {
            call.finish(Written::Complete);
            let bytes = response.encode(Framing::Length(delta), keep_alive);
            call.write(conn, &bytes).await;
            Then::Close
        }
        Delivery::Endless => {
            endless(call, conn, response, keep_alive).await;
            Then::Close
        }
    }
}

/// The answer without its last byte, then white space for ever: JSON that never becomes complete.
async fn endless(call: &mut InFlight<'_>, conn: &mut Conn, response: &Response, keep_alive: bool) {
    let body = response
        .body
        .split_last()
        .map_or(&[][..], |(_, start)| start);
    let mut bytes = response.encode(Framing::Chunked, keep_alive);
    bytes.extend(format!("{:x}\r\n", body.len().max(1)).bytes());
    bytes.extend(if body.is_empty() { b" " } else { body });
    bytes.extend(b"\r\n");
    let mut more = b"2000\r\n".to_vec();
    more.resize(more.len() + 0x2000, b' ');
    more.extend(b"\r\n");
    let mut open = call.write(conn, &bytes).await;
    while open {
        open = call.write(conn, &more).await;
    }
}
