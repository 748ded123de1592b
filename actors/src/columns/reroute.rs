use super::{Applied, Columns};
use carillon_domain::fact::SegmentKey;
use carillon_domain::ids::{MessageId, RouteGroupId};

impl Columns {
    /// An attempt of which nothing is with a carrier leaves by another group.
    pub(super) fn rerouted(&mut self, message: MessageId, attempt: u8, group: RouteGroupId) -> Applied {
        let first = SegmentKey {
            message,
            attempt,
            segment: 0,
        };
        let row = self.locate(first).and_then(|at| self.rows.get_mut(at.row));
        match row.filter(|row| row.attempt == attempt && row.is_unwritten()) {
            Some(row) => {
                row.group = group;
                Applied::Done
            }
            None => Applied::Idle,
        }
    }
}
