use super::Columns;
use carillon_domain::ids::ConnectionId;

impl Columns {
    /// Whether a receipt may still come by this connection for an open message. Looks at every segment that waits for one,
    /// until it finds one of this connection.
    pub fn awaits_receipts(&self, connection: ConnectionId) -> bool {
        self.by_carrier.keys().any(|(of, _)| *of == connection)
            || self.uncertain.keys().any(|(of, _)| *of == connection)
    }
}
