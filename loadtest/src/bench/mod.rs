//! Runs of a whole system: `carillon serve` as a process of its own, carriers and load beside it.

mod apply;
mod backlog;
mod campaign_run;
mod carrier_speed;
mod demo_day;
mod fairness;
mod features;
mod folder;
mod kills;
mod mail_run;
mod measure;
mod outcome;
mod reminders_run;
mod server;
mod system;
mod throughput;
mod walls;

pub use apply::{API_KEY, ConnectionPlan, apply_file};
pub use backlog::{BacklogOptions, BacklogReport, backlog};
pub use campaign_run::{CampaignOptions, CampaignReport, campaign_run};
pub use carrier_speed::{CarrierSpeedOptions, CarrierSpeedReport, carrier_speed};
pub use demo_day::{DemoDayOptions, DemoDayReport, demo_day};
pub use fairness::{FairnessOptions, FairnessReport, fairness};
pub use kills::{KillsOptions, KillsReport, kills};
pub use mail_run::{MailRunOptions, MailRunReport, mail_run};
pub use measure::{Surroundings, Usage};
pub use outcome::{Outcome, RunError};
pub use reminders_run::{RemindersOptions, RemindersReport, reminders_run};
pub use server::{Server, ServerError};
pub use system::{CarrierPlan, Settled, System, SystemError, SystemPlan};
pub use throughput::{ThroughputOptions, ThroughputReport, throughput};
pub use walls::{WallsOptions, WallsReport, walls};
