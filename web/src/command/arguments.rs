use carillon_domain::rights::Rights;
use clap::{Parser, Subcommand};
use std::net::IpAddr;
use std::path::PathBuf;

/// Messaging gateway for hospitals, schools and enterprises.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a file is not valid, 4 another process has taken the lane,
/// 130 interrupted a second time.
#[derive(Debug, Parser)]
#[command(name = "carillon", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service.
    Serve(Serve),
    /// Run a node of a cluster: the lanes that fall to it, and requests for all of them.
    Node(Program),
    /// Make the configuration what a file says: organisations, accounts, connections, routes, templates.
    Apply(Apply),
    /// Operators: add one, say what one may do, reset a password.
    Operator(Operator),
    /// Check a settings file and print the settings that result.
    CheckConfig(CheckConfig),
}

#[derive(Debug, clap::Args)]
pub struct Serve {
    #[command(flatten)]
    pub program: Program,
    /// Ends when standard input does: whoever started it has ended.
    #[arg(long, hide = true)]
    pub with_parent: bool,
}

/// What a program that runs until it is ended is told.
#[derive(Debug, clap::Args)]
pub struct Program {
    /// Settings (TOML); the defaults without it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of journal, history and catalog, as far as settings put them nowhere else; made when it is not there.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Overrides `http.port`; 0 takes a free one.
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Overrides `http.bind`.
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<IpAddr>,
    /// Keeps the first operator's password in a file, so that later starts print it again; for demos.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Apply {
    /// The whole configuration (TOML), by name; what it does not name is removed.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Folder of the catalog; made when it is not there.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Settings (TOML) that say where the catalog is; the defaults without it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only say what would change.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub struct Operator {
    #[command(subcommand)]
    pub action: OperatorAction,
}

#[derive(Debug, Subcommand)]
pub enum OperatorAction {
    /// Add an operator and print the password.
    Add(OperatorRights),
    /// Say what an operator may do from now on; a running service knows within a second.
    Rights(OperatorRights),
    /// Give an operator a new password, print it, and end the operator's sessions; a running service knows within a second.
    ResetPassword(ResetPassword),
}

#[derive(Debug, clap::Args)]
pub struct ResetPassword {
    /// The first operator is called `admin`.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Folder of the catalog.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Settings (TOML) that say where the catalog is; the defaults without it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct OperatorRights {
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Some of `numbers` (full numbers, and what messages say), `steer` (connections, campaigns, alarms, webhooks) and
    /// `configure` (the configuration, links of walls), with commas between; empty for looking on.
    #[arg(long, value_name = "WORDS")]
    pub rights: Rights,
    /// Folder of the catalog.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Settings (TOML) that say where the catalog is; the defaults without it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct CheckConfig {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}
