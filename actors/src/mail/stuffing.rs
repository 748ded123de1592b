use bytes::{BufMut, Bytes, BytesMut};

/// Source bytes turned into one piece for the socket.
const PIECE_BYTES: usize = 32 * 1024;

/// A mail's content in pieces as DATA carries it: every line ends with CRLF, a leading dot is doubled, and the line with the
/// single dot comes last (RFC 5321 §4.5.2). A bare CR or LF never gets out: a relay that takes it for a line end would read
/// something else than we wrote.
#[derive(Debug)]
pub struct StuffedContent {
    content: Bytes,
    at: usize,
    last: u8,
    ended: bool,
}

impl StuffedContent {
    pub fn new(content: Bytes) -> Self {
        StuffedContent {
            content,
            at: 0,
            last: b'\n',
            ended: false,
        }
    }

    /// Everything was given out.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// The next piece; `None` after the one with the end.
    pub fn next_piece(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let until = self.content.len().min(self.at + PIECE_BYTES);
        let mut piece = BytesMut::with_capacity(until - self.at + 64);
        for byte in &self.content[self.at..until] {
            match (self.last, *byte) {
                (b'\r', b'\n') => {}
                (b'\r', _) => {
                    piece.put_u8(b'\n');
                    self.last = b'\n';
                }
                (_, b'\n') => piece.put_u8(b'\r'),
                _ => {}
            }
            if self.last == b'\n' && *byte == b'.' {
                piece.put_u8(b'.');
            }
            piece.put_u8(*byte);
            self.last = *byte;
        }
        self.at = until;
        if until == self.content.len() {
            self.ended = true;
            match self.last {
                b'\n' => {}
                b'\r' => piece.put_u8(b'\n'),
                _ => piece.put_slice(b"\r\n"),
            }
            piece.put_slice(b".\r\n");
        }
        Some(piece.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stuffed(content: &[u8]) -> Vec<u8> {
        let mut stuffing = StuffedContent::new(Bytes::copy_from_slice(content));
        std::iter::from_fn(|| stuffing.next_piece()).flatten().collect()
    }

    #[test]
    fn content_as_data_carries_it() {
        let cases: [(&[u8], &[u8]); 11] = [
            (b"", b".\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b".", b"..\r\n.\r\n"),
            (b"a\r\n.\r\nb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r.\rb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r\r\nb", b"a\r\n\r\nb\r\n.\r\n"),
            (b"a.b\r\n..c", b"a.b\r\n...c\r\n.\r\n"),
            (b"a\r", b"a\r\n.\r\n"),
            (b"\n.", b"\r\n..\r\n.\r\n"),
        ];
        for (content, expected) in cases {
            assert_eq!(
                stuffed(content),
                expected,
                "{:?}",
                String::from_utf8_lossy(content)
            );
        }
    }

    proptest! {
        /// The end comes once, at the end, and there is no bare CR or LF; also over the border of pieces.
        #[test]
        fn nothing_in_it_ends_it(tail in "[a.\r\n]{0,40}", before in PIECE_BYTES - 20..PIECE_BYTES + 2) {
            for content in [tail.clone().into_bytes(), [vec![b'x'; before], tail.into_bytes()].concat()] {
                let wire = stuffed(&content);
                let text = String::from_utf8(wire).unwrap();
                let (body, end) = text.split_at(text.len() - 3);
                prop_assert_eq!(end, ".\r\n");
                prop_assert!(body.is_empty() || body.ends_with("\r\n"));
                prop_assert!(!body.split("\r\n").any(|line| line == "." || line.contains(['\r', '\n'])));
            }
        }
    }
}
