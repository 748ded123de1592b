use crate::login::network;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Open sockets, counted and bounded, all together and by where they come from.
pub struct Seats {
    taken: Mutex<Taken>,
    all_max: usize,
    per_source_max: usize,
}

#[derive(Default)]
struct Taken {
    all: usize,
    sources: HashMap<IpAddr, usize>,
}

/// One open socket; leaves when it is dropped.
pub struct Seat {
    seats: Arc<Seats>,
    source: IpAddr,
}

impl Seats {
    pub fn new(all_max: u32, per_source_max: u32) -> Self {
        Seats {
            taken: Mutex::default(),
            all_max: all_max as usize,
            per_source_max: per_source_max as usize,
        }
    }

    /// `None` when there are too many.
    pub fn take(self: &Arc<Self>, source: IpAddr) -> Option<Seat> {
        let source = network(source);
        let mut taken = self.taken.lock();
        let of_source = taken.sources.get(&source).copied().unwrap_or(0);
        if taken.all >= self.all_max || of_source >= self.per_source_max {
            return None;
        }
        taken.all += 1;
        *taken.sources.entry(source).or_default() += 1;
        Some(Seat {
            seats: self.clone(),
            source,
        })
    }

    pub fn taken(&self) -> usize {
        self.taken.lock().all
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        taken.all -= 1;
        if let Some(count) = taken.sources.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                taken.sources.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_bounded_and_come_back() {
        let seats = Arc::new(Seats::new(3, 2));
        let at = |last: u8| IpAddr::from([192, 0, 2, last]);
        let first = seats.take(at(1)).unwrap();
        let _second = seats.take(at(1)).unwrap();
        assert!(seats.take(at(1)).is_none());
        let _third = seats.take(at(2)).unwrap();
        assert!(seats.take(at(3)).is_none());
        assert_eq!(seats.taken(), 3);
        drop(first);
        let again = seats.take(at(1));
        assert!(again.is_some() && seats.take(at(3)).is_none());
        drop(again);
        assert_eq!(seats.taken.lock().sources.len(), 2);
    }
}
