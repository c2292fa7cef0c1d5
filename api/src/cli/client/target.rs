//! Where a command works, and as whom: the options that all commands of the admin API share.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::Args;
use console::Term;
use rt_manage_shared::vault::Secret;
use url::Url;
use zeroize::Zeroizing;

use super::{Exit, Failure};

/// Secrets that come in the environment. Never in an argument: everybody on a host can read those.
const PASSWORD: &str = "RTM_PASSWORD";
const KEY: &str = "RTM_KEY";
/// The account of the configuration as it ships.
const USER: &str = "admin";
/// More is no password and no key.
const MAX_SECRET_BYTES: u64 = 4096;

/// Where to work, and as whom.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Where and as whom")]
pub(in crate::cli) struct Target {
    /// A server, e.g. <https://rtm.example.com>; without it the command opens the configured database itself.
    #[arg(long, global = true, env = "RTM_URL", value_parser = address)]
    url: Option<Url>,
    /// Logs in to the server under this name; the password comes from `RTM_PASSWORD`, --password-file or a prompt.
    #[arg(long, global = true, env = "RTM_USER", value_name = "NAME")]
    user: Option<String>,
    /// A file with the password.
    #[arg(long, global = true, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A file with an API key of the scope `view` or `manage`; or put the key into `RTM_KEY`.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "password_file"
    )]
    key_file: Option<PathBuf>,
    /// Prints JSON, errors too.
    #[arg(long, global = true, help_heading = "Output")]
    pub(in crate::cli) json: bool,
}

/// Who asks a server.
pub(super) enum Identity {
    /// A program with a key.
    Key(Secret),
    /// A person.
    Person {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
}

impl Target {
    /// The server, where one was named.
    pub(in crate::cli) fn url(&self) -> Option<&Url> {
        self.url.as_ref()
    }

    /// As whom: what was said in the command counts before the environment.
    pub(super) fn identity(&self) -> Result<Identity, Failure> {
        if let Some(file) = &self.key_file {
            return Ok(Identity::Key(read(file)?));
        }
        if self.user.is_none()
            && self.password_file.is_none()
            && let Some(key) = variable(KEY)?
        {
            return Ok(Identity::Key(key));
        }
        let user = self.user.as_deref().unwrap_or(USER);
        let password = match (&self.password_file, variable(PASSWORD)?) {
            (Some(file), _) => read(file)?,
            (None, Some(password)) => password,
            (None, None) => ask(user)?,
        };
        Ok(Identity::Person {
            user: user.to_owned(),
            password,
        })
    }
}

fn address(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|_| "must be an address such as https://rtm.example.com".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("must begin with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must hold no user name and no password: see --user".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end with the path".to_owned());
    }
    Ok(url)
}

fn variable(name: &str) -> Result<Option<Secret>, Failure> {
    match std::env::var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("{name} is not UTF-8 text")))
        }
    }
}

/// The first line of a file.
fn read(path: &Path) -> Result<Secret, Failure> {
    let failed = |error| Failure::file(path, "reading", &error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_SECRET_BYTES)
        .read_to_string(&mut text)
        .map_err(failed)?;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        let message = format!("there is nothing in the first line of {}", path.display());
        return Err(Failure::usage(message));
    }
    Ok(Secret::new(line))
}

fn ask(user: &str) -> Result<Secret, Failure> {
    let terminal = Term::stderr();
    if !terminal.is_term() {
        let message = "who asks? Give a key in RTM_KEY or --key-file, or a password in RTM_PASSWORD or --password-file";
        return Err(Failure::new(Exit::Refused, message));
    }
    let failed = |error| Failure::new(Exit::Failed, format!("reading the password: {error}"));
    terminal
        .write_str(&format!("Password of {user}: "))
        .map_err(failed)?;
    Ok(Secret::new(terminal.read_secure_line().map_err(failed)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_no_secret() {
        for good in ["http://localhost:8080", "https://h/rtm/", "http://[::1]:1"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "localhost:8080",
            "ftp://h",
            "https://",
            "https://user:canary@h",
            "https://user@h",
            "https://h/?token=canary",
            "https://h/#canary",
        ] {
            let error = address(bad).unwrap_err();
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn secrets_in_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, " rtm_secret \r\nanything\n").unwrap();
        assert_eq!(read(&path).unwrap().expose(), "rtm_secret");
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(read(&path).unwrap_err().exit, Exit::Usage);
        let missing = read(&folder.path().join("other")).unwrap_err();
        assert_eq!(missing.exit, Exit::Failed);
    }
}
