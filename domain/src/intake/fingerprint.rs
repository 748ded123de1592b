use twox_hash::XxHash3_64;

/// A fingerprint of a request's body, by which a repeated idempotency key is told from another request under the same key
/// (IDEM-1). The same over restarts, nodes and versions: it stands in the journal.
pub fn fingerprint(body: &[u8]) -> u64 {
    XxHash3_64::oneshot(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published XXH3-64 values: a change would make every stored key answer 409.
    #[test]
    fn values_never_change() {
        assert_eq!(fingerprint(b""), 0x2d06_8005_38d3_94c2);
        assert_eq!(fingerprint(b"a"), 0xe6c6_32b6_1e96_4e1f);
        assert_eq!(fingerprint(b"abc"), 0x78af_5f94_892f_3950);
    }
}
