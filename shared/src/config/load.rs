//! The layers: defaults, then the file, then what the console saved, then the environment, then flags.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::check::{self, Finding};
use super::error::{ConfigError, Problem, ProblemKind};
use super::keys::{self, Key, Resolved};
use super::source::{Origin, ReportLine, Source, Sources};
use super::value::Raw;
use super::{Config, document, env, file, suggest};

/// What to load from.
#[derive(Clone, Default)]
pub struct LoadOptions {
    /// The file that the command line names (`--config`).
    pub file: Option<PathBuf>,
    /// The environment, all of it; see [`LoadOptions::process_env`].
    pub env: Vec<(String, String)>,
    /// Dotted keys and values from the command line; the last of a key counts.
    pub flags: Vec<(String, String)>,
}

impl LoadOptions {
    /// The variables of this process that concern us (`RTM_…`).
    pub fn process_env() -> Result<Vec<(String, String)>, ConfigError> {
        env::of_process(std::env::vars_os())
    }
}

impl fmt::Debug for LoadOptions {
    // Names only: the values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| -> Vec<String> {
            pairs.iter().map(|(name, _)| name.clone()).collect()
        };
        f.debug_struct("LoadOptions")
            .field("file", &self.file)
            .field("env", &names(&self.env))
            .field("flags", &names(&self.flags))
            .finish()
    }
}

/// A configuration that can be used, and how it came about.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The effective values.
    pub config: Config,
    /// What works, but is probably not meant; to be logged at start.
    pub warnings: Vec<String>,
    /// Where each value comes from.
    pub sources: Sources,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// What it was made from, to make it anew with what the console saved.
    pub(super) layers: Arc<Layers>,
}

/// What a configuration is made from.
pub(super) struct Layers {
    pub(super) defaults: Config,
    pub(super) file: Vec<Entry>,
    pub(super) environment: Vec<Entry>,
    pub(super) flags: Vec<Entry>,
}

impl fmt::Debug for Layers {
    // The values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layers").finish_non_exhaustive()
    }
}

impl Loaded {
    /// A configuration that nobody wrote down, as tests make it: all of it counts as defaults.
    pub fn of(config: Config) -> Self {
        Self {
            layers: Arc::new(Layers {
                defaults: config.clone(),
                file: Vec::new(),
                environment: Vec::new(),
                flags: Vec::new(),
            }),
            config,
            warnings: Vec::new(),
            sources: Sources::default(),
            file: None,
        }
    }

    /// The value that a key has where nobody set it.
    pub fn default_of(&self, key: &Key) -> serde_json::Value {
        key.json(&self.layers.defaults)
    }

    /// Every setting with its effective value (secrets masked) and where it comes from.
    pub fn report(&self) -> Vec<ReportLine> {
        self.sources.report(&self.config)
    }

    /// Where the value of a dotted key comes from.
    pub fn source(&self, key: &str) -> Source {
        self.sources.of(key)
    }
}

/// One value of one layer.
pub(super) struct Entry {
    /// The dotted key as it was written.
    pub(super) written: String,
    pub(super) raw: Raw,
    /// Where the value stands.
    pub(super) place: Source,
    /// Where the key stands; the same as `place` outside files.
    pub(super) key_place: Source,
}

pub(super) fn load(options: &LoadOptions) -> Result<Loaded, ConfigError> {
    let mut loader = Loader::default();
    let file = file::chosen(options);
    let mut in_file = Vec::new();
    if let Some(path) = &file {
        match file::read(path) {
            Ok(text) => {
                let document = document::read(&text, path);
                loader.problems.extend(document.problems);
                in_file = document.entries;
            }
            Err(what) => {
                let message = format!("{}: {what}", path.display());
                loader.problems.push(Problem::file(message));
            }
        }
    }
    let environment = env::read(&options.env);
    loader.problems.extend(environment.problems);
    loader.warnings.extend(environment.warnings);
    let layers = Layers {
        defaults: Config::default(),
        file: in_file,
        environment: environment.entries,
        flags: flags(&options.flags),
    };
    loader.layers(&layers, &[]);
    loader.finish(file, Arc::new(layers))
}

impl Loaded {
    /// The same with these values between file and environment.
    pub(super) fn laid_over(&self, entries: &[Entry]) -> Result<Self, ConfigError> {
        let mut loader = Loader {
            config: self.layers.defaults.clone(),
            ..Loader::default()
        };
        loader.layers(&self.layers, entries);
        loader.finish(self.file.clone(), Arc::clone(&self.layers))
    }
}

fn flags(flags: &[(String, String)]) -> Vec<Entry> {
    let last: BTreeMap<_, _> = flags.iter().map(|(key, text)| (key, text)).collect();
    let entry = |(key, text): (&String, &String)| {
        let place = Source::Flag { name: key.clone() };
        let raw = typed(key, text);
        Entry {
            written: key.clone(),
            raw,
            key_place: place.clone(),
            place,
        }
    };
    last.into_iter().map(entry).collect()
}

/// A text from the environment or a flag: taken literally, except that a list is written as YAML.
pub(super) fn typed(path: &str, text: &str) -> Raw {
    match keys::resolve(path) {
        Resolved::Key(key) if key.access.is_list() => document::read_value(text),
        _ => None,
    }
    .unwrap_or_else(|| Raw::text(text))
}

#[derive(Default)]
struct Loader {
    config: Config,
    sources: Sources,
    problems: Vec<Problem>,
    warnings: Vec<String>,
    /// Keys that have a problem already: checks of their values would only repeat it.
    broken: Vec<&'static str>,
}

impl Loader {
    fn layers(&mut self, layers: &Layers, stored: &[Entry]) {
        for layer in [&layers.file[..], stored, &layers.environment, &layers.flags] {
            self.layer(layer);
        }
    }

    /// Lays the values of one layer over those of the layers before.
    fn layer(&mut self, entries: &[Entry]) {
        let mut of_this_layer: BTreeMap<&'static str, Origin> = BTreeMap::new();
        for entry in entries {
            match keys::resolve(&entry.written) {
                Resolved::Unknown => {
                    let message = suggest::unknown_key(&entry.written);
                    self.problem(
                        ProblemKind::UnknownKey,
                        &entry.written,
                        entry.key_place.clone(),
                        message,
                    );
                }
                Resolved::Nothing(reason) => {
                    self.warnings
                        .push(format!("{}: {} {reason}", entry.key_place, entry.written));
                }
                Resolved::Key(key) => {
                    let before = key.show(&self.config);
                    if !self.set(key, entry) {
                        continue;
                    }
                    let origin = Origin {
                        written: entry.written.clone(),
                        source: entry.place.clone(),
                    };
                    if let Some(first) = of_this_layer.get(key.path()) {
                        self.given_twice(key, first, &before, &origin);
                    }
                    of_this_layer.insert(key.path(), origin.clone());
                    self.sources.0.insert(key.path(), origin);
                }
            }
        }
        let flagged = of_this_layer.iter().filter(|(path, origin)| {
            matches!(origin.source, Source::Flag { .. })
                && keys::find(path).is_some_and(Key::is_secret)
        });
        self.warnings.extend(flagged.map(|(path, _)| {
            format!("{path}: a secret on the command line can be read by every user of the host")
        }));
    }

    fn set(&mut self, key: &'static Key, entry: &Entry) -> bool {
        let Err(expected) = key.access.set(&mut self.config, &entry.raw) else {
            return true;
        };
        let got = entry.raw.describe(key.is_secret());
        self.problem(
            ProblemKind::WrongType,
            &entry.written,
            entry.place.clone(),
            format!("expected {expected}, got {got}"),
        );
        self.broken.push(key.path());
        false
    }

    /// One layer gives one key twice, by two names. Harmless if both say the same; for a secret
    /// that is not looked at, since there is no reason to give it twice.
    fn given_twice(&mut self, key: &'static Key, first: &Origin, before: &str, second: &Origin) {
        let now = key.show(&self.config);
        if !key.is_secret() && before == now {
            return;
        }
        let Origin { written, source } = first;
        let message = if key.is_secret() {
            format!("given twice; also by {source}")
        } else {
            format!("is {now}, but {written} ({source}) means the same and is {before}")
        };
        self.problem(
            ProblemKind::Duplicate,
            &second.written,
            second.source.clone(),
            message,
        );
    }

    fn problem(&mut self, kind: ProblemKind, key: &str, source: Source, message: String) {
        self.problems.push(Problem::at(kind, key, source, message));
    }

    fn finish(mut self, file: Option<PathBuf>, layers: Arc<Layers>) -> Result<Loaded, ConfigError> {
        // `proxy: ""` and `RTM_QUEUE__URL=` are how people write "none". For the secrets of
        // section `security` it is an error instead: there, none would mean less protection.
        self.config.openai.proxy.take_if(|proxy| proxy.is_empty());
        self.config.queue.url.take_if(|url| url.is_empty());

        let found = check::check(&self.config);
        for finding in &found.errors {
            if !finding.keys.iter().any(|key| self.broken.contains(key)) {
                let problem = self.placed(finding);
                self.problems.push(problem);
            }
        }
        for finding in &found.warnings {
            let warning = self.placed(finding).to_string();
            self.warnings.push(warning);
        }
        if !self.problems.is_empty() {
            return Err(ConfigError {
                problems: self.problems,
            });
        }
        let Self {
            config,
            sources,
            warnings,
            ..
        } = self;
        Ok(Loaded {
            config,
            warnings,
            sources,
            file,
            layers,
        })
    }

    /// A finding, with the places of those of its keys that somebody set.
    fn placed(&self, finding: &Finding) -> Problem {
        let mut message = finding.message.clone();
        let mut source = None;
        let mut written = finding.keys.first().copied().unwrap_or_default();
        for (index, key) in finding.keys.iter().enumerate() {
            let Some(origin) = self.sources.0.get(key) else {
                continue;
            };
            if index == 0 {
                source = Some(origin.source.clone());
                written = &origin.written;
            } else {
                message = format!("{message}; {} is from {}", origin.written, origin.source);
            }
        }
        Problem {
            kind: ProblemKind::Invalid,
            key: Some(written.to_owned()),
            source,
            message,
            keys: finding.keys.clone(),
        }
    }
}
