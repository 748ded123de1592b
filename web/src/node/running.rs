use super::front::{self, Front, LaneMap};
use super::lane_process::LaneProgram;
use super::lanes::Lanes;
use crate::config::Config;
use crate::http::HttpMetrics;
use crate::service::claim::blocking;
use crate::service::{Failed, await_store, data_folder, first_operator, open_catalog, server};
use actix_web::dev::ServerHandle;
use actix_web::rt::task::JoinHandle;
use actix_web::web;
use carillon_kafka::KafkaOptions;
use carillon_kafka::cluster::{LaneDirectory, Membership};
use carillon_storage::catalog::Catalog;
use carillon_storage::changes::Seen;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Where a node finds what is its own.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    pub data: &'a Path,
    pub config_file: Option<&'a Path>,
    pub password_file: Option<&'a Path>,
}

/// A node that takes requests and runs lanes.
pub struct Node {
    pub address: SocketAddr,
    /// The operator's password, when it may be shown.
    pub password: Option<String>,
    membership: Option<Membership>,
    lanes: JoinHandle<()>,
    watch: JoinHandle<()>,
    server: ServerHandle,
    server_ended: JoinHandle<io::Result<()>>,
}

impl Node {
    /// Joins the other nodes. Waits for stores that are away, and says for which. Must be called inside an actix system.
    pub async fn start(places: Places<'_>, config: &Config) -> Result<Node, Failed> {
        let data = places.data;
        let options = check(config)?;
        let listener = server::listen(&config.http)?;
        let address = listener.local_addr().map_err(Failed::Web)?;
        data_folder(data)?;
        let catalog = await_store("its catalog", async || open_catalog(data, config).await).await?;
        // Before its lanes, which would each want to be the first.
        let password = first_operator(&catalog, places.password_file).await?;
        let map = Arc::new(LaneMap::of(&catalog.snapshot().await?));
        let directory = await_store("the addresses of lanes", async || {
            let options = options.clone();
            blocking(move || LaneDirectory::follow(options)).await
        })
        .await?;
        let front = web::Data::new(Front::new(config, map.clone(), directory));
        let metrics = web::Data::new(HttpMetrics::new().map_err(Failed::Metrics)?);
        let configure = move |service: &mut web::ServiceConfig| front::configure(front.clone(), service);
        let server = server::start(listener, &config.http, metrics, configure).map_err(Failed::Web)?;
        let handle = server.handle();
        let server_ended = actix_web::rt::spawn(server);
        let program = program(data, config, places.config_file)?;
        let (lanes, hands) = Lanes::new(program);
        let lanes = actix_web::rt::spawn(lanes.run());
        let hands = Arc::new(hands);
        let membership = await_store("the other nodes", async || {
            let (options, hands) = (options.clone(), hands.clone());
            blocking(move || Membership::join(options, hands)).await
        })
        .await?;
        Ok(Node {
            address,
            password,
            membership: Some(membership),
            lanes,
            watch: actix_web::rt::spawn(keep_up(catalog, map)),
            server: handle,
            server_ended,
        })
    }

    /// Stops its lanes, which others take then, and answers requests until they have ended.
    pub async fn end(mut self) -> Result<(), Failed> {
        if let Some(membership) = self.membership.take() {
            blocking(move || {
                membership.leave();
                Ok(())
            })
            .await?;
        }
        self.lanes
            .await
            .map_err(|error| Failed::Web(io::Error::other(error)))?;
        self.watch.abort();
        self.server.stop(true).await;
        self.server_ended
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(Failed::Web)
    }
}

/// What nodes share they must have.
fn check(config: &Config) -> Result<KafkaOptions, Failed> {
    let needed = [
        ("kafka.brokers", config.kafka.brokers.is_empty()),
        ("catalog.url", config.catalog.url.is_empty()),
    ];
    if let Some((key, _)) = needed.into_iter().find(|(_, is_missing)| *is_missing) {
        return Err(Failed::NodeNeeds { key });
    }
    let wanted = [
        (
            "scylla.nodes",
            config.scylla.nodes.is_empty(),
            "what ended is found on the machine only where it ended",
        ),
        (
            "files.dir",
            config.files.dir.as_os_str().is_empty(),
            "attachments and recipients are on the machine only where they were uploaded",
        ),
    ];
    for (key, is_missing, consequence) in wanted {
        if is_missing {
            tracing::warn!(key, consequence, "nodes do not share everything");
        }
    }
    if config.mail_bounces.listen.0.is_some() {
        tracing::warn!("a node does not receive bounces: mail_bounces.listen is left alone");
    }
    config
        .kafka_options()
        .ok_or(Failed::NodeNeeds { key: "kafka.brokers" })
}

fn program(
    data: &Path,
    config: &Config,
    config_file: Option<&Path>,
) -> Result<impl Fn(u16) -> LaneProgram + 'static, Failed> {
    let program = std::env::current_exe().map_err(Failed::Web)?;
    let data = data.to_owned();
    let bind = config.node.lanes_address.to_string();
    let drain = Duration::from_secs(config.shutdown.drain_s.into());
    let config_file = config_file.map(Path::to_owned);
    Ok(move |lane: u16| {
        let mut arguments: Vec<OsString> = ["serve", "--with-parent", "--port", "0", "--bind"]
            .map(Into::into)
            .into();
        arguments.push(bind.clone().into());
        arguments.push("--data".into());
        arguments.push(data.join(format!("lane-{lane}")).into());
        if let Some(file) = &config_file {
            arguments.push("--config".into());
            arguments.push(file.into());
        }
        LaneProgram {
            program: program.clone(),
            arguments,
            environment: vec![
                ("CARILLON_KAFKA_LANE", lane.to_string()),
                // One port, and many lanes.
                ("CARILLON_MAIL_BOUNCES_LISTEN", String::new()),
            ],
            lane,
            drain,
        }
    })
}

/// Knows within a second on which lane a new organisation is; never ends.
async fn keep_up(catalog: impl Catalog, map: Arc<LaneMap>) {
    let (mut seen, mut version) = (Seen::default(), None);
    loop {
        seen = catalog.changed(seen).await;
        let stored = catalog.version().await.ok();
        if stored == version {
            continue;
        }
        match catalog.snapshot().await {
            Ok(snapshot) => {
                version = Some(snapshot.version);
                map.follow(&snapshot);
            }
            Err(error) => {
                tracing::debug!(%error, "the catalog cannot be read now; requests go by the one before")
            }
        }
    }
}
