//! The commands, and which function each is.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::{
    approvals, audit, backup, bench, cancel, check_config, effects, evidence, failure::Failure,
    health, jobs, keys, kinds, launch, loadtest, market, migrate, openapi, run, serve, signal,
    steer, submit, supervision, top, verify_crash, watch, why,
};

/// Runs multi-agent jobs durably
#[derive(Parser)]
#[command(name = "callboard", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one job in this process and print its result
    Run(run::Args),
    /// Serve jobs over HTTP until SIGTERM or SIGINT
    Serve(serve::Args),
    /// Ask a server whether it takes jobs; exit code 0 if it does and 1 if not
    Health(health::Args),
    /// Own the listening socket, serve on it, and replace the server on SIGHUP without losing a connection
    Launch(launch::Args),
    /// Submit a job to a server
    Submit(submit::Args),
    /// Follow a job on a server to its end and print its result
    Watch(watch::Args),
    /// List the jobs of a server, newest first
    Jobs(jobs::Args),
    /// List the kinds of jobs a server takes, or show one with the schema of its input
    Kinds(kinds::Args),
    /// Explain why a job on a server is where it is
    Why(why::Args),
    /// Cancel a job on a server
    Cancel(cancel::Args),
    /// Pause a job on a server: nothing more of it is handed out
    Pause(steer::Args),
    /// Resume a paused job on a server
    Resume(steer::Args),
    /// Retry the tasks of a job on a server that have used up their attempts
    Retry(steer::TargetArgs),
    /// Send a signal to a job on a server
    Signal(signal::Args),
    /// List what tasks on a server ask of people
    Approvals(approvals::ListArgs),
    /// Approve what a task on a server asks
    Approve(approvals::DecideArgs),
    /// Reject what a task on a server asks
    Reject(approvals::DecideArgs),
    /// List effects of a server whose outcome is unknown, or the whole ledger
    Effects(effects::ListArgs),
    /// Say what became of an effect whose outcome is unknown
    Resolve(effects::ResolveArgs),
    /// Show the crews of a server, and step in at one: pause, resume, drain, restart, reset its breaker
    Supervision(supervision::Args),
    /// Watch the crews, queues and jobs of a server on the whole terminal
    Top(top::Args),
    /// Make, list, rotate and revoke API keys
    Keys(keys::Args),
    /// Verify or export who did what, or replace the key that signs it
    Audit(audit::Args),
    /// Print a signed bundle of what a server knows of a job
    Evidence(evidence::Args),
    /// Verify a bundle without a server
    Verify(evidence::VerifyArgs),
    /// Import prices for market kinds
    Market(market::Args),
    /// Bring the database of a data directory to the schema of this release
    Migrate(migrate::Args),
    /// Write the store of a data directory to one file, beside a running server or without one
    Backup(backup::BackupArgs),
    /// Make a data directory of a backup
    Restore(backup::RestoreArgs),
    /// Move the store of a data directory to an empty PostgreSQL database, jobs in flight included
    Move(backup::MoveArgs),
    /// Print the configuration in effect, or everything that is wrong with it
    CheckConfig(check_config::Args),
    /// Print the OpenAPI document of the HTTP interface
    Openapi,
    /// Measure a server that this command starts for the purpose, over HTTP
    Bench(bench::Args),
    /// Load a running server on schedule and judge its answers
    Loadtest(loadtest::Args),
    /// Kill servers under load and check that nothing acknowledged is lost or done twice
    VerifyCrash(verify_crash::Args),
}

/// Parses the command line, does what it says and answers with the exit code.
pub fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    match actix_web::rt::System::new().block_on(perform(command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn perform(command: Command) -> Result<(), Failure> {
    match command {
        Command::Run(args) => run::run(args).await,
        Command::Serve(args) => serve::serve(args).await,
        Command::Health(args) => health::health(args).await,
        Command::Launch(args) => launch::launch(args).await,
        Command::Submit(args) => submit::submit(args).await,
        Command::Watch(args) => watch::watch(args).await,
        Command::Jobs(args) => jobs::jobs(args).await,
        Command::Kinds(args) => kinds::kinds(args).await,
        Command::Why(args) => why::why(args).await,
        Command::Cancel(args) => cancel::cancel(args).await,
        Command::Pause(args) => steer::pause(args).await,
        Command::Resume(args) => steer::resume(args).await,
        Command::Retry(args) => steer::retry(args).await,
        Command::Signal(args) => signal::signal(args).await,
        Command::Approvals(args) => approvals::approvals(args).await,
        Command::Approve(args) => approvals::approve(args).await,
        Command::Reject(args) => approvals::reject(args).await,
        Command::Effects(args) => effects::effects(args).await,
        Command::Resolve(args) => effects::resolve(args).await,
        Command::Supervision(args) => supervision::supervision(args).await,
        Command::Top(args) => top::top(args).await,
        Command::Keys(args) => keys::keys(args).await,
        Command::Audit(args) => audit::audit(args).await,
        Command::Evidence(args) => evidence::evidence(args).await,
        Command::Verify(args) => evidence::verify(&args),
        Command::Market(args) => market::market(args).await,
        Command::Migrate(args) => migrate::migrate(args).await,
        Command::Backup(args) => backup::backup(args).await,
        Command::Restore(args) => backup::restore(args).await,
        Command::Move(args) => backup::relocate(args).await,
        Command::CheckConfig(args) => check_config::check_config(&args),
        Command::Openapi => openapi::openapi(),
        Command::Bench(args) => bench::bench(args).await,
        Command::Loadtest(args) => loadtest::loadtest(args).await,
        Command::VerifyCrash(args) => verify_crash::verify_crash(args).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_free_of_contradictions() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn words_after_the_kind_are_the_query() {
        let line = CommandLine::try_parse_from([
            "callboard",
            "run",
            "market.compare",
            "Sharpe",
            "of",
            "IBM",
            "--json",
        ]);
        assert!(matches!(line.unwrap().command, Command::Run(_)));
    }

    #[test]
    fn a_query_and_an_input_exclude_each_other() {
        assert!(
            CommandLine::try_parse_from(["callboard", "run", "k", "words", "--input", "{}"])
                .is_err()
        );
    }
}
