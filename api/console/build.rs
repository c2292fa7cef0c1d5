//! Builds the console with npm, where that is possible, into `OUT_DIR/dist`. It writes nowhere else: the sources are
//! copied beside it, and npm installs there.
//!
//! | variable | effect |
//! |---|---|
//! | `RTM_CONSOLE_DIST=<folder>` | takes this ready-made build (Docker) |
//! | `RTM_CONSOLE=placeholder` | builds no console: quick, for work on Rust code |
//! | `RTM_CONSOLE=required` | fails where the console cannot be built (CI, Docker) |
//!
//! Without any of them: a console where npm is there, else a warning and a page that says how to get it.

// A build script talks to Cargo over standard output, and fails by panicking.
#![allow(clippy::print_stdout, clippy::panic, missing_docs)]

use std::{
    collections::hash_map::DefaultHasher,
    env, fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

/// What the installation follows from.
const PACKAGES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];
/// What the pages follow from, besides.
const SOURCES: [&str; 8] = [
    "index.html",
    "vite.config.ts",
    "tsconfig.json",
    "tsconfig.app.json",
    "tsconfig.base.json",
    "tsconfig.node.json",
    "build",
    "public",
];
/// The pages themselves.
const PAGES: &str = "src";
/// The least Node.js, as in `package.json`.
const NODE: (u32, u32) = (20, 19);

fn main() {
    let folder = Folder::of_cargo();
    println!("cargo::rerun-if-env-changed=RTM_CONSOLE");
    println!("cargo::rerun-if-env-changed=RTM_CONSOLE_DIST");
    for input in PACKAGES.iter().chain(&SOURCES).chain([&PAGES, &"build.rs"]) {
        println!("cargo::rerun-if-changed={input}");
    }
    let mode = env::var("RTM_CONSOLE").unwrap_or_default();
    if let Some(dist) = env::var_os("RTM_CONSOLE_DIST").filter(|dist| !dist.is_empty()) {
        return folder.take(&PathBuf::from(dist));
    }
    let missing = match mode.as_str() {
        "placeholder" => Err(("chosen", String::new())),
        "" | "required" => folder.build(),
        other => panic!("RTM_CONSOLE is {other:?}: it can be `placeholder` or `required`"),
    };
    let Err((reason, why)) = missing else { return };
    assert!(
        mode != "required",
        "RTM_CONSOLE=required, but the console cannot be built: {why}"
    );
    folder.clear();
    println!("cargo::rustc-env=RTM_CONSOLE_MISSING={reason}");
    if reason != "chosen" {
        println!("cargo::warning=this binary has no web console: {why}; see docs/console.md");
        // A file that is never there: the next build tries again.
        println!(
            "cargo::rerun-if-changed={}",
            folder.out.join("try-again").display()
        );
    }
}

/// Why there is no console: in a word for the page, and in a sentence for whoever builds.
type Missing = (&'static str, String);

struct Folder {
    /// The crate.
    source: PathBuf,
    out: PathBuf,
}

impl Folder {
    fn of_cargo() -> Self {
        let folder = |name| PathBuf::from(env::var_os(name).unwrap_or_default());
        Self {
            source: folder("CARGO_MANIFEST_DIR"),
            out: folder("OUT_DIR"),
        }
    }

    fn dist(&self) -> PathBuf {
        self.out.join("dist")
    }

    /// An empty `dist`.
    fn clear(&self) {
        remove(&self.dist());
        must(fs::create_dir_all(self.dist()), &self.dist());
        remove(&self.out.join("built"));
    }

    /// Takes a build that somebody else made.
    fn take(&self, dist: &Path) {
        println!("cargo::rerun-if-changed={}", dist.display());
        assert!(
            dist.join("index.html").is_file(),
            "RTM_CONSOLE_DIST is {}, where no index.html is",
            dist.display()
        );
        self.clear();
        copy(dist, &self.dist());
    }

    fn build(&self) -> Result<(), Missing> {
        let mut packages = DefaultHasher::new();
        for input in PACKAGES {
            hash(&self.source, input, &mut packages);
        }
        let mut all = packages.clone();
        for input in SOURCES.iter().chain([&PAGES]) {
            hash(&self.source, input, &mut all);
        }
        let (packages, all) = (packages.finish().to_string(), all.finish().to_string());
        // Time stamps change with every checkout; only contents count.
        if is(&self.out.join("built"), &all) && self.dist().join("index.html").is_file() {
            return Ok(());
        }
        check_node()?;
        let work = self.out.join("work");
        must(fs::create_dir_all(&work), &work);
        for input in PACKAGES.iter().chain(&SOURCES).chain([&PAGES]) {
            remove(&work.join(input));
            copy(&self.source.join(input), &work.join(input));
        }
        let installed = self.out.join("installed");
        if !is(&installed, &packages) {
            remove(&installed);
            npm(
                &work,
                &[
                    "ci",
                    "--omit=dev",
                    "--no-audit",
                    "--no-fund",
                    "--prefer-offline",
                ],
            )
            .map_err(|why| ("not-installed", why))?;
            must(fs::write(&installed, packages), &installed);
        }
        self.clear();
        let dist = self.dist();
        let dist = dist.to_string_lossy();
        // The fault of a source is not that of the machine: it fails in any case.
        if let Err(why) = npm(
            &work,
            &[
                "run",
                "--silent",
                "build",
                "--",
                "--outDir",
                &dist,
                "--emptyOutDir",
            ],
        ) {
            panic!("{why}");
        }
        must(fs::write(self.out.join("built"), all), &self.out);
        Ok(())
    }
}

fn check_node() -> Result<(), Missing> {
    let missing = |why: String| ("no-npm", why);
    let version = |program: &str| {
        let output = Command::new(program).arg("--version").output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let node = version("node").ok_or_else(|| missing("there is no Node.js".into()))?;
    version("npm").ok_or_else(|| missing("there is no npm".into()))?;
    let mut numbers = node
        .trim_start_matches('v')
        .split('.')
        .map(|number| number.parse().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < NODE {
        return Err(missing(format!(
            "Node.js is {node}, and has to be {}.{} or newer",
            NODE.0, NODE.1
        )));
    }
    Ok(())
}

/// Runs npm; an error has the end of what it said.
fn npm(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let command = format!("npm {}", arguments.first().unwrap_or(&""));
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(folder)
        .env("NODE_ENV", "production")
        .env("npm_config_update_notifier", "false")
        .output()
        .map_err(|error| format!("`{command}` did not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().rev().take(40).collect();
    let last = lines
        .iter()
        .find(|line| !line.trim().is_empty())
        .copied()
        .unwrap_or_default();
    eprint_lines(&lines);
    Err(format!("`{command}` failed: {last}"))
}

/// Cargo shows what a failed build script wrote to standard error.
#[allow(clippy::print_stderr)]
fn eprint_lines(lines: &[&str]) {
    for line in lines.iter().rev() {
        eprintln!("{line}");
    }
}

fn is(file: &Path, text: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|found| found == text)
}

/// Names and contents, in a stable order.
fn hash(base: &Path, input: &str, hasher: &mut DefaultHasher) {
    let path = base.join(input);
    input.hash(hasher);
    if path.is_dir() {
        for name in names(&path) {
            hash(base, &format!("{input}/{name}"), hasher);
        }
    } else {
        must(fs::read(&path), &path).hash(hasher);
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        must(fs::create_dir_all(to), to);
        for name in names(from) {
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        must(fs::copy(from, to), from);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = must(fs::read_dir(folder), folder);
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn remove(path: &Path) {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    // What is not there need not go.
    if let Err(error) = removed
        && error.kind() != std::io::ErrorKind::NotFound
    {
        panic!("{}: {error}", path.display());
    }
}

fn must<T>(result: std::io::Result<T>, path: &Path) -> T {
    result.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
