//! Where the predecessor's database is: its configuration file says so, or somebody who knows.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use rt_manage_shared::{
    config::{Config, ConfigError, DatabaseTls, LoadOptions, Source as Origin},
    db::{DbOptions, Server, Target},
    openai::PREDECESSOR_CLIENT_ID,
    vault::Secret,
};
use url::Url;

/// What every SQLite file begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";
const MYSQL_PORT: u16 = 3306;

/// A place that was named and cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Not what it has to be.
    #[error("{0}")]
    Unusable(String),
    /// The configuration file.
    #[error("the old configuration: {0}")]
    Config(#[from] ConfigError),
}

/// The predecessor's database, and what its configuration adds to it.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it is.
    pub target: Target,
    /// What its tables' names begin with, the underscore included.
    pub prefix: String,
    /// The client id that was used for records without one.
    pub client_id: String,
    /// The proxy that was used for records without one.
    pub proxy: Option<Secret>,
    /// How the console showed refreshing by itself and its interval, where the file sets them.
    pub settings: Vec<(&'static str, serde_json::Value)>,
}

impl Source {
    /// Finds it. `named` is a configuration file, an SQLite file, or a URL (`sqlite:…`, `mysql://…`); `prefix` and `password`
    /// stand over what those say.
    pub fn find(
        named: &str,
        prefix: Option<&str>,
        password: Option<Secret>,
    ) -> Result<Self, SourceError> {
        let mut source = match named.split_once(':') {
            Some(("sqlite", path)) => Self::at(Target::Sqlite {
                file: path.strip_prefix("//").unwrap_or(path).into(),
            }),
            Some(("mysql" | "mariadb", _)) => Self::at(Target::MySql(server(named)?)),
            Some((scheme, rest)) if rest.starts_with("//") => {
                return Err(unusable(format!(
                    "the predecessor knows SQLite and MySQL: write sqlite:FILE or mysql://user@host:port/database, not {scheme}://…"
                )));
            }
            _ if is_sqlite(Path::new(named))? => Self::at(Target::Sqlite { file: named.into() }),
            _ => Self::configured(Path::new(named))?,
        };
        if let Some(prefix) = prefix {
            source.prefix = with_underscore(prefix);
        }
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !source.prefix.chars().all(word) {
            return Err(unusable("the prefix has letters, digits and underscores"));
        }
        if let (Some(password), Target::MySql(server)) = (password, &mut source.target) {
            server.password = password;
        }
        Ok(source)
    }

    /// Whether a URL holds a password, for other users of the host to read.
    pub fn tells_a_password(named: &str) -> bool {
        Url::parse(named).is_ok_and(|url| url.password().is_some())
    }

    fn at(target: Target) -> Self {
        Self {
            target,
            prefix: String::new(),
            client_id: PREDECESSOR_CLIENT_ID.to_owned(),
            proxy: None,
            settings: Vec::new(),
        }
    }

    /// As its configuration file says. Nothing else of ours is looked at: no environment, no flags.
    fn configured(path: &Path) -> Result<Self, SourceError> {
        let options = LoadOptions {
            file: Some(path.to_owned()),
            ..LoadOptions::default()
        };
        let loaded = Config::load(&options)?;
        let set = |key: &str| loaded.source(key) != Origin::Default;
        let config = &loaded.config;
        let DbOptions {
            mut target,
            table_prefix,
            ..
        } = DbOptions::from(&config.database);
        if let Target::Sqlite { file } = &mut target {
            *file = beside(path, file);
        }
        let mut source = Self {
            prefix: table_prefix,
            ..Self::at(target)
        };
        if set("openai.client_id") {
            source.client_id.clone_from(&config.openai.client_id);
        }
        source.proxy.clone_from(&config.openai.proxy);
        if set("refresh.auto") {
            let auto = config.refresh.auto.into();
            source.settings.push(("refresh.auto", auto));
        }
        if let (true, Some(days)) = (set("refresh.interval_days"), config.refresh.interval_days) {
            source.settings.push(("refresh.interval_days", days.into()));
        }
        Ok(source)
    }
}

/// A file's path is meant from where the old program ran: here, in the folder of its configuration, or above that.
fn beside(config: &Path, file: &Path) -> PathBuf {
    if file.is_absolute() || file.is_file() {
        return file.to_owned();
    }
    let folders = config.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join(file));
    found
        .into_iter()
        .find(|path| path.is_file())
        .unwrap_or_else(|| file.to_owned())
}

fn is_sqlite(path: &Path) -> Result<bool, SourceError> {
    let mut begin = [0; SQLITE.len()];
    let mut file = File::open(path)
        .map_err(|error| unusable(format!("{} cannot be read: {error}", path.display())))?;
    Ok(file.read_exact(&mut begin).is_ok() && begin == SQLITE)
}

/// The messages do not repeat the URL: there may be a password in it.
fn server(text: &str) -> Result<Server, SourceError> {
    const FORM: &str = "write the URL as mysql://user@host:port/database, and the password into the file that --password-file names";
    let url = Url::parse(text).map_err(|_| unusable(FORM))?;
    let plain = |part: &str| {
        let pair = format!("v={}", part.replace('+', "%2B"));
        let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
        pairs
            .next()
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let database = plain(url.path().trim_start_matches('/'));
    let host = url.host_str().unwrap_or_default();
    if database.is_empty() || host.is_empty() || url.username().is_empty() {
        return Err(unusable(FORM));
    }
    Ok(Server {
        host: host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned(),
        port: url.port().unwrap_or(MYSQL_PORT),
        user: plain(url.username()),
        password: Secret::new(plain(url.password().unwrap_or_default())),
        database,
        tls: DatabaseTls::Prefer,
        tls_ca_file: None,
    })
}

fn with_underscore(prefix: &str) -> String {
    match prefix {
        "" => String::new(),
        prefix if prefix.ends_with('_') => prefix.to_owned(),
        prefix => format!("{prefix}_"),
    }
}

fn unusable(text: impl Into<String>) -> SourceError {
    SourceError::Unusable(text.into())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn places_are_recognised() {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("config")).unwrap();
        std::fs::create_dir(path("data")).unwrap();
        std::fs::write(path("data/tokens.db"), [SQLITE, &[0; 84]].concat()).unwrap();
        let config = "database: {type: sqlite, database: ./data/tokens.db, table_prefix: rt}\n\
                      openai: {client_id: app_old, refresh_interval: 5, schedule_enabled: false}\n\
                      log: {level: info, encoding: json, output_paths: [stdout]}\n";
        std::fs::write(path("config/config.yml"), config).unwrap();
        let find = |named: &Path, prefix| Source::find(named.to_str().unwrap(), prefix, None);

        let found = find(&path("config/config.yml"), None).unwrap();
        let Target::Sqlite { file } = &found.target else {
            panic!("{found:?}")
        };
        assert!(file.is_file());
        assert_eq!(
            (found.prefix.as_str(), found.client_id.as_str()),
            ("rt_", "app_old")
        );
        let settings = [
            ("refresh.auto", false.into()),
            ("refresh.interval_days", 5.into()),
        ];
        assert_eq!(found.settings, settings);
        let found = find(&path("data/tokens.db"), Some("x")).unwrap();
        assert_eq!(
            (found.prefix.as_str(), found.client_id.as_str()),
            ("x_", PREDECESSOR_CLIENT_ID)
        );
        for text in ["sqlite:/a/b.db", "sqlite:///a/b.db"] {
            let found = Source::find(text, None, None).unwrap();
            assert!(
                matches!(found.target, Target::Sqlite { file } if file == Path::new("/a/b.db"))
            );
        }
        assert!(find(&path("nowhere.yml"), None).is_err());
    }

    #[test]
    fn servers_are_named_by_url_and_passwords_never_shown() {
        let url = "mysql://old:can%40ry-+secret@db.example/tokens";
        let found = Source::find(url, Some(""), None).unwrap();
        assert!(!format!("{found:?}").contains("ry-"));
        let Target::MySql(server) = found.target else {
            panic!("no server")
        };
        assert_eq!(
            (
                server.host.as_str(),
                server.port,
                server.user.as_str(),
                server.database.as_str()
            ),
            ("db.example", 3306, "old", "tokens")
        );
        assert_eq!(server.password.expose(), "can@ry-+secret");
        let given =
            Source::find("mysql://old@[::1]:3307/t", None, Some("from a file".into())).unwrap();
        let Target::MySql(server) = given.target else {
            panic!("no server")
        };
        assert_eq!(
            (server.host.as_str(), server.port, server.password.expose()),
            ("::1", 3307, "from a file")
        );
        for bad in [
            "mysql://u:canary@/x",
            "mysql://u:canary@h",
            "postgres://u:canary@h/x",
            "mysql:canary",
        ] {
            let error = Source::find(bad, None, None).unwrap_err().to_string();
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
