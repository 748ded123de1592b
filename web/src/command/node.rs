use super::arguments::Program;
use super::program::{begin, tell_password};
use super::watch::Signals;
use crate::node::{Node, Places};
use crate::service::{Failed, url};

/// Prints `api: …` once requests are taken; ends by a signal.
pub fn node(arguments: &Program) -> Result<(), Failed> {
    let config = begin(arguments)?;
    actix_web::rt::System::new().block_on(async {
        let places = Places {
            data: &arguments.data,
            config_file: arguments.config.as_deref(),
            password_file: arguments.password_file.as_deref(),
        };
        let node = Node::start(places, &config).await?;
        let mut signals = Signals::new().map_err(Failed::Web)?;
        if let Some(password) = &node.password {
            tell_password(password, arguments)?;
        }
        println!("api: {}", url(node.address));
        signals.next().await;
        tracing::info!("stopping: lanes go to other nodes");
        node.end().await
    })
}
