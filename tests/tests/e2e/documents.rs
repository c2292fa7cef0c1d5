//! What the documents and the alert rules say of metrics is what the programs have.

use std::{collections::BTreeSet, fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The texts of all sources below a folder.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// The names behind each place where one of `before` stands.
fn names(text: &str, before: &[&str]) -> BTreeSet<String> {
    let behind = before.iter().flat_map(|mark| text.split(mark).skip(1));
    behind
        .map(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '_'));
            format!("rtm_{}", &rest[..end.unwrap_or(rest.len())])
        })
        .collect()
}

#[test]
fn every_metric_is_documented_and_every_alert_has_its_metric() {
    let mut code = String::new();
    for part in ["api", "worker", "shared"] {
        sources(&root().join(part).join("src"), &mut code);
    }
    let marks = ["counter!(\"rtm_", "gauge!(\"rtm_", "histogram!(\"rtm_"];
    let known = names(&code, &marks);
    assert!(known.len() > 20, "{known:?}");
    let documented = names(&read("docs/operations.md"), &["| `rtm_"]);
    assert_eq!(known, documented);
    for name in names(&read("deploy/alerts.yml"), &["(rtm_"]) {
        assert!(known.contains(&name), "{name} of the alerts is unknown");
    }
    let alerts = read("deploy/alerts.yml");
    let hints = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("see: "));
    let mut seen = 0;
    for hint in hints {
        let (file, anchor) = hint.split_once('#').unwrap();
        let heading = |line: &&str| {
            let text = line.trim_start_matches('#').trim().to_lowercase();
            line.starts_with('#') && text.replace(' ', "-") == anchor
        };
        assert!(read(file).lines().any(|line| heading(&line)), "{hint}");
        seen += 1;
    }
    assert_eq!(seen, alerts.matches("- alert:").count());
}
