//! A service with two connections: one to a good carrier, one to the carrier of the test.

use super::cmpp::{Carrier, Segments, well_behaved};
use super::served::Served;

pub struct Stage {
    pub served: Served,
    pub hostile: Carrier,
    /// What the good carrier took.
    pub good: Segments,
    memory_before_mib: u64,
}

/// Memory that any act may take: buffers of a few connections, bodies of a few requests, the journal's volumes.
const MEMORY_GROWTH_MIB_MAX: u64 = 64;

impl Stage {
    pub async fn set() -> Stage {
        Stage::with("").await
    }

    /// With settings of the hostile connection.
    pub async fn with(settings: &str) -> Stage {
        let (good, hostile) = (Carrier::listen(), Carrier::listen());
        let served = Served::start(&catalog(good.port(), hostile.port(), settings)).await;
        let stage = Stage {
            good: well_behaved(good),
            hostile,
            memory_before_mib: 0,
            served,
        };
        stage.goes_on().await;
        Stage {
            memory_before_mib: stage.served.memory_peak_mib(),
            ..stage
        }
    }

    /// A message by the good connection is delivered.
    pub async fn goes_on(&self) {
        let id = self.served.accepted("well", "13800000001", "您好").await;
        self.served.delivered("well", &id).await;
    }

    /// The carrier of the test has become good: what waited for it is delivered.
    pub async fn recovers(&self, waiting: &str) -> Segments {
        self.served.restart("hostile").await;
        let mut peer = self.hostile.accept().await;
        peer.bind().await;
        let seen = Segments::default();
        actix_web::rt::spawn(peer.serve(seen.clone()));
        self.served.delivered("victim", waiting).await;
        seen
    }

    /// How much the peak of the memory grew.
    pub fn memory_is_bounded(&self) {
        let growth = self.served.memory_peak_mib() - self.memory_before_mib;
        println!("memory: {} MiB and {growth} MiB more", self.memory_before_mib);
        assert!(growth <= MEMORY_GROWTH_MIB_MAX, "{growth} MiB");
    }
}

fn catalog(good: u16, hostile: u16, settings: &str) -> String {
    let mut catalog = r#"
[[organisation]]
name = "hospital"
[[business_type]]
name = "notice"
[[template]]
name = "reminder"
organisation = "hospital"
business_type = "notice"
text = "{name:text(20)}您好"
"#
    .to_owned();
    let parts = [
        ("good", "well", good, "01", "rate_per_second = 1000"),
        ("hostile", "victim", hostile, "02", settings),
    ];
    for (connection, account, port, number, settings) in parts {
        catalog += &format!(
            r#"
[[connection]]
name = "{connection}"
protocol = "cmpp2.0"
host = "127.0.0.1"
port = {port}
login = "9000{number}"
password = "the-secret-password"
source_number = "10690000{number}"
{settings}
[[route_group]]
name = "{connection}"
members = ["{connection}"]
[[route_rule]]
name = "{connection}"
accounts = ["{account}"]
group = "{connection}"
[[account]]
name = "{account}"
organisation = "hospital"
modules = {{ send = true, query = true, feeds = true }}
connections = ["{connection}"]
extension = "{number}"
business_type = "notice"
api_key = "key-of-the-account-{account}"
"#
        );
    }
    catalog
}
