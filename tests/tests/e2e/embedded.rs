//! What only the embedded mode has: its lock. Over Redis, any number of processes share a database.

use rt_manage_tests::standin::{Options, StandIn};

#[tokio::test]
async fn a_second_embedded_process_is_refused_with_the_reason() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let system = builder.start().await;
    let output = builder.command().output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.contains("another rt-manage process") && text.contains("queue.url"),
        "{text}"
    );
    assert_eq!(system.get("/livez").await.status, 200);
}
