use super::core::MailCore;
use super::slot::{Slot, SlotState};
use crate::status::{ConnectionState, ConnectionStatus};
use carillon_domain::time::Now;

impl MailCore {
    pub fn status(&mut self, now: Now) -> ConnectionStatus {
        let (mut bound, mut in_flight, mut silent) = (0, 0, false);
        for active in self.slots.iter_mut().filter_map(Slot::active) {
            bound += 1;
            in_flight += active.in_flight() as u32;
            silent |= active.silent;
        }
        let is_idle = |slot: &Slot| matches!(slot.state, SlotState::Idle { .. });
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
        } else if !self.slots.iter().all(is_idle) {
            ConnectionState::Connecting
        } else {
            ConnectionState::Down
        };
        ConnectionStatus {
            connection: self.id,
            state,
            sessions_bound: bound as u8,
            sessions_wanted: self.slots.len() as u8,
            in_flight,
            written_last_second: self.limiter.written_last_second(now.monotonic),
            last_error: self.last_error.clone(),
        }
    }
}
