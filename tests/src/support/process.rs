//! One process of a system, killed for real.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, Command},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Part, until, until_some};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// A process with its log; killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) part: Part,
    child: Option<Child>,
    log: PathBuf,
    /// Its address, once it was seen to be ready.
    pub(super) url: Option<String>,
    /// It was asked to end.
    pub(super) asked_to_end: bool,
}

impl Process {
    /// Starts it, with all that it writes in a new file `log`.
    pub(super) fn spawn(part: Part, mut command: Command, log: PathBuf) -> Self {
        let output = fs::File::create(&log).expect("log file");
        let child = command
            .stdout(output.try_clone().expect("log file"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{} does not start ({error}); build it with the feature test-hooks first (scripts/test does)",
                    part.program()
                )
            });
        Self {
            part,
            child: Some(child),
            log,
            url: None,
            asked_to_end: false,
        }
    }

    /// Its process id.
    pub(super) fn pid(&self) -> Pid {
        let child = self.child.as_ref().expect("a running process");
        Pid::from_raw(i32::try_from(child.id()).expect("a process id")).expect("a process id")
    }

    /// Whether it was started and its end has not been waited for.
    pub(super) fn is_started(&self) -> bool {
        self.child.is_some()
    }

    /// What it has logged so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it says that it is ready, and learns its address.
    pub(super) async fn ready(&mut self) -> String {
        let (part, pid, this) = (self.part, self.pid(), &*self);
        let url = until_some(&format!("{part} is ready"), || async {
            let text = this.log();
            assert!(is_running(pid), "{part} ended while starting:\n{text}");
            this.address()
        })
        .await;
        self.url = Some(url.clone());
        url
    }

    /// Its address, where it runs and has said that it is ready.
    pub(super) fn ready_at(&mut self) -> Option<String> {
        if !self.is_started() || !is_running(self.pid()) {
            return None;
        }
        if self.url.is_none() {
            self.url = self.address();
        }
        self.url.clone()
    }

    fn address(&self) -> Option<String> {
        let address = listens_at(&self.log(), self.part.ready_line())?;
        Some(format!("http://{address}"))
    }

    /// Sends a signal.
    pub(super) fn signal(&mut self, signal: Signal) {
        self.asked_to_end |= signal == Signal::TERM;
        kill_process(self.pid(), signal).expect("signal sent");
    }

    /// Stops it in its tracks, and waits until it stands. Not while it writes to an SQLite file: everybody else would
    /// have to stand still with it.
    pub(super) async fn freeze(&mut self) {
        let pid = self.pid();
        loop {
            self.signal(Signal::STOP);
            until("the process stands still", || async {
                state(pid) == Some('T')
            })
            .await;
            if !holds_a_write_lock(pid) {
                return;
            }
            self.signal(Signal::CONT);
            tokio::task::yield_now().await;
        }
    }

    /// Waits until it has ended.
    pub(super) async fn ended(&mut self) -> Exit {
        let pid = self.pid();
        until(&format!("{} ends", self.part), || async {
            !is_running(pid)
        })
        .await;
        self.reap()
    }

    /// Takes note of its end, which has come.
    pub(super) fn reap(&mut self) -> Exit {
        let status = self
            .child
            .take()
            .expect("a running process")
            .wait()
            .expect("its status");
        status
            .code()
            .map_or_else(|| Exit::Signal(status.signal().unwrap_or(0)), Exit::Code)
    }
}

/// The address in the first line that contains `what`, in either form of log.
fn listens_at(log: &str, what: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains(what))?;
    if let Some((_, rest)) = line.split_once("\"listen\":\"") {
        return Some(rest.split('"').next()?.to_owned());
    }
    let (_, rest) = line.split_once("listen=")?;
    Some(rest.split_whitespace().next()?.to_owned())
}

/// The letter that Linux gives for a process, e.g. `T` for stopped; `None` when it is gone.
fn state(pid: Pid) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    stat.rsplit(')').next()?.trim_start().chars().next()
}

pub(super) fn is_running(pid: Pid) -> bool {
    !matches!(state(pid), None | Some('Z' | 'X'))
}

/// Whether it holds a lock of the kind that SQLite locks parts of files with.
fn holds_a_write_lock(pid: Pid) -> bool {
    let pid = pid.as_raw_nonzero().to_string();
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    locks.lines().any(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.get(1..5) == Some(&["POSIX", "ADVISORY", "WRITE", &pid])
    })
}

impl Drop for Process {
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
