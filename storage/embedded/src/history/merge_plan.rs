use std::ops::Range;

/// So many small files in a row are merged.
const FAN_IN: usize = 8;
/// Files below these parts of a full one count as small; the smallest are merged first.
const SMALL_PARTS: [u64; 3] = [512, 64, 8];

/// Which neighbouring files become one next; `None` when nothing is worth merging.
///
/// `rows` has the rows of each file, oldest first. Only neighbours are merged, so that "a later file's row stands for an
/// earlier one's" stays true. Files that together are full become one that is never merged again; many small ones become a
/// larger one meanwhile. Between full files at most about 70 others remain, and in large batches every row is written twice.
pub(super) fn next_merge(rows: &[u64], full: u64) -> Option<Range<usize>> {
    for run in runs(rows, |rows| rows < full) {
        let mut sum = 0u64;
        for end in run.clone() {
            sum += rows[end];
            if sum >= full {
                return Some(run.start..end + 1);
            }
        }
    }
    let small =
        |part: u64| runs(rows, move |rows| rows < full.div_ceil(part)).find(|run| run.len() >= FAN_IN);
    SMALL_PARTS.into_iter().find_map(small)
}

/// The longest ranges of neighbours that fit.
fn runs(rows: &[u64], fits: impl Fn(u64) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        start += rows[start..].iter().position(|&rows| fits(rows))?;
        let len = rows[start..]
            .iter()
            .position(|&rows| !fits(rows))
            .unwrap_or(rows.len() - start);
        let run = start..start + len;
        start = run.end;
        Some(run)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn neighbours_that_fill_a_file_are_merged_and_small_ones_meanwhile() {
        let cases: &[(&[u64], Option<Range<usize>>)] = &[
            (&[], None),
            (&[1000], None),
            (&[500, 499], None),
            (&[500, 500, 3], Some(0..2)),
            (&[1000, 999, 1, 1], Some(1..3)),
            (&[300, 1000, 300, 1000, 300], None),
            (&[1, 1, 1, 1, 1, 1, 1], None),
            (&[1, 1, 1, 1, 1, 1, 1, 1], Some(0..8)),
            (&[200, 1, 1, 1, 1, 1, 1, 1, 1, 7, 20], Some(1..9)),
            (&[8, 1, 1, 1, 1, 1, 1, 1], Some(0..8)),
        ];
        for (rows, wanted) in cases {
            assert_eq!(&next_merge(rows, 1000), wanted, "{rows:?}");
        }
    }

    proptest! {
        /// Merging until nothing is left to do ends, loses no row, writes each row few times and leaves few files.
        #[test]
        fn merging_ends_with_few_files(batches in proptest::collection::vec(1u64..60, 0..600)) {
            let (full, mut files, mut written) = (1000, Vec::new(), 0);
            for rows in &batches {
                files.push(*rows);
                while let Some(range) = next_merge(&files, full) {
                    prop_assert!(range.len() >= 2);
                    let merged: u64 = files[range.clone()].iter().sum();
                    written += merged;
                    files.splice(range, [merged]);
                }
            }
            let total: u64 = batches.iter().sum();
            prop_assert_eq!(files.iter().sum::<u64>(), total);
            prop_assert!(files.len() as u64 <= total / full + 72, "{} files", files.len());
            prop_assert!(written <= 4 * total, "{} rows written again", written);
        }
    }
}
