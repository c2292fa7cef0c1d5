//! Fail points: named steps of the refresh protocol at which a test can kill the process for real.
//!
//! They exist only in builds with the feature `test-hooks`; elsewhere [`step`] is an empty function. Which step
//! kills is chosen when the process starts, by `FAILPOINTS="answer.synced=return"` (syntax of the crate `fail`).

/// Reaches a named step. With the step armed, the process receives SIGKILL here: nothing is flushed, no
/// destructor runs.
pub fn step(name: &'static str) {
    let _ = name;
    fail::fail_point!(name, |_| {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    });
}

/// Arms the steps named by the environment. The result has to live as long as the process.
#[cfg(feature = "test-hooks")]
pub fn from_environment() -> impl Sized {
    fail::FailScenario::setup()
}

/// How far a test has moved stored time, in milliseconds: `RTM_TEST_CLOCK_SHIFT_SECONDS`, read in builds with
/// the feature `test-hooks` only.
pub fn clock_shift_millis() -> i64 {
    #[cfg(feature = "test-hooks")]
    if let Some(seconds) = std::env::var("RTM_TEST_CLOCK_SHIFT_SECONDS")
        .ok()
        .and_then(|text| text.parse::<i64>().ok())
    {
        return seconds.saturating_mul(1000);
    }
    0
}
