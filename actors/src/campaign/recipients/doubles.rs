use carillon_domain::intake::Prepared;
use std::hash::{BuildHasher, Hasher};

/// Recipients seen so far, in a table whose size is set at the beginning: at most 16 bytes for each line of the file.
///
/// A number is known exactly. An address is known by 63 bits of a hash whose seed nobody outside knows; that two of ten
/// million fall together has a chance of about one in 200,000.
pub struct Recipients {
    /// 0 is an empty place.
    places: Vec<u64>,
    seen: usize,
    hasher: foldhash::quality::RandomState,
}

/// Set in the key of an address; numbers are far below.
const ADDRESS: u64 = 1 << 63;

impl Recipients {
    /// Room for as many recipients as the file has lines.
    pub fn for_lines(lines: u32) -> Self {
        // Filled to two thirds at most, so that few places are looked at.
        let places = (lines as usize + lines as usize / 2).max(16);
        Recipients {
            places: vec![0; places],
            seen: 0,
            hasher: foldhash::quality::RandomState::default(),
        }
    }

    /// Whether this recipient comes for the first time.
    pub fn insert(&mut self, message: &Prepared) -> bool {
        self.key(message).is_none_or(|key| self.insert_key(key))
    }

    fn insert_key(&mut self, key: u64) -> bool {
        let mut hash = self.hasher.build_hasher();
        hash.write_u64(key);
        let spread = u128::from(hash.finish()) * self.places.len() as u128;
        let mut place = (spread >> 64) as usize;
        // One place always stays empty.
        while self.places[place] != 0 && self.seen + 1 < self.places.len() {
            if self.places[place] == key {
                return false;
            }
            place = (place + 1) % self.places.len();
        }
        self.places[place] = key;
        self.seen += 1;
        true
    }

    /// The number, else the address.
    fn key(&self, message: &Prepared) -> Option<u64> {
        if let Some(to) = message.to {
            return Some(to.as_u64());
        }
        let mail = message.plan.iter().find_map(|attempt| attempt.content.mail())?;
        let mut hash = self.hasher.build_hasher();
        mail.address
            .bytes()
            .for_each(|byte| hash.write_u8(byte.to_ascii_lowercase()));
        Some(hash.finish() | ADDRESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipient_comes_once_in_bounded_memory() {
        const LINES: u32 = 200_000;
        let mut seen = Recipients::for_lines(LINES);
        let places = seen.places.len();
        assert!(places * size_of::<u64>() <= LINES as usize * 16);
        let number = |line: u32| 8_613_800_000_000 + u64::from(line);
        assert!((0..LINES).all(|line| seen.insert_key(number(line))));
        assert!((0..LINES).all(|line| !seen.insert_key(number(line))));
        assert_eq!((seen.seen, seen.places.len()), (LINES as usize, places));
    }

    /// More than it was made for: the file cannot have them, and it ends all the same.
    #[test]
    fn a_full_table_ends() {
        let mut seen = Recipients::for_lines(0);
        (1..100).for_each(|key| {
            seen.insert_key(key);
        });
    }
}
