use super::arguments::Node as Arguments;
use super::log;
use super::open_files;
use super::serve::tell_password;
use super::watch::Signals;
use crate::config::{Overrides, load};
use crate::node::{Node, Places};
use crate::service::{Failed, url};

/// Prints `api: …` once requests are taken; ends by a signal.
pub fn node(arguments: &Arguments) -> Result<(), Failed> {
    let overrides = Overrides {
        port: arguments.port,
        bind: arguments.bind,
    };
    let config = load(arguments.config.as_deref(), overrides)?;
    log::start(&config.log)?;
    open_files::allow(config.http.connections_max);
    actix_web::rt::System::new().block_on(async {
        let places = Places {
            data: &arguments.data,
            config_file: arguments.config.as_deref(),
            password_file: arguments.password_file.as_deref(),
        };
        let node = Node::start(places, &config).await?;
        let mut signals = Signals::new().map_err(Failed::Web)?;
        if let Some(password) = &node.password {
            tell_password(password, &arguments.data, arguments.password_file.is_some())?;
        }
        println!("api: {}", url(node.address));
        signals.next().await;
        tracing::info!("stopping: lanes go to other nodes");
        node.end().await
    })
}
