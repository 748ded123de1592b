use super::core::ConnectionCore;
use super::slot::{Slot, SlotState};
use crate::status::{ConnectionState, ConnectionStatus};
use carillon_domain::time::Now;

impl ConnectionCore {
    pub fn status(&mut self, now: Now) -> ConnectionStatus {
        let bound = self
            .slots
            .iter_mut()
            .filter_map(Slot::active)
            .filter(|active| active.is_bound())
            .count();
        let silent = self
            .slots
            .iter_mut()
            .filter_map(Slot::active)
            .any(|active| active.silent);
        let in_flight: usize = self
            .slots
            .iter_mut()
            .filter_map(Slot::active)
            .map(|active| active.session.in_flight())
            .sum();
        let state = if self.is_draining() {
            ConnectionState::Draining
        } else if self.following.parting {
            ConnectionState::Off
        } else if silent {
            ConnectionState::BreakerOpen
        } else if self.throttled_until > now.monotonic {
            ConnectionState::Throttled
        } else if bound == self.slots.len() {
            ConnectionState::Up
        } else if bound > 0 {
            ConnectionState::Degraded
        } else if self
            .slots
            .iter()
            .any(|slot| !matches!(slot.state, SlotState::Idle { .. }))
        {
            ConnectionState::Connecting
        } else {
            ConnectionState::Down
        };
        ConnectionStatus {
            connection: self.id,
            state,
            sessions_bound: bound as u8,
            sessions_wanted: self.slots.len() as u8,
            in_flight: in_flight as u32,
            written_last_second: self.limiter.written_last_second(now.monotonic),
            last_error: self.last_error.clone(),
        }
    }
}
