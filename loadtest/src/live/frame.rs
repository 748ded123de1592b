use bytes::{Buf, BufMut, Bytes, BytesMut};

/// What a server may send at once.
pub const FRAME_BYTES_MAX: usize = 4 << 20;

/// What a frame is (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    Text,
    Close,
    Ping,
    Pong,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub opcode: Opcode,
    pub payload: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("a frame of {0} bytes is too large")]
    TooLarge(u64),
    #[error("a server neither masks nor splits its frames")]
    Head,
    #[error("the opcode {0} has no place here")]
    Opcode(u8),
}

impl Frame {
    /// Takes the first whole frame of a server out of `input`; `None` when more bytes are needed.
    pub fn decode(input: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        let Some((&[head, length], rest)) = input.split_first_chunk::<2>() else {
            return Ok(None);
        };
        if head & 0xf0 != 0x80 || length & 0x80 != 0 {
            return Err(FrameError::Head);
        }
        let opcode = match head & 0x0f {
            1 => Opcode::Text,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            other => return Err(FrameError::Opcode(other)),
        };
        let (length, head_bytes) = match length {
            126 => match rest.first_chunk() {
                Some(bytes) => (u64::from(u16::from_be_bytes(*bytes)), 4),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(bytes) => (u64::from_be_bytes(*bytes), 10),
                None => return Ok(None),
            },
            short => (short.into(), 2),
        };
        let payload = usize::try_from(length)
            .ok()
            .filter(|bytes| *bytes <= FRAME_BYTES_MAX)
            .ok_or(FrameError::TooLarge(length))?;
        if input.len() < head_bytes + payload {
            input.reserve(head_bytes + payload - input.len());
            return Ok(None);
        }
        input.advance(head_bytes);
        Ok(Some(Frame {
            opcode,
            payload: input.split_to(payload).freeze(),
        }))
    }

    /// As a client sends it: masked, by `mask`. Longer payloads than 64 KiB no client of ours has.
    pub fn encode(opcode: Opcode, payload: &[u8], mask: [u8; 4]) -> Bytes {
        let number = match opcode {
            Opcode::Text => 1,
            Opcode::Close => 8,
            Opcode::Ping => 9,
            Opcode::Pong => 10,
        };
        let payload = &payload[..payload.len().min(u16::MAX.into())];
        let mut frame = BytesMut::with_capacity(payload.len() + 8);
        frame.put_u8(0x80 | number);
        match payload.len() {
            short @ ..126 => frame.put_u8(0x80 | short as u8),
            long => {
                frame.put_u8(0x80 | 126);
                frame.put_u16(long as u16);
            }
        }
        frame.put_slice(&mask);
        frame.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        frame.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
        Frame::decode(&mut BytesMut::from(bytes))
    }

    #[test]
    fn frames_of_every_length_come_back_whole() {
        for length in [0, 1, 125, 126, 65_535, 65_536, 100_000] {
            let payload = vec![b'x'; length];
            let mut bytes = BytesMut::from(&[0x81][..]);
            match length {
                ..126 => bytes.put_u8(length as u8),
                126..=65_535 => {
                    bytes.put_u8(126);
                    bytes.put_u16(length as u16);
                }
                _ => {
                    bytes.put_u8(127);
                    bytes.put_u64(length as u64);
                }
            }
            bytes.put_slice(&payload);
            for cut in [0, 1, 2, 5, bytes.len() - 1] {
                let part = &bytes[..cut.min(bytes.len() - 1)];
                assert_eq!(decode(part), Ok(None), "{length} cut at {cut}");
            }
            bytes.put_u8(7);
            let frame = Frame::decode(&mut bytes).unwrap().unwrap();
            assert_eq!((frame.opcode, frame.payload.len()), (Opcode::Text, length));
            assert_eq!(&bytes[..], [7]);
        }
    }

    #[test]
    fn what_no_server_sends_is_refused() {
        let huge = [0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(decode(&huge), Err(FrameError::TooLarge(u64::MAX)));
        for (bytes, error) in [
            ([0x01, 0], FrameError::Head),
            ([0xc1, 0], FrameError::Head),
            ([0x81, 0x80], FrameError::Head),
            ([0x82, 0], FrameError::Opcode(2)),
            ([0x80, 0], FrameError::Opcode(0)),
        ] {
            assert_eq!(decode(&bytes), Err(error));
        }
    }

    /// The example of RFC 6455 §5.7.
    #[test]
    fn a_client_masks() {
        let frame = Frame::encode(Opcode::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d]);
        let expected = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(&frame[..], expected);
    }
}
