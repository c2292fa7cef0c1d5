//! What stops the start, and what is said about it.

use rt_manage_tests::support::SystemBuilder;

fn run(builder: &SystemBuilder, arguments: &[&str]) -> (i32, String, String) {
    std::fs::create_dir_all(builder.folder().join("config")).unwrap();
    let output = builder.command().args(arguments).output().unwrap();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn with_file(text: &str) -> SystemBuilder {
    let builder = crate::system("http://127.0.0.1:9/oauth/token");
    std::fs::create_dir_all(builder.folder().join("config")).unwrap();
    std::fs::write(builder.folder().join("config/config.yml"), text).unwrap();
    builder
}

#[test]
fn an_unknown_key_stops_the_start_with_file_line_and_the_nearest_key() {
    let builder = with_file("server:\n  port: 8081\ndatabase:\n  tabel_prefix: rt\n");
    let (code, _, error) = run(&builder, &[]);
    assert_eq!(code, 78, "{error}");
    for part in ["config.yml", "4", "database.tabel_prefix", "table_prefix"] {
        assert!(error.contains(part), "{part} is missing in: {error}");
    }
}

#[test]
fn a_contradiction_between_deadlines_stops_the_start() {
    let builder =
        crate::system("http://127.0.0.1:9/oauth/token").set("RTM_WORKER__DRAIN_SECONDS", "1");
    let (code, _, error) = run(&builder, &[]);
    assert_eq!(code, 78, "{error}");
    assert!(error.contains("worker.drain_seconds"), "{error}");
}

#[test]
fn check_config_shows_values_with_their_source_and_masks_secrets() {
    let builder = with_file("auth:\n  api_secret: canary-secret-1\nserver:\n  mode: debug\n")
        .set("RTM_SERVER__PORT", "8099");
    let (code, output, _) = run(
        &builder,
        &["check-config", "--set", "refresh.rate_per_second=7"],
    );
    assert_eq!(code, 0);
    assert!(!output.contains("canary-secret-1"), "{output}");
    let line = |key: &str| {
        output
            .lines()
            .find(|line| line.contains(key))
            .unwrap_or_else(|| panic!("{key} in {output}"))
    };
    assert!(
        line("server.port").contains("8099") && line("server.port").contains("RTM_SERVER__PORT")
    );
    assert!(line("server.mode").contains("config.yml"));
    assert!(line("auth.api_secret").contains("****"));
    assert!(line("refresh.rate_per_second").contains('7'));
    assert!(line("database.table_prefix").contains("default"));
}

#[test]
fn the_worker_says_why_it_does_not_run_alone() {
    let api = crate::system("http://127.0.0.1:9/oauth/token").command();
    let worker = std::path::Path::new(api.get_program()).with_file_name("rt-manage-worker");
    let output = std::process::Command::new(worker)
        .env_clear()
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("queue.url"), "{text}");
}
