use super::hospital::LOGIN;
use super::witness::{SharedWitness, Watcher};
use crate::sim::{AccountConfig, Behaviour, Carrier, CarrierConfig, Moment, ProtocolName, SessionKey};
use carillon_domain::catalog::{Connection, Protocol};
use carillon_domain::time::Now;
use std::sync::Arc;

/// One connection's carrier, and the sockets between.
pub struct Line {
    pub carrier: Carrier,
    pub is_reachable: bool,
    /// Share of writes in which the socket breaks.
    pub torn_share: f64,
    sockets: Vec<Option<Socket>>,
}

/// A socket from one session to the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    pub epoch: u32,
    pub key: SessionKey,
}

impl Line {
    pub fn new(
        config: &Connection,
        behaviour: Behaviour,
        seed: u64,
        witness: &SharedWitness,
        now: Now,
    ) -> Self {
        let carrier = CarrierConfig {
            name: "carrier".into(),
            protocol: match config.protocol {
                Protocol::Cmpp20 => ProtocolName::Cmpp20,
                Protocol::Cmpp30 => ProtocolName::Cmpp30,
                _ => ProtocolName::Smpp34,
            },
            port: 0,
            host: std::net::Ipv4Addr::LOCALHOST.into(),
            seed,
            keep_texts: false,
            accounts: vec![AccountConfig {
                login: LOGIN.into(),
                password: config.password.reveal().into(),
                sessions: 32,
                rate_per_second: None,
                contract: None,
            }],
            behaviour,
        };
        let watcher = Box::new(Watcher::new(witness.clone()));
        let carrier = Carrier::new(carrier, config.id.0, watcher, Arc::default(), moment(now));
        Line {
            carrier: carrier.expect("what is kept in memory can be written"),
            is_reachable: true,
            torn_share: 0.0,
            sockets: Vec::new(),
        }
    }

    pub fn connect(&mut self, slot: u8, epoch: u32, now: Now) -> bool {
        if !self.is_reachable {
            return false;
        }
        let slot = usize::from(slot);
        if self.sockets.len() <= slot {
            self.sockets.resize(slot + 1, None);
        }
        let key = self.carrier.connected(moment(now));
        self.sockets[slot] = Some(Socket { epoch, key });
        true
    }

    pub fn socket(&self, slot: u8) -> Option<Socket> {
        self.sockets.get(usize::from(slot)).copied().flatten()
    }

    /// The place of the socket that the carrier knows by this key.
    pub fn slot_of(&self, key: SessionKey) -> Option<(u8, Socket)> {
        let sockets = (0u8..).zip(&self.sockets);
        let mut open = sockets.filter_map(|(slot, socket)| Some((slot, (*socket)?)));
        open.find(|(_, socket)| socket.key == key)
    }

    /// Sockets that are open, by their places.
    pub fn open(&self) -> Vec<(u8, Socket)> {
        let sockets = (0u8..).zip(&self.sockets);
        sockets
            .filter_map(|(slot, socket)| Some((slot, (*socket)?)))
            .collect()
    }

    /// The socket is gone for both ends.
    pub fn drop_socket(&mut self, slot: u8) {
        if let Some(socket) = self.sockets.get_mut(usize::from(slot)).and_then(Option::take) {
            self.carrier.ended(socket.key);
        }
    }

    pub fn drop_sockets(&mut self) {
        (0..self.sockets.len()).for_each(|slot| self.drop_socket(slot as u8));
    }

    /// The carrier gets these bytes.
    pub fn hear(&mut self, key: SessionKey, bytes: &[u8], now: Now) {
        self.carrier
            .received(key, bytes, moment(now))
            .expect("what is kept in memory can be written");
    }

    /// The carrier does what is due.
    pub fn tick(&mut self, now: Now) {
        self.carrier
            .tick(moment(now))
            .expect("what is kept in memory can be written");
    }

    /// What the carrier writes to one of its sessions now.
    pub fn take_output(&mut self, key: SessionKey) -> Vec<u8> {
        match self.carrier.output(key) {
            Some(output) if !output.is_empty() => output.split().to_vec(),
            _ => Vec::new(),
        }
    }
}

/// The carrier's own clock, which nobody sets.
pub fn moment(now: Now) -> Moment {
    let millis = now.monotonic.0.as_millis() as u64;
    Moment {
        millis,
        unix_us: super::world::START.0 * 1_000 + millis * 1_000,
    }
}
