//! What happens to the bytes of an answer.

use std::{io::ErrorKind, time::Duration};

use super::{super::*, *};

/// An account whose next call meets `fault`.
fn faulty(fault: Fault) -> (StandIn, String) {
    let standin = start();
    let token = account(&standin).refresh_token;
    standin.set_fault(fault);
    (standin, token)
}

fn last_answer(standin: &StandIn) -> Written {
    standin.calls().last().unwrap().answer
}

#[tokio::test]
async fn an_answer_is_cut_at_exactly_any_byte() {
    let standin = start();
    let mut live = account(&standin).refresh_token;
    let whole = raw(&standin, &live).await.0.len();
    assert_eq!(standin.calls()[0].answer_length, Some(whole as u64));
    for reset in [false, true] {
        for at_byte in (0..whole).step_by(61).chain([whole - 1, whole]) {
            live = standin.live_token("user001").unwrap();
            standin.set_fault(Fault::delivery(Delivery::Cut { at_byte, reset }).times(1));
            let (bytes, ended) = raw(&standin, &live).await;
            assert_eq!(bytes.len(), at_byte);
            assert_eq!(ended.is_err(), reset, "{ended:?}");
            assert_eq!(
                last_answer(&standin),
                match at_byte {
                    0 => Written::None,
                    at if at == whole => Written::Complete,
                    at => Written::Cut { bytes: at as u64 },
                }
            );
            assert_ne!(standin.live_token("user001"), Some(live), "spent");
        }
    }
}

#[tokio::test]
async fn the_end_of_a_body_is_told_in_three_ways() {
    for framing in [BodyEnd::Length, BodyEnd::Chunked, BodyEnd::Close] {
        let fault = || Fault::delivery(Delivery::Complete).framing(framing);
        let (standin, first) = faulty(fault());
        let (status, answer) = refresh(&client(), &standin, &first).await;
        let next = token(&answer);
        assert_eq!(
            (status, Some(&next)),
            (200, standin.live_token("user001").as_ref())
        );
        let (bytes, _) = raw(&standin, &next).await;
        let length = standin.calls()[1].answer_length.unwrap();
        assert_eq!(bytes.len() as u64, length, "{framing:?}");
        let live = standin.live_token("user001").unwrap();
        let at_byte = bytes.len() - 1;
        standin.clear_faults();
        let cut = Delivery::Cut {
            at_byte,
            reset: false,
        };
        standin.set_fault(Fault {
            delivery: cut,
            ..fault()
        });
        assert_eq!(raw(&standin, &live).await.0.len(), at_byte, "{framing:?}");
    }
}

#[tokio::test]
async fn a_connection_ends_before_or_after_the_rotation() {
    for (reset, before) in [(false, false), (false, true), (true, false), (true, true)] {
        let fault = Fault::delivery(Delivery::Close { reset });
        let fault = if before {
            fault.before_rotation()
        } else {
            fault
        };
        let (standin, token) = faulty(fault);
        let (bytes, ended) = raw(&standin, &token).await;
        assert!(bytes.is_empty());
        assert_eq!(
            ended.map_err(|error| error.kind()),
            if reset {
                Err(ErrorKind::ConnectionReset)
            } else {
                Ok(())
            }
        );
        assert_eq!(standin.live_token("user001") == Some(token), before);
        assert_eq!(last_answer(&standin), Written::None);
        assert_eq!(standin.calls()[0].status, (!before).then_some(200));
    }
}

#[tokio::test]
async fn a_connection_ends_before_the_request_is_read() {
    let (standin, token) = faulty(Fault::default());
    standin.set_connect_fault(ConnectFault {
        skip: 0,
        times: Some(1),
        reset: true,
    });
    assert!(send(&client(), &standin, &token).await.is_err());
    assert_eq!(standin.stats().token_calls, 0);
    assert_eq!(refresh(&client(), &standin, &token).await.0, 200);
}

#[tokio::test]
async fn an_answer_hangs_until_the_client_leaves() {
    for at_byte in [0, 100] {
        let (standin, token) = faulty(Fault::delivery(Delivery::Hang { at_byte }));
        let mut stream = TcpStream::connect(standin.address()).await.unwrap();
        stream.write_all(&raw_request(&token)).await.unwrap();
        let mut bytes = vec![0; at_byte];
        stream.read_exact(&mut bytes).await.unwrap();
        let more = tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await;
        assert!(more.is_err(), "silence, neither a byte nor an end");
        assert_eq!(last_answer(&standin), Written::Pending);
        drop(stream);
        standin.wait_finished(1).await.unwrap();
        let wanted = match at_byte {
            0 => Written::None,
            at => Written::Cut { bytes: at as u64 },
        };
        assert_eq!(last_answer(&standin), wanted);
    }
}

#[tokio::test]
async fn the_length_can_be_wrong() {
    for (delta, readable) in [(5, false), (-5, false)] {
        let (standin, token) = faulty(Fault::delivery(Delivery::WrongLength { delta }));
        let response = send(&client(), &standin, &token).await.unwrap();
        assert_eq!(response.status(), 200);
        let read = response.json::<Value>().await;
        assert_eq!(read.is_ok(), readable, "{delta}");
    }
}

#[tokio::test]
async fn a_body_can_be_endless() {
    let (standin, token) = faulty(Fault::delivery(Delivery::Endless));
    let mut response = send(&client(), &standin, &token).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut read = 0;
    while read < 1_000_000 {
        read += response.chunk().await.unwrap().expect("no end").len();
    }
    drop(response);
    standin.wait_finished(1).await.unwrap();
    assert!(matches!(last_answer(&standin), Written::Cut { .. }));
}

#[tokio::test]
async fn latency_counts_before_or_after_the_rotation() {
    // Latencies far longer than the test: the client leaves, and what matters is where the call stands then.
    for (fault, spent) in [
        (Fault::latency(3_600_000, 0), false),
        (Fault::latency(0, 3_600_000), true),
    ] {
        let (standin, token) = faulty(fault);
        // A gate at the point that is reached in the second case only.
        let gate = standin.gate(GateSpec::at(GatePoint::AfterRotation));
        let mut stream = TcpStream::connect(standin.address()).await.unwrap();
        stream.write_all(&raw_request(&token)).await.unwrap();
        if spent {
            gate.reached(1).await.unwrap();
            gate.release();
        }
        let quiet = tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await;
        assert!(quiet.is_err());
        assert_eq!(standin.live_token("user001") != Some(token), spent);
        standin.drop_connections();
        assert!(stream.read_u8().await.is_err());
        standin.wait_finished(1).await.unwrap();
        assert_eq!(last_answer(&standin), Written::None);
    }
}

#[tokio::test]
async fn a_client_that_left_is_noticed() {
    let (standin, token) = faulty(Fault::default());
    let gate = standin.gate(GateSpec::at(GatePoint::AfterRotation));
    let mut stream = TcpStream::connect(standin.address()).await.unwrap();
    stream.write_all(&raw_request(&token)).await.unwrap();
    gate.reached(1).await.unwrap();
    drop(stream);
    gate.release();
    standin.wait_finished(1).await.unwrap();
    let call = &standin.calls()[0];
    assert!(call.peer_gone && call.rotated);
}
