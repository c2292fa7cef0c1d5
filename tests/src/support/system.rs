//! [`System`]: the real processes, in a scratch folder.

use std::collections::BTreeMap;

use rustix::process::{Pid, Signal};

use super::{
    Deployment, Exit, Part, SystemBuilder,
    builder::PASSWORD,
    client::{Admin, Answer, Endpoints, Public, http},
    metrics,
    process::{Process, is_running},
};

/// A running system; killed when dropped. Where it has several API replicas, clients go to one after the other.
#[derive(Debug)]
pub struct System {
    processes: BTreeMap<Part, Process>,
    /// What ended ones have logged.
    former_logs: String,
    endpoints: Endpoints,
    builder: SystemBuilder,
}

impl System {
    pub(super) async fn start(builder: &SystemBuilder) -> Self {
        let (apis, workers) = match builder.deployment() {
            Deployment::Embedded => (1, 0),
            Deployment::Split { apis, workers } => (apis, workers),
        };
        let mut system = Self {
            processes: BTreeMap::new(),
            former_logs: String::new(),
            endpoints: Endpoints::default(),
            builder: builder.clone(),
        };
        // The first one brings the schema up to date and makes the sealing key.
        system.spawn(Part::Api(0), true);
        system.ready(Part::Api(0)).await;
        let rest: Vec<_> = (1..apis)
            .map(Part::Api)
            .chain((0..workers).map(Part::Worker))
            .collect();
        for part in &rest {
            system.spawn(*part, true);
        }
        for part in rest {
            system.ready(part).await;
        }
        system
    }

    fn spawn(&mut self, part: Part, armed: bool) {
        let process = self.builder.spawn(part, armed);
        if let Some(former) = self.processes.insert(part, process) {
            assert!(!former.is_started(), "{part} runs already");
            self.former_logs.push_str(&former.log());
        }
    }

    fn part(&self, part: Part) -> &Process {
        self.processes.get(&part).expect("a process of this system")
    }

    fn part_mut(&mut self, part: Part) -> &mut Process {
        self.processes
            .get_mut(&part)
            .expect("a process of this system")
    }

    /// Waits until the process says that it is ready.
    pub async fn ready(&mut self, part: Part) {
        let url = self.part_mut(part).ready().await;
        if let Part::Api(number) = part {
            self.endpoints.add(number, url);
        }
    }

    /// The processes whose end has not been waited for: API replicas, then workers.
    pub fn parts(&self) -> Vec<Part> {
        let running = self.processes.values().filter(|one| one.is_started());
        running.map(|process| process.part).collect()
    }

    /// Its API replicas.
    pub fn apis(&self) -> Vec<Part> {
        let mut parts = self.parts();
        parts.retain(|part| part.is_api());
        parts
    }

    /// Its workers; none in an embedded system.
    pub fn workers(&self) -> Vec<Part> {
        let mut parts = self.parts();
        parts.retain(|part| !part.is_api());
        parts
    }

    /// The process id of each process that has not ended.
    pub fn pids(&self) -> Vec<(Part, Pid)> {
        let pids = self.parts().into_iter().map(|part| (part, self.pid(part)));
        pids.filter(|(_, pid)| is_running(*pid)).collect()
    }

    /// The process id of one process.
    pub fn pid(&self, part: Part) -> Pid {
        self.part(part).pid()
    }

    // --- Asking it ------------------------------------------------------------------------------------------

    /// The address of the first API replica.
    pub fn url(&self) -> &str {
        self.url_of(*self.apis().first().expect("an API replica"))
    }

    /// The address of one process.
    pub fn url_of(&self, part: Part) -> &str {
        self.part(part).url.as_deref().expect("a ready process")
    }

    /// A client of the public API with the example's secret.
    pub fn public(&self) -> Public {
        Public::new(self.endpoints.clone())
    }

    /// A client of the public API of one replica.
    pub fn public_of(&self, api: Part) -> Public {
        Public::new(Endpoints::one(self.url_of(api).to_owned()))
    }

    /// A logged-in administrator.
    pub async fn admin(&self) -> Admin {
        Admin::log_in(self.endpoints.clone(), "admin", PASSWORD).await
    }

    /// Somebody who is logged in.
    pub async fn log_in(&self, username: &str, password: &str) -> Admin {
        Admin::log_in(self.endpoints.clone(), username, password).await
    }

    /// The first log-in with a password that ships in examples: it only lets one set a new one.
    pub async fn first_log_in(&self, shipped: &str, own: &str) -> Admin {
        let admin = Admin::log_in(self.endpoints.clone(), "admin", shipped).await;
        admin.set_password(shipped, own).await;
        Admin::log_in(self.endpoints.clone(), "admin", own).await
    }

    /// Its metrics, added up over all processes.
    pub async fn metrics(&self) -> String {
        let mut texts = Vec::new();
        for part in self.parts() {
            texts.push(self.metrics_of(part).await);
        }
        metrics::sum(&texts)
    }

    /// The metrics of one process.
    pub async fn metrics_of(&self, part: Part) -> String {
        let answer = http()
            .get(format!("{}/metrics", self.url_of(part)))
            .send()
            .await
            .expect("an answer");
        answer.text().await.expect("text")
    }

    /// The answer of a path of the API without any credentials.
    pub async fn get(&self, path: &str) -> Answer {
        let url = self.endpoints.next();
        self.public().send(http().get(format!("{url}{path}"))).await
    }

    /// The answer of a path of one process without any credentials.
    pub async fn get_from(&self, part: Part, path: &str) -> Answer {
        let url = self.url_of(part);
        self.public().send(http().get(format!("{url}{path}"))).await
    }

    /// What its processes have logged so far, one after the other; those as well that were started again.
    pub fn log(&self) -> String {
        let logs = self.processes.values().map(Process::log);
        self.former_logs.clone() + &logs.collect::<String>()
    }

    /// What one process has logged since it was last started.
    pub fn log_of(&self, part: Part) -> String {
        self.part(part).log()
    }

    /// The builder that it was started by, to start it again over the same data.
    pub fn builder(&self) -> SystemBuilder {
        self.builder.clone()
    }

    // --- Doing things to it ---------------------------------------------------------------------------------

    /// Sends a signal to the API, to all replicas.
    pub fn signal(&mut self, signal: Signal) {
        for part in self.apis() {
            self.signal_part(part, signal);
        }
    }

    /// Sends a signal to one process.
    pub fn signal_part(&mut self, part: Part, signal: Signal) {
        self.part_mut(part).signal(signal);
    }

    /// SIGSTOP. Clients go to other replicas until it is woken.
    pub async fn freeze(&mut self, part: Part) {
        self.part_mut(part).freeze().await;
        if let Part::Api(number) = part {
            self.endpoints.remove(number);
        }
    }

    /// SIGCONT.
    pub fn wake(&mut self, part: Part) {
        let process = self.part_mut(part);
        process.signal(Signal::CONT);
        if let (Part::Api(number), Some(url)) = (part, process.url.clone()) {
            self.endpoints.add(number, url);
        }
    }

    /// Freezes all workers but this one, so that only it can take what is pushed; nothing where `chosen` is an API.
    /// Returns them, to be woken.
    pub async fn freeze_other_workers(&mut self, chosen: Part) -> Vec<Part> {
        let mut others = self.workers();
        others.retain(|part| !chosen.is_api() && *part != chosen);
        for part in &others {
            self.freeze(*part).await;
        }
        others
    }

    /// `kill -9` of all processes.
    pub async fn kill(mut self) -> SystemBuilder {
        let parts = self.parts();
        for part in &parts {
            self.signal_part(*part, Signal::KILL);
        }
        for part in parts {
            self.part_ended(part).await;
        }
        self.builder.clone()
    }

    /// `kill -9` of one process.
    pub async fn kill_part(&mut self, part: Part) {
        self.signal_part(part, Signal::KILL);
        self.part_ended(part).await;
    }

    /// Waits until the API has ended by itself, all replicas. Then the workers are asked to end, as an operator would do
    /// it. Returns how the first one ended that did not end well.
    pub async fn ended(&mut self) -> Exit {
        let mut exits = Vec::new();
        for part in self.apis() {
            exits.push(self.part_ended(part).await);
        }
        let workers = self.workers();
        for part in &workers {
            if !self.part(*part).asked_to_end {
                self.signal_part(*part, Signal::TERM);
            }
        }
        for part in workers {
            exits.push(self.part_ended(part).await);
        }
        let bad = exits.into_iter().find(|exit| *exit != Exit::Code(0));
        bad.unwrap_or(Exit::Code(0))
    }

    /// Waits until a process has ended by itself.
    pub async fn part_ended(&mut self, part: Part) -> Exit {
        let exit = self.part_mut(part).ended().await;
        if let Part::Api(number) = part {
            self.endpoints.remove(number);
        }
        exit
    }

    /// Starts a process again that has ended, without fail points, and waits until it is ready.
    pub async fn start_again(&mut self, part: Part) {
        self.spawn(part, false);
        self.ready(part).await;
    }

    /// Takes note of the end of a process that has ended by itself.
    pub fn reap(&mut self, part: Part) {
        self.part_mut(part).reap();
        if let Part::Api(number) = part {
            self.endpoints.remove(number);
        }
    }

    /// Starts a process again that has ended, without waiting for anything.
    pub fn spawn_again(&mut self, part: Part) {
        self.spawn(part, false);
    }

    /// Whether a process runs and has said that it is ready; learns its address.
    pub fn is_ready(&mut self, part: Part) -> bool {
        let Some(url) = self.part_mut(part).ready_at() else {
            return false;
        };
        if let Part::Api(number) = part {
            self.endpoints.add(number, url);
        }
        true
    }

    /// Starts a process again that has ended, with these fail points. It may not live long enough to be ready.
    pub fn spawn_armed(&mut self, part: Part, steps: &str) {
        self.builder = self.builder.clone().arm(part, steps);
        self.spawn(part, true);
    }

    /// Starts one more API replica, without fail points, and waits until it is ready.
    pub async fn start_api(&mut self) -> Part {
        let apis = self.processes.keys().filter(|part| part.is_api()).count();
        let part = Part::Api(apis);
        self.spawn(part, false);
        self.ready(part).await;
        part
    }

    /// Starts one more worker, without fail points, and waits until it is ready.
    pub async fn start_worker(&mut self) -> Part {
        let part = self.spawn_worker();
        self.ready(part).await;
        part
    }

    /// Starts one more worker without waiting for anything.
    pub fn spawn_worker(&mut self) -> Part {
        let workers = self.processes.keys().filter(|part| !part.is_api()).count();
        let part = Part::Worker(workers);
        self.spawn(part, false);
        part
    }
}
