use crate::login::{is_in, network};
use ipnet::IpNet;
use parking_lot::Mutex;
use prometheus::{IntCounter, IntGauge};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So often at most it is told that there are too many.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// The open connections of callers, in all and from each source.
pub struct Sockets {
    /// Further ones wait in the system's queue, unseen by us.
    max: usize,
    /// From one address, or one IPv6 /64.
    per_source_max: u32,
    /// Everybody comes from them.
    proxies: Vec<IpNet>,
    open: Mutex<Open>,
    pub gauge: IntGauge,
    pub refused: IntCounter,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_source: HashMap<IpAddr, u32>,
    told_full: Option<Instant>,
    told_source: Option<Instant>,
}

/// An open connection; counts until it is dropped.
pub struct Place {
    sockets: Arc<Sockets>,
    /// None where sources are not counted.
    source: Option<IpAddr>,
}

impl Sockets {
    pub fn new(
        max: usize,
        per_source_max: u32,
        proxies: Vec<IpNet>,
        gauge: IntGauge,
        refused: IntCounter,
    ) -> Self {
        Sockets {
            max,
            per_source_max,
            proxies,
            open: Mutex::default(),
            gauge,
            refused,
        }
    }

    /// A place for a connection from there, unless its source has too many. This machine and our own proxies are no source:
    /// who is behind them is not known yet.
    pub fn take(self: &Arc<Self>, peer: IpAddr, now: Instant) -> Option<Place> {
        let peer = peer.to_canonical();
        let is_counted = !peer.is_loopback() && !is_in(&self.proxies, peer);
        let source = is_counted.then(|| network(peer));
        let open = &mut *self.open.lock();
        if let Some(source) = source {
            let count = open.by_source.entry(source).or_insert(0);
            if *count >= self.per_source_max {
                self.refused.inc();
                if is_due(&mut open.told_source, now) {
                    tracing::warn!(%source, connections = *count, "connections are refused: their source has too many");
                }
                return None;
            }
            *count += 1;
        }
        open.all += 1;
        self.gauge.set(open.all as i64);
        if open.all >= self.max && is_due(&mut open.told_full, now) {
            let connections = open.all;
            tracing::warn!(
                connections,
                "all places for connections are taken; further ones wait"
            );
        }
        Some(Place {
            sockets: self.clone(),
            source,
        })
    }
}

fn is_due(told: &mut Option<Instant>, now: Instant) -> bool {
    let due = told.is_none_or(|told| now.duration_since(told) >= TELL_EVERY);
    if due {
        *told = Some(now);
    }
    due
}

impl Drop for Place {
    fn drop(&mut self) {
        let open = &mut *self.sockets.open.lock();
        open.all -= 1;
        self.sockets.gauge.set(open.all as i64);
        if let Some(source) = self.source
            && let Some(count) = open.by_source.get_mut(&source)
        {
            *count -= 1;
            if *count == 0 {
                open.by_source.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets() -> Arc<Sockets> {
        Arc::new(Sockets::new(
            5,
            2,
            vec!["10.0.0.0/8".parse().unwrap()],
            IntGauge::new("open", "open").unwrap(),
            IntCounter::new("refused", "refused").unwrap(),
        ))
    }

    #[test]
    fn one_source_does_not_take_all_places() {
        let (sockets, now) = (sockets(), Instant::now());
        let take = |peer: &str| sockets.take(peer.parse().unwrap(), now);
        let first = take("192.0.2.1").unwrap();
        let _second = take("::ffff:192.0.2.1").unwrap();
        assert!(take("192.0.2.1").is_none());
        assert_eq!(sockets.refused.get(), 1);
        drop(first);
        let _third = take("192.0.2.1").unwrap();
        let _neighbours = [take("2001:db8::1").unwrap(), take("2001:db8::2").unwrap()];
        assert!(take("2001:db8::3").is_none());
        assert!(take("2001:db8:0:1::1").is_some());
        assert_eq!(sockets.gauge.get(), 4);
    }

    #[test]
    fn proxies_and_this_machine_are_no_source() {
        let (sockets, now) = (sockets(), Instant::now());
        let mut places = Vec::new();
        for peer in ["127.0.0.1", "::1", "10.1.2.3"] {
            for _ in 0..3 {
                places.push(sockets.take(peer.parse().unwrap(), now).expect(peer));
            }
        }
        assert_eq!(sockets.gauge.get(), 9);
        drop(places);
        assert_eq!(sockets.gauge.get(), 0);
        assert!(sockets.open.lock().by_source.is_empty());
    }

    #[test]
    fn too_many_are_told_once_a_minute() {
        let (mut told, now) = (None, Instant::now());
        assert!(is_due(&mut told, now));
        assert!(!is_due(&mut told, now + TELL_EVERY / 2));
        assert!(is_due(&mut told, now + TELL_EVERY));
    }
}
