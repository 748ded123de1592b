//! What programs that run until they are ended have in common.

use super::arguments::Program;
use super::{log, open_files};
use crate::config::{Config, Overrides, load};
use crate::service::{Failed, keep_first_password};
use std::io::{self, IsTerminal};

/// Reads the settings, and begins to log.
pub fn begin(arguments: &Program) -> Result<Config, Failed> {
    let overrides = Overrides {
        port: arguments.port,
        bind: arguments.bind,
    };
    let config = load(arguments.config.as_deref(), overrides)?;
    log::start(&config.log)?;
    open_files::allow(config.http.connections_max);
    Ok(config)
}

/// What goes to a log stays there. With a file of its own, it is for demos.
pub fn tell_password(password: &str, arguments: &Program) -> Result<(), Failed> {
    if io::stdout().is_terminal() || arguments.password_file.is_some() {
        println!("password: {password}");
    } else {
        let path = keep_first_password(&arguments.data, password)?;
        println!("password-file: {}", path.display());
    }
    Ok(())
}
