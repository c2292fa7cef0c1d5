//! The newcomer's demo works as it is written.

use std::{path::Path, process::Command};

#[test]
fn the_demo_shows_refreshing_and_answers_the_seeds_calls() {
    let api = crate::system("http://127.0.0.1:9/oauth/token").command();
    let binaries = Path::new(api.get_program()).parent().unwrap().to_owned();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/demo");
    let output = Command::new(script)
        .arg("--check")
        .env("RTM_BIN_DIR", binaries)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.lines().any(|line| line.contains("OK")), "{text}");
}
