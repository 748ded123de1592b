use super::WeekError;
use crate::sim::{Behaviour, CarriersConfig};
use carillon_domain::catalog::{Compiled, Connection};
use carillon_domain::ids::{ConnectionId, RouteGroupId};
use carillon_domain::plan::ChannelKind;
use std::collections::BTreeMap;

/// How the peer of each SMS connection behaves: that of the simulated carriers.
pub struct Tempers(BTreeMap<ConnectionId, Behaviour>);

impl Tempers {
    pub fn of(catalog: &Compiled, carriers: &CarriersConfig) -> Result<Self, WeekError> {
        let connections = catalog.snapshot().connections.values();
        let tempers = connections
            .filter(|connection| connection.kind() == ChannelKind::Sms)
            .map(|connection| {
                let behaviour = behaviour(connection, carriers);
                let behaviour = behaviour.ok_or_else(|| WeekError::NoCarrier(connection.name.to_string()))?;
                Ok((connection.id, behaviour.clone()))
            });
        tempers.collect::<Result<_, WeekError>>().map(Tempers)
    }

    /// Of a connection with a simulated carrier.
    pub fn get(&self, connection: ConnectionId) -> Option<&Behaviour> {
        self.0.get(&connection)
    }
}

fn behaviour<'c>(connection: &Connection, carriers: &'c CarriersConfig) -> Option<&'c Behaviour> {
    let carrier = carriers.carriers.iter().find(|carrier| {
        carrier.protocol.word() == protocol_word(connection)
            && carrier
                .accounts
                .iter()
                .any(|account| account.login == connection.login)
    });
    carrier.map(|carrier| &carrier.behaviour)
}

fn protocol_word(connection: &Connection) -> &'static str {
    use carillon_domain::catalog::Protocol;
    match connection.protocol {
        Protocol::Cmpp20 => "cmpp2.0",
        Protocol::Cmpp30 => "cmpp3.0",
        Protocol::Smpp34 => "smpp3.4",
        Protocol::Smtp => "smtp",
    }
}

/// The member of a group that had its turn first.
pub fn first_member(catalog: &Compiled, group: RouteGroupId) -> Option<ConnectionId> {
    let group = catalog.snapshot().route_groups.get(&group)?;
    group.members.first().map(|member| member.connection)
}
