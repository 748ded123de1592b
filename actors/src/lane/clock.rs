//! What the lane does when the wall clock jumps.

use super::clock_guard::{ClockStatus, Jump};
use super::core::LaneCore;
use carillon_domain::fact::Fact;
use carillon_domain::time::Now;

impl LaneCore {
    /// Compares the clocks. After a jump what was noted by the old time is moved at once, so that no session's end is counted
    /// from the wrong one, and every plan is looked at again: its time may now be far away.
    pub(super) fn observe_clock(&mut self, now: Now) {
        let Some(Jump { by_ms }) = self.clock_guard.observe(now) else {
            return;
        };
        tracing::error!(
            by_ms,
            "the wall clock jumped; plan timers are held until it agrees with the monotonic clock, or an operator confirms"
        );
        self.counters.clock_jumps.add(1);
        self.record(Fact::ClockSet { by_ms, at: now.unix });
        self.columns.arm_plans(now.unix);
    }

    /// Whether the clocks can be relied on.
    pub fn clock_status(&self, now: Now) -> ClockStatus {
        self.clock_guard.status(now.monotonic)
    }

    /// An operator says that the wall clock is right: plan timers go on.
    pub fn confirm_clock(&mut self, now: Now) {
        self.observe_clock(now);
        self.clock_guard.confirm();
        self.columns.arm_plans(now.unix);
    }
}
