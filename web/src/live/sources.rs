use super::activity::Activity;
use super::hosts::Hosts;
use super::seats::Seats;
use crate::alarm::AlarmDesk;
use crate::login::LoginKeeper;
use carillon_actors::LaneHandle;
use std::sync::Arc;

/// Where the panels come from.
pub struct Sources {
    pub lane: LaneHandle,
    pub logins: Arc<LoginKeeper>,
    pub activity: Arc<Activity>,
    pub alarms: Arc<AlarmDesk>,
    pub hosts: Arc<Hosts>,
    pub seats: Arc<Seats>,
}
