use super::{Account, Connection, Snapshot};

/// Which lane of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LanePlace {
    pub lane: u16,
    pub lanes: u16,
}

impl LanePlace {
    /// The one lane of an installation that has no other.
    pub const ONLY: LanePlace = LanePlace { lane: 0, lanes: 1 };

    /// Whether the account's messages are taken and sent here. Where there is one lane, all are.
    pub fn has(self, account: &Account, catalog: &Snapshot) -> bool {
        self.lanes == 1 || catalog.lane_of(account) == Some(self.lane)
    }

    /// What this lane has of a connection: all, a share of sessions and rate, or nothing.
    fn share_of(self, connection: &Connection) -> Option<Connection> {
        if self.lanes == 1 {
            return Some(connection.clone());
        }
        if let Some(lane) = connection.lane {
            return (lane == self.lane).then(|| connection.clone());
        }
        let sessions = self.part_of(connection.sessions.into());
        let rate = self.part_of(connection.rate_per_second);
        if sessions == 0 || rate == 0 {
            return None;
        }
        Some(Connection {
            sessions: u8::try_from(sessions).unwrap_or(connection.sessions),
            rate_per_second: rate,
            ..connection.clone()
        })
    }

    /// The parts of all lanes are the whole.
    fn part_of(self, whole: u32) -> u32 {
        let (lane, lanes) = (u32::from(self.lane), u32::from(self.lanes));
        whole / lanes + u32::from(lane < whole % lanes)
    }
}

impl Snapshot {
    /// The lane of the account's organisation.
    pub fn lane_of(&self, account: &Account) -> Option<u16> {
        self.organisations
            .get(&account.tenant)
            .map(|organisation| organisation.lane)
    }

    /// What the lane at `place` works by: connections of other lanes are left out, of those that all lanes use it has its share.
    /// Everything else stays, because every lane may be asked about it.
    pub fn at(mut self, place: LanePlace) -> Snapshot {
        let shares = self.connections.into_iter();
        self.connections = shares
            .filter_map(|(id, connection)| Some((id, place.share_of(&connection)?)))
            .collect();
        let (connections, groups) = (&self.connections, &mut self.route_groups);
        for group in groups.values_mut() {
            group
                .members
                .retain(|member| connections.contains_key(&member.connection));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, *};
    use super::*;

    #[test]
    fn one_lane_has_everything() {
        let mut whole = fixture::snapshot();
        whole.connections.get_mut(&CMPP).unwrap().lane = Some(7);
        assert_eq!(whole.clone().at(LanePlace::ONLY), whole);
        assert!(LanePlace::ONLY.has(&whole.accounts[&HIS], &whole));
    }

    #[test]
    fn the_shares_of_all_lanes_are_the_whole() {
        let whole = fixture::snapshot();
        let lanes = 3;
        for (sessions, rate) in [(1, 1), (2, 100), (3, 101), (32, 7), (7, 2)] {
            let mut whole = whole.clone();
            let connection = whole.connections.get_mut(&CMPP).unwrap();
            (connection.sessions, connection.rate_per_second) = (sessions, rate);
            let parts: Vec<Connection> = (0..lanes)
                .filter_map(|lane| {
                    whole
                        .clone()
                        .at(LanePlace { lane, lanes })
                        .connections
                        .remove(&CMPP)
                })
                .collect();
            assert!(!parts.is_empty());
            assert!(parts.iter().map(|part| part.sessions).sum::<u8>() <= sessions);
            assert!(parts.iter().map(|part| part.rate_per_second).sum::<u32>() <= rate);
            if sessions >= 3 && rate >= 3 {
                assert_eq!(parts.iter().map(|part| part.sessions).sum::<u8>(), sessions);
                assert_eq!(parts.iter().map(|part| part.rate_per_second).sum::<u32>(), rate);
            }
        }
    }

    #[test]
    fn what_belongs_to_another_lane_is_left_out_also_of_groups() {
        let mut whole = fixture::snapshot();
        whole.connections.get_mut(&CMPP).unwrap().lane = Some(1);
        whole.connections.get_mut(&SMPP).unwrap().lane = Some(0);
        let (here, there) = (LanePlace { lane: 0, lanes: 2 }, LanePlace { lane: 1, lanes: 2 });
        let is_member = |snapshot: &Snapshot, id| {
            let mut members = snapshot.route_groups.values().flat_map(|group| &group.members);
            members.any(|member| member.connection == id)
        };
        let (first, second) = (whole.clone().at(here), whole.clone().at(there));
        assert!(!first.connections.contains_key(&CMPP) && first.connections.contains_key(&SMPP));
        assert!(!is_member(&first, CMPP) && is_member(&first, SMPP));
        assert!(is_member(&second, CMPP) && !is_member(&second, SMPP));
        assert_eq!(second.connections[&CMPP], whole.connections[&CMPP]);
        assert_eq!(first.accounts, whole.accounts);
    }

    #[test]
    fn an_account_is_where_its_organisation_is() {
        let mut whole = fixture::snapshot();
        whole.organisations.get_mut(&HOSPITAL).unwrap().lane = 1;
        let his = &whole.accounts[&HIS];
        assert_eq!(whole.lane_of(his), Some(1));
        assert!(LanePlace { lane: 1, lanes: 2 }.has(his, &whole));
        assert!(!LanePlace { lane: 0, lanes: 2 }.has(his, &whole));
    }
}
