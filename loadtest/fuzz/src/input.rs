/// An input that is a small program: what is drawn from it decides what happens, and its end is read as zeros.
pub struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Input { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or_default()
    }

    /// Big-endian.
    pub fn short(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// So many bytes, fewer at the end.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        bytes
    }

    /// Bytes with their length of two bytes in front.
    pub fn chunk(&mut self) -> &'a [u8] {
        let count = self.short();
        self.bytes(count.into())
    }

    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
}

/// The opposite of [`Input::chunk`], for seeds.
pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a seed is short");
    [&length.to_be_bytes(), bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_read_back_and_the_end_is_zeros() {
        let bytes = [&[7][..], &chunk(b"abc"), b"de"].concat();
        let mut input = Input::new(&bytes);
        assert_eq!((input.byte(), input.chunk()), (7, &b"abc"[..]));
        assert_eq!(input.rest(), b"de");
        assert_eq!(
            (input.short(), input.chunk(), input.is_empty()),
            (0, &[][..], true)
        );
    }
}
