use super::LineFault;
use super::line::parse;
use carillon_api::MessageRequest;

/// One message per line; the last line may end without a line feed. An empty line is a broken one, so that the line numbers
/// of the answer are those of the body.
pub struct NdJsonLines<'a> {
    rest: &'a [u8],
}

impl<'a> NdJsonLines<'a> {
    pub fn new(body: &'a [u8]) -> Self {
        NdJsonLines { rest: body }
    }
}

impl<'a> Iterator for NdJsonLines<'a> {
    type Item = Result<MessageRequest<'a>, LineFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest);
        let (line, rest) = end.map_or((self.rest, &[][..]), |end| {
            (&self.rest[..end], &self.rest[end + 1..])
        });
        self.rest = rest;
        Some(parse(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_api::Code;

    #[test]
    fn a_broken_line_is_one_line() {
        let body = b"{\"to\":\"1\"}\r\n{\"to\":\n\n{\"to\":\"2\"}\n{\"to\":\"\xff\"}\n{\"to\":\"3\"}";
        let lines: Vec<_> = NdJsonLines::new(body)
            .map(|line| line.map(|m| m.to.unwrap().0.into_owned()).map_err(|f| f.code))
            .collect();
        let broken = || Err(Code::InvalidJson);
        assert_eq!(
            lines,
            [
                Ok("1".to_owned()),
                broken(),
                broken(),
                Ok("2".to_owned()),
                broken(),
                Ok("3".to_owned())
            ]
        );
    }

    #[test]
    fn an_empty_body_has_no_lines_and_a_last_line_feed_makes_none() {
        assert_eq!(NdJsonLines::new(b"").count(), 0);
        assert_eq!(NdJsonLines::new(b"{}\n").count(), 1);
        assert_eq!(NdJsonLines::new(b"\n").count(), 1);
    }
}
