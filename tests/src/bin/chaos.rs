//! Fault campaigns by hand; see `scripts/chaos --help`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser;
use rt_manage_shared::hooks::Sabotage;
use rt_manage_tests::{
    chaos::{self, Plan, Report, Scale, Schedule},
    support::Backend,
};

/// Runs a whole system of real processes under a schedule of faults, and audits what became of every token.
#[derive(Debug, Parser)]
#[command(name = "chaos", version)]
struct Cli {
    /// Which schedules; all of them when none is named
    #[arg(value_enum, ignore_case = true)]
    schedules: Vec<Schedule>,
    /// Where the data is
    #[arg(long, value_enum, default_values_t = [Backend::Sqlite])]
    database: Vec<Backend>,
    /// Chooses who is hit and when
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Few credentials, seconds instead of minutes
    #[arg(long)]
    short: bool,
    /// Another number of credentials
    #[arg(long)]
    credentials: Option<usize>,
    /// Another duration, for the schedules that go by time
    #[arg(long)]
    seconds: Option<u64>,
    /// Switches a deliberate fault of ours on, which the audit has to find
    #[arg(long, value_parser = sabotage, value_name = "NAME")]
    sabotage: Option<Sabotage>,
}

fn sabotage(name: &str) -> Result<Sabotage, String> {
    let found = Sabotage::ALL.into_iter().find(|one| one.name() == name);
    found.ok_or_else(|| {
        let names = Sabotage::ALL.map(Sabotage::name);
        format!("one of {}", names.join(", "))
    })
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(_) => ExitCode::from(2),
    }
}

async fn run(cli: Cli) -> io::Result<bool> {
    let schedules = if cli.schedules.is_empty() {
        Schedule::all().to_vec()
    } else {
        cli.schedules
    };
    let mut out = io::stdout();
    let mut rows = Vec::new();
    let mut good = true;
    for schedule in schedules {
        for backend in &cli.database {
            let report = chaos::run(Plan {
                schedule,
                backend: *backend,
                seed: cli.seed,
                scale: if cli.short { Scale::Short } else { Scale::Full },
                credentials: cli.credentials,
                seconds: cli.seconds,
                sabotage: cli.sabotage,
            })
            .await;
            good &= report.is_good();
            writeln!(out, "{report}\n")?;
            rows.push(report.row());
        }
    }
    if rows.len() > 1 {
        writeln!(out, "{}\n{}", Report::HEAD, rows.join("\n"))?;
    }
    writeln!(out, "{}", if good { "all held" } else { "NOT all held" })?;
    Ok(good)
}
