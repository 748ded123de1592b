//! The apply file of a run: two organisations with one account each, and a connection for every carrier.

use crate::reminders::{TEMPLATE_NAME, TEMPLATE_TEXT};
use crate::sim::ProtocolName;
use std::fmt::Write;
use std::net::SocketAddr;

/// The API key of the run's account.
pub const API_KEY: &str = "loadtest-0123456789abcdef";

/// The API key of another organisation's account; most runs do not use it.
pub const OTHER_API_KEY: &str = "loadtest-fedcba9876543210";

/// A connection of the server to one simulated carrier.
#[derive(Clone, Debug)]
pub struct ConnectionPlan {
    pub name: String,
    pub protocol: ProtocolName,
    pub address: SocketAddr,
    pub login: String,
    pub password: String,
    pub sessions: u32,
    pub window: u32,
    pub rate_per_second: u32,
    /// INTENTs beyond the free slots of its windows.
    pub look_ahead: u32,
}

/// Weighted routing over all connections, so that each takes over what another cannot send.
pub fn apply_file(connections: &[ConnectionPlan]) -> String {
    let names = connections
        .iter()
        .map(|connection| format!("\"{}\"", connection.name));
    let names = names.collect::<Vec<_>>().join(", ");
    let mut file = String::from(
        "[[organisation]]\nname = \"hospital\"\n\n[[organisation]]\nname = \"school\"\n\n[[business_type]]\nname = \"notice\"\n\n",
    );
    for connection in connections {
        let ConnectionPlan {
            name,
            protocol,
            address,
            login,
            password,
            sessions,
            window,
            rate_per_second,
            look_ahead,
        } = connection;
        let (protocol, host, port) = (protocol.word(), address.ip(), address.port());
        // Writing into a String cannot fail.
        let _ = write!(
            file,
            "[[connection]]\nname = \"{name}\"\nprotocol = \"{protocol}\"\nhost = \"{host}\"\nport = {port}\n\
             login = \"{login}\"\npassword = \"{password}\"\nsessions = {sessions}\nwindow = {window}\n\
             rate_per_second = {rate_per_second}\nlook_ahead = {look_ahead}\nsource_number = \"10690000\"\n\n"
        );
    }
    let _ = write!(
        file,
        "[[route_group]]\nname = \"all\"\nstrategy = \"weighted\"\nmembers = [{names}]\n\n\
         [[route_rule]]\nname = \"everything\"\ngroup = \"all\"\n\n\
         [[account]]\nname = \"his\"\norganisation = \"hospital\"\nbusiness_type = \"notice\"\n\
         modules = {{ send = true, query = true, feeds = true, campaigns = true }}\nconnections = [{names}]\n\
         signature = \"示例医院\"\napi_key = \"{API_KEY}\"\n\n\
         [[account]]\nname = \"sis\"\norganisation = \"school\"\nbusiness_type = \"notice\"\nconnections = [{names}]\n\
         modules = {{ send = true, query = true, feeds = true, campaigns = true }}\n\
         signature = \"示例学校\"\napi_key = \"{OTHER_API_KEY}\"\n\n\
         [[template]]\nname = \"{TEMPLATE_NAME}\"\norganisation = \"hospital\"\nbusiness_type = \"notice\"\n\
         text = \"{TEMPLATE_TEXT}\"\n"
    );
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::catalog::apply::ApplyFile;

    #[test]
    fn the_file_is_one_that_apply_understands() {
        let plan = ConnectionPlan {
            name: "mobile".to_owned(),
            protocol: ProtocolName::Cmpp20,
            address: "127.0.0.1:7890".parse().expect("an address"),
            login: "900001".to_owned(),
            password: "secret".to_owned(),
            sessions: 4,
            window: 128,
            rate_per_second: 100_000,
            look_ahead: 16,
        };
        let file: ApplyFile = toml::from_str(&apply_file(&[plan])).expect("an apply file");
        assert_eq!(file.connection.len(), 1);
        assert_eq!(file.account[0].connections, ["mobile"]);
    }
}
