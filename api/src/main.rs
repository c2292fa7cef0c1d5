//! `rt-manage-api`: see `rt-manage-api --help`.

use clap::Parser as _;

fn main() -> anyhow::Result<std::process::ExitCode> {
    #[cfg(feature = "test-hooks")]
    let _hooks = rt_manage_shared::hooks::from_environment();
    rt_manage_api::cli::Cli::parse().run()
}
