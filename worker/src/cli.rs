//! What the command lines of all programs have in common.

use std::{future::Future, io::Write as _, path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use rt_manage_shared::{
    config::{Config, LoadOptions, Loaded},
    telemetry,
};

/// `sysexits.h`: something was found in an unconfigured or misconfigured state.
const EX_CONFIG: u8 = 78;

/// Where the configuration comes from.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// Configuration file; default: `RTM_CONFIG`, else config/config.yml where it exists.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Sets one configuration key for this run, e.g. `--set server.port=8081`; may be repeated.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
        .ok_or_else(|| "expected KEY=VALUE".to_owned())
}

impl ConfigArgs {
    /// Loads the configuration. One that cannot be used is told on standard error, with everything that is wrong with it,
    /// and only an exit code is left.
    pub fn load(self) -> anyhow::Result<Result<Loaded, ExitCode>> {
        let options = LoadOptions {
            file: self.config,
            env: LoadOptions::process_env()?,
            flags: self.set,
        };
        match Config::load(&options) {
            Ok(loaded) => Ok(Ok(loaded)),
            Err(error) => {
                writeln!(std::io::stderr().lock(), "{error}")?;
                Ok(Err(ExitCode::from(EX_CONFIG)))
            }
        }
    }
}

/// Starts logging and runs a program to its end.
pub fn run(
    loaded: &Loaded,
    program: impl Future<Output = anyhow::Result<ExitCode>>,
) -> anyhow::Result<ExitCode> {
    telemetry::start(&loaded.config);
    for warning in &loaded.warnings {
        tracing::warn!("configuration: {warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(program);
    // A task that hangs in a blocking call must not keep the process from ending.
    runtime.shutdown_timeout(Duration::from_secs(2));
    result
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        config: ConfigArgs,
    }

    #[test]
    fn keys_are_set_with_whatever_follows_the_first_sign() {
        let arguments = [
            "p", "--set", "a.b=c=d", "--set", "e.f=", "--config", "x.yml",
        ];
        let args = Program::parse_from(arguments).config;
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(args.set, [pair("a.b", "c=d"), pair("e.f", "")]);
        assert_eq!(args.config, Some("x.yml".into()));
        Program::try_parse_from(["p", "--set", "a.b"]).unwrap_err();
    }
}
