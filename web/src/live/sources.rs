use super::activity::Activity;
use super::alarms::AlarmSource;
use super::hosts::Hosts;
use super::seats::Seats;
use crate::login::LoginKeeper;
use carillon_actors::LaneHandle;
use std::sync::Arc;

/// Where the panels come from.
pub struct Sources {
    pub lane: LaneHandle,
    pub logins: Arc<LoginKeeper>,
    pub activity: Arc<Activity>,
    pub alarms: Arc<dyn AlarmSource>,
    pub hosts: Arc<Hosts>,
    pub seats: Arc<Seats>,
}
