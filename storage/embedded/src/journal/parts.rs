//! How the parts of a checkpoint follow each other in its files: key 8, length 8, bytes.

use super::frame::u64_at;
use carillon_storage::journal::Part;

/// Before the bytes of a part.
pub(super) const HEAD_BYTES: usize = 16;

/// Cuts what was read of a file into its parts.
#[derive(Debug, Default)]
pub(super) struct PartCutter {
    /// What was read and not handed over yet; begins with a part.
    open: Vec<u8>,
}

impl PartCutter {
    pub(super) fn feed(&mut self, bytes: &[u8], take: &mut impl FnMut(Part)) {
        self.open.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((key, len)) = head(&self.open[at..]) {
            let from = at + HEAD_BYTES;
            let Some(bytes) = usize::try_from(len)
                .ok()
                .and_then(|len| self.open.get(from..from.checked_add(len)?))
            else {
                break;
            };
            at = from + bytes.len();
            let bytes = bytes.to_vec();
            take(Part { key, bytes });
        }
        self.open.drain(..at);
    }

    /// Whether what was fed ended with a part's end.
    pub(super) fn is_done(&self) -> bool {
        self.open.is_empty()
    }
}

fn head(bytes: &[u8]) -> Option<(u64, u64)> {
    (bytes.len() >= HEAD_BYTES).then(|| (u64_at(bytes, 0), u64_at(bytes, 8)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_come_whole_however_they_are_read(
            parts in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 0..50)), 0..20),
            step in 1..40_usize,
            cut in 0..30_usize,
        ) {
            let parts: Vec<_> = parts.into_iter().map(|(key, bytes)| Part { key, bytes }).collect();
            let mut whole = Vec::new();
            for Part { key, bytes } in &parts {
                whole.extend_from_slice(&key.to_le_bytes());
                whole.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
                whole.extend_from_slice(bytes);
            }
            let fed = whole.len().saturating_sub(cut);
            let (mut cutter, mut taken) = (PartCutter::default(), Vec::new());
            for piece in whole[..fed].chunks(step) {
                cutter.feed(piece, &mut |part| taken.push(part));
            }
            prop_assert!(parts.starts_with(&taken));
            if fed == whole.len() {
                prop_assert_eq!(&taken, &parts);
            }
            let taken_bytes: usize = taken.iter().map(|part| HEAD_BYTES + part.bytes.len()).sum();
            prop_assert_eq!(cutter.is_done(), taken_bytes == fed);
        }
    }
}
