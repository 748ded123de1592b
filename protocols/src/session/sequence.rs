//! Sequence numbers of our requests.

/// Counts from 1 to a maximum and on from 1 again (CMPP 2.0 §7.3, SMPP 3.4 §5.1.4).
pub(super) struct Sequence {
    next: u32,
    max: u32,
}

impl Sequence {
    pub fn new(max: u32) -> Self {
        Self { next: 1, max }
    }

    pub fn take(&mut self) -> u32 {
        let taken = self.next;
        self.next = if taken == self.max { 1 } else { taken + 1 };
        taken
    }

    #[cfg(test)]
    pub fn jump(&mut self, next: u32) {
        self.next = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_past_zero() {
        for max in [0x7fff_ffff, u32::MAX] {
            let mut sequence = Sequence::new(max);
            sequence.jump(max);
            assert_eq!([sequence.take(), sequence.take(), sequence.take()], [max, 1, 2]);
        }
    }
}
