//! Requests to a node: each goes to the lane that it is about, wherever that runs.

mod lane_map;
mod pass;
mod probes;
mod screen;
mod way;

pub use lane_map::LaneMap;

use crate::config::Config;
use crate::endpoint::{self, RouteIndex};
use actix_web::web::{self, ServiceConfig};
use awc::Client;
use carillon_domain::catalog::LanePlace;
use carillon_kafka::cluster::LaneDirectory;
use std::sync::Arc;
use std::time::Duration;

/// A machine that is cut off does not answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Shorter than lanes keep connections (`http.keep_alive_s`).
const KEEP_ALIVE: Duration = Duration::from_millis(900);

/// What every request is passed on by.
pub struct Front {
    map: Arc<LaneMap>,
    directory: LaneDirectory,
    lanes: u16,
    /// What this node calls itself; its own lanes are asked first where any will do.
    node: String,
}

impl Front {
    pub fn new(config: &Config, map: Arc<LaneMap>, directory: LaneDirectory) -> Front {
        let LanePlace { lanes, .. } = config.place();
        let node = config.kafka_options().map(|options| options.owner.node);
        Front {
            map,
            directory,
            lanes,
            node: node.unwrap_or_default(),
        }
    }
}

/// Everything that a lane answers, and what the node says of itself.
pub fn configure(front: web::Data<Front>, config: &mut ServiceConfig) {
    let client = Client::builder()
        .connector(
            awc::Connector::new()
                .timeout(CONNECT_TIMEOUT)
                .conn_keep_alive(KEEP_ALIVE)
                // Callers are limited, and with them what is passed on.
                .limit(0),
        )
        .disable_timeout()
        .disable_redirects()
        .no_default_headers()
        .finish();
    config.app_data(front).app_data(web::Data::new(client));
    endpoint::each_path(|path, pattern, _| {
        let resource = web::resource(pattern).app_data(RouteIndex(path));
        config.service(match path {
            "/healthz" => resource.route(web::get().to(probes::health)),
            "/readyz" => resource.route(web::get().to(probes::ready)),
            "/metrics" => resource.route(web::get().to(probes::metrics)),
            "/v1/live" => resource.route(web::get().to(screen::open)),
            _ => resource.default_service(web::to(pass::pass)),
        });
    });
    config.default_service(web::to(endpoint::not_found));
}
