//! [`SystemBuilder`]: what a system is started from.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use rt_manage_shared::{
    bootstrap,
    config::{Config, LoadOptions},
    db::Db,
};
use tempfile::TempDir;

use super::{
    Backend, Deployment, Part, PrivateDatabase, PrivateRedis, System, process::Process, redis::Keys,
};

/// The administrator's password in tests; not the example's, so that log-in needs no ceremony.
pub(super) const PASSWORD: &str = "correct horse battery";

/// What all systems built from clones of one builder share: the scratch folder, and the keys in Redis. Both are removed
/// in the end.
#[derive(Debug)]
struct Scratch {
    folder: TempDir,
    keys: Option<Keys>,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(keys) = &self.keys {
            keys.delete();
        }
    }
}

/// How a system is started.
#[derive(Debug, Clone)]
pub struct SystemBuilder {
    scratch: Arc<Scratch>,
    deployment: Deployment,
    env: Vec<(String, String)>,
    /// What only one process gets.
    own_env: Vec<(Part, String, String)>,
    journals_apart: bool,
    config_file: Option<String>,
}

impl SystemBuilder {
    /// An embedded system in a new scratch folder that takes `token_url` for the upstream. Its deadlines are short, so
    /// that tests of lost workers take seconds.
    pub fn new(backend: Backend, token_url: &str) -> Self {
        let scratch = Scratch {
            folder: TempDir::new().expect("a scratch folder"),
            keys: None,
        };
        Self {
            scratch: Arc::new(scratch),
            deployment: Deployment::Embedded,
            env: backend.environment(),
            own_env: Vec::new(),
            journals_apart: false,
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
        .set("RTM_REFRESH__SEND_BUDGET_SECONDS", "3")
        .set("RTM_REFRESH__PERSIST_SECONDS", "1")
        .set("RTM_REFRESH__GRACE_SECONDS", "1")
        .set("RTM_REFRESH__BACKOFF_BASE_SECONDS", "1")
        .set("RTM_REFRESH__BACKOFF_MAX_SECONDS", "2")
        .set("RTM_WORKER__HEARTBEAT_SECONDS", "1")
        .set("RTM_LOG__LEVEL", "debug")
        .set("NO_COLOR", "1")
    }

    /// Keeps its data on a database server that the test may break, instead of the one that all tests share.
    #[must_use]
    pub fn on(mut self, backend: Backend, database: &PrivateDatabase) -> Self {
        for (name, value) in backend.environment_at(database.url()) {
            self = self.set(&name, &value);
        }
        self
    }

    /// Splits it into API replicas and workers over the Redis server of `RTM_TEST_REDIS_URL`, with keys of its own.
    #[must_use]
    pub fn split(self, apis: usize, workers: usize) -> Self {
        let url = std::env::var("RTM_TEST_REDIS_URL").unwrap_or_else(|_| {
            panic!("RTM_TEST_REDIS_URL is not set: run scripts/test, or start the servers with scripts/test-services")
        });
        self.split_at(&url, apis, workers)
    }

    /// Splits it over a Redis server that the test may break.
    #[must_use]
    pub fn split_over(self, redis: &PrivateRedis, apis: usize, workers: usize) -> Self {
        self.split_at(&redis.url(), apis, workers)
    }

    fn split_at(mut self, url: &str, apis: usize, workers: usize) -> Self {
        let prefix = format!("t{:016x}", rand::random::<u64>());
        let scratch = Arc::get_mut(&mut self.scratch).expect("split before the builder is cloned");
        scratch.keys = Some(Keys::new(url, &prefix));
        self.deployment = Deployment::Split { apis, workers };
        self.set("RTM_QUEUE__URL", url)
            .set("RTM_QUEUE__KEY_PREFIX", &prefix)
            .set("RTM_WORKER__LISTEN", "127.0.0.1:0")
    }

    /// Another number of workers; an embedded system stays as it is.
    #[must_use]
    pub fn workers(mut self, number: usize) -> Self {
        if let Deployment::Split { workers, .. } = &mut self.deployment {
            *workers = number;
        }
        self
    }

    /// A journal directory for each worker, as on hosts of their own; otherwise all share one.
    #[must_use]
    pub fn journals_apart(mut self) -> Self {
        self.journals_apart = true;
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets an environment variable of one process.
    #[must_use]
    pub fn set_for(mut self, part: Part, name: &str, value: &str) -> Self {
        self.own_env
            .retain(|(owner, known, _)| (*owner, known.as_str()) != (part, name));
        self.own_env.push((part, name.to_owned(), value.to_owned()));
        self
    }

    /// Takes an environment variable away.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self
    }

    /// Waits long for answers: the test holds the upstream up, and this machine may be slow.
    #[must_use]
    pub fn patient(self) -> Self {
        self.set("RTM_OPENAI__REQUEST_TIMEOUT_SECONDS", "40")
    }

    /// Automatic refreshing off: only what the test asks for happens.
    #[must_use]
    pub fn manual(self) -> Self {
        self.set("RTM_REFRESH__AUTO", "false")
    }

    /// Arms a step of the refresh protocol (syntax of the crate `fail`), e.g. `answer.synced=return`, in the first of
    /// the processes that reach it ([`Self::part_of`]).
    #[must_use]
    pub fn die_at(self, step: &str) -> Self {
        let part = self.part_of(step);
        self.arm(part, step)
    }

    /// Arms steps in one process.
    #[must_use]
    pub fn arm(self, part: Part, steps: &str) -> Self {
        self.set_for(part, "FAILPOINTS", steps)
    }

    /// The first of the processes that reach a step of the refresh protocol: requests are made and claims are given up by
    /// the API, the rest happens in workers.
    pub fn part_of(&self, step: &str) -> Part {
        match self.deployment {
            Deployment::Split { .. }
                if !step.starts_with("request.") && !step.starts_with("abandon.") =>
            {
                Part::Worker(0)
            }
            _ => Part::Api(0),
        }
    }

    /// Writes `config/config.yml` before the start.
    #[must_use]
    pub fn config_file(mut self, text: &str) -> Self {
        self.config_file = Some(text.to_owned());
        self
    }

    /// How the system is spread over processes.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// The environment that all of its processes are started in.
    pub fn environment(&self) -> &[(String, String)] {
        &self.env
    }

    /// The working folder of the system; the same for all systems built from clones of this builder.
    pub fn folder(&self) -> &Path {
        self.scratch.folder.path()
    }

    /// Its configuration, as its processes see it; paths are those of this process.
    pub fn configuration(&self) -> Config {
        let is_server = self
            .env
            .iter()
            .any(|(name, _)| name == "RTM_DATABASE__TYPE");
        let here = |path: &str| self.folder().join(path).display().to_string();
        let journal = self
            .env
            .iter()
            .find(|(name, _)| name == "RTM_JOURNAL__DIRECTORY");
        let journal = journal.map_or("data/journal", |(_, path)| path.as_str());
        let mut flags = vec![
            (
                "security.key_file".to_owned(),
                here("data/keys/master.keys"),
            ),
            ("journal.directory".to_owned(), here(journal)),
        ];
        if !is_server {
            flags.push(("database.database".to_owned(), here("data/tokens.db")));
        }
        let options = LoadOptions {
            file: None,
            env: self.env.clone(),
            flags,
        };
        Config::load(&options).expect("its configuration").config
    }

    /// The system's database, opened beside it.
    pub async fn database(&self) -> Db {
        bootstrap::open_database(&self.configuration())
            .await
            .expect("its database")
    }

    /// All keys and values that the system has in Redis; nothing for an embedded one.
    pub fn redis_content(&self) -> Vec<(String, Vec<u8>)> {
        self.scratch
            .keys
            .as_ref()
            .map(Keys::content)
            .unwrap_or_default()
    }

    /// The address of its Redis; `None` for an embedded one.
    pub fn redis_url(&self) -> Option<&str> {
        self.scratch.keys.as_ref().map(Keys::url)
    }

    /// What the names of its keys in Redis contain; `None` for an embedded one.
    pub fn redis_prefix(&self) -> Option<&str> {
        self.scratch.keys.as_ref().map(Keys::prefix)
    }

    /// A command of the API's program in this environment.
    pub fn command(&self) -> Command {
        self.command_of("rt-manage-api")
    }

    /// A command of the worker's program in this environment.
    pub fn worker_command(&self) -> Command {
        self.command_of("rt-manage-worker")
    }

    fn command_of(&self, program: &str) -> Command {
        let mut command = Command::new(binary(program));
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

    /// Starts one process. `armed`: with its fail points; a process that is started again has none.
    pub(super) fn spawn(&self, part: Part, armed: bool) -> Process {
        fs::create_dir_all(self.folder().join("config")).expect("folder for the configuration");
        if let Some(text) = &self.config_file {
            fs::write(self.folder().join("config/config.yml"), text)
                .expect("configuration written");
        }
        let number = fs::read_dir(self.folder()).expect("scratch folder").count();
        let log = self.folder().join(format!("{part}-{number}.log"));
        let mut command = self.command_of(part.program());
        if let Part::Worker(number) = part
            && self.journals_apart
        {
            command.env("RTM_JOURNAL__DIRECTORY", format!("./data/journal-{number}"));
        }
        let own = self
            .own_env
            .iter()
            .filter(|(owner, name, _)| *owner == part && (armed || name != "FAILPOINTS"));
        command.envs(own.map(|(_, name, value)| (name, value)));
        Process::spawn(part, command, log)
    }

    /// Starts the system and waits until all of it is ready.
    pub async fn start(&self) -> System {
        System::start(self).await
    }
}

/// A folder with built binaries: `RTM_BIN_DIR`, else the target folder that this test or program was built into.
fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("RTM_BIN_DIR").map_or_else(
        || {
            let own = std::env::current_exe().expect("own path");
            let mut folders = own.ancestors().skip(1);
            // Tests are in a folder `deps` of it.
            let found = folders.find(|folder| !folder.ends_with("deps"));
            found.expect("a target folder").to_owned()
        },
        PathBuf::from,
    );
    folder.join(name)
}
