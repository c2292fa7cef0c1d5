//! [`System`]: the real `rt-manage-api`, started in a scratch folder, killed for real.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    backend::Backend,
    client::{Admin, Answer, Public},
    until, until_some,
};

/// The administrator's password in tests; not the example's, so that log-in needs no ceremony.
pub(super) const PASSWORD: &str = "correct horse battery";

/// How a system is started.
#[derive(Debug, Clone)]
pub struct SystemBuilder {
    scratch: Arc<TempDir>,
    env: Vec<(String, String)>,
    config_file: Option<String>,
}

impl SystemBuilder {
    /// A system in a new scratch folder that takes `token_url` for the upstream. Its deadlines are short, so
    /// that tests of lost workers take seconds.
    pub fn new(backend: Backend, token_url: &str) -> Self {
        let scratch = TempDir::new().expect("a scratch folder");
        Self {
            scratch: Arc::new(scratch),
            env: backend.environment(),
            config_file: None,
        }
        .set("RTM_SERVER__HOST", "127.0.0.1")
        .set("RTM_SERVER__PORT", "0")
        .set("RTM_AUTH__PASSWORD", PASSWORD)
        .set(
            "RTM_AUTH__JWT_SECRET",
            "a-secret-of-the-tests-with-enough-bytes",
        )
        .set("RTM_OPENAI__TOKEN_URL", token_url)
        .set("RTM_OPENAI__CONNECT_TIMEOUT_SECONDS", "1")
        .set("RTM_OPENAI__REQUEST_TIMEOUT_SECONDS", "3")
        .set("RTM_REFRESH__SEND_BUDGET_SECONDS", "1")
        .set("RTM_REFRESH__PERSIST_SECONDS", "1")
        .set("RTM_REFRESH__GRACE_SECONDS", "1")
        .set("RTM_REFRESH__BACKOFF_BASE_SECONDS", "1")
        .set("RTM_REFRESH__BACKOFF_MAX_SECONDS", "2")
        .set("RTM_WORKER__HEARTBEAT_SECONDS", "1")
        .set("RTM_LOG__LEVEL", "debug")
        .set("NO_COLOR", "1")
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes an environment variable away.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self
    }

    /// Automatic refreshing off: only what the test asks for happens.
    #[must_use]
    pub fn manual(self) -> Self {
        self.set("RTM_REFRESH__AUTO", "false")
    }

    /// Arms a step of the refresh protocol (syntax of the crate `fail`), e.g. `answer.synced=return`.
    #[must_use]
    pub fn die_at(self, steps: &str) -> Self {
        self.set("FAILPOINTS", steps)
    }

    /// Writes `config/config.yml` before the start.
    #[must_use]
    pub fn config_file(mut self, text: &str) -> Self {
        self.config_file = Some(text.to_owned());
        self
    }

    /// The environment that the system is started in.
    pub fn environment(&self) -> &[(String, String)] {
        &self.env
    }

    /// The working folder of the system; the same for all systems built from clones of this builder.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// A command of the program in this environment.
    pub fn command(&self) -> Command {
        let mut command = Command::new(binary("rt-manage-api"));
        command.current_dir(self.folder()).stdin(Stdio::null());
        for name in std::env::vars()
            .map(|(name, _)| name)
            .filter(|name| name.starts_with("RTM_"))
        {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the system without waiting for anything.
    pub fn spawn(&self) -> System {
        fs::create_dir_all(self.folder().join("config")).expect("folder for the configuration");
        if let Some(text) = &self.config_file {
            fs::write(self.folder().join("config/config.yml"), text)
                .expect("configuration written");
        }
        let number = fs::read_dir(self.folder()).expect("scratch folder").count();
        let log = self.folder().join(format!("api-{number}.log"));
        let output = fs::File::create(&log).expect("log file");
        let child = self
            .command()
            .stdout(output.try_clone().expect("log file"))
            .stderr(output)
            .spawn()
            .expect("rt-manage-api starts; build it with the feature test-hooks first (scripts/test does)");
        System {
            child: Some(child),
            builder: self.clone(),
            log,
            url: String::new(),
        }
    }

    /// Starts the system and waits until it serves.
    pub async fn start(&self) -> System {
        let mut system = self.spawn();
        let log = system.log.clone();
        let pid = system.pid();
        let address = until_some("the system serves", || async {
            let text = fs::read_to_string(&log).unwrap_or_default();
            assert!(is_running(pid), "the system ended while starting:\n{text}");
            let line = text
                .lines()
                .find(|line| line.contains("rt-manage is ready"))?;
            let rest = line.split("listen=").nth(1)?;
            Some(rest.split_whitespace().next()?.to_owned())
        })
        .await;
        system.url = format!("http://{address}");
        system
    }
}

/// A folder with built binaries: `RTM_BIN_DIR`, else the target folder that this test was built into.
fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("RTM_BIN_DIR").map_or_else(
        || {
            let test = std::env::current_exe().expect("own path");
            test.ancestors().nth(2).expect("a target folder").to_owned()
        },
        PathBuf::from,
    );
    folder.join(name)
}

fn is_running(pid: Pid) -> bool {
    let stat =
        fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or("X");
    !matches!(state, "Z" | "X")
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// A running system; killed when dropped.
#[derive(Debug)]
pub struct System {
    child: Option<Child>,
    builder: SystemBuilder,
    log: PathBuf,
    url: String,
}

impl System {
    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        let child = self.child.as_ref().expect("a running system");
        Pid::from_raw(i32::try_from(child.id()).expect("a process id")).expect("a process id")
    }

    /// A client of the public API with the example's secret.
    pub fn public(&self) -> Public {
        Public::new(&self.url)
    }

    /// A logged-in administrator.
    pub async fn admin(&self) -> Admin {
        Admin::log_in(&self.url, "admin", PASSWORD).await
    }

    /// The first log-in with a password that ships in examples: it only lets one set a new one.
    pub async fn first_log_in(&self, shipped: &str, own: &str) -> Admin {
        let admin = Admin::log_in(&self.url, "admin", shipped).await;
        admin.set_password(shipped, own).await;
        Admin::log_in(&self.url, "admin", own).await
    }

    /// Its metrics.
    pub async fn metrics(&self) -> String {
        let answer = super::client::http()
            .get(format!("{}/metrics", self.url))
            .send()
            .await
            .expect("an answer");
        answer.text().await.expect("text")
    }

    /// The answer of a path without any credentials.
    pub async fn get(&self, path: &str) -> Answer {
        self.public()
            .send(super::client::http().get(format!("{}{path}", self.url)))
            .await
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The builder that it was started by, to start it again over the same data.
    pub fn builder(&self) -> SystemBuilder {
        self.builder.clone()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("signal sent");
    }

    /// `kill -9`.
    pub async fn kill(mut self) -> SystemBuilder {
        self.signal(Signal::KILL);
        self.ended().await;
        self.builder.clone()
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(&mut self) -> Exit {
        let pid = self.pid();
        until("the process ends", || async { !is_running(pid) }).await;
        let status = self
            .child
            .take()
            .expect("a running system")
            .wait()
            .expect("its status");
        status
            .code()
            .map_or_else(|| Exit::Signal(status.signal().unwrap_or(0)), Exit::Code)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            if std::thread::panicking() {
                let log = self.log();
                let tail: Vec<_> = log.lines().rev().take(60).collect();
                eprintln!("--- end of {} ---", self.log.display());
                for line in tail.iter().rev() {
                    eprintln!("{line}");
                }
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
