use super::Columns;
use super::Map;
use super::row::Row;
use carillon_domain::day_window::DayWindow;
use carillon_domain::fact::Accepted;
use carillon_domain::ids::MessageId;
use carillon_domain::time::UnixMs;

/// When messages go that do not go at any time: before when not (0: at once), and their persons' windows. Beside the rows, of
/// which most have none.
pub(super) type Times = Map<MessageId, (UnixMs, Option<DayWindow>)>;

impl Columns {
    /// Before when the row's message does not go (0: at once), and its person's window.
    pub fn times_of(&self, row: &Row) -> (UnixMs, Option<DayWindow>) {
        let times = if row.timed { self.times.get(&row.id) } else { None };
        times.copied().unwrap_or_default()
    }

    pub(super) fn enter_times(&mut self, accepted: &Accepted) {
        if accepted.not_before > UnixMs(0) || accepted.person_window.is_some() {
            let times = (accepted.not_before, accepted.person_window);
            self.times.insert(accepted.message, times);
        }
    }

    pub(super) fn leave_times(&mut self, head: &Row) {
        if head.timed {
            self.times.remove(&head.id);
        }
    }
}
