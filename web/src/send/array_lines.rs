use super::line::{begins_object, fault, not_an_object, with_recipient};
use super::lines::{BodyFault, Line};
use carillon_api::MessageRequest;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The elements of a JSON array, read one by one. An element of the wrong shape is a fault of that line; broken JSON is a
/// fault of the body.
pub struct ArrayLines<'a> {
    body: &'a [u8],
    at: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    AfterElement,
    End,
}

impl<'a> ArrayLines<'a> {
    pub fn new(body: &'a [u8]) -> Self {
        ArrayLines {
            body,
            at: 0,
            state: State::Start,
        }
    }

    /// Steps to the next element; `false` at the end of the array.
    fn advance(&mut self) -> Result<bool, BodyFault> {
        match (self.state, self.peek()) {
            (State::Start, Some(b'[')) => {
                self.at += 1;
                match self.peek() {
                    Some(b']') => self.finish(),
                    _ => Ok(true),
                }
            }
            (State::Start, _) => Err(self.broken_at(self.at, "expected a JSON array")),
            (State::AfterElement, Some(b',')) => {
                self.at += 1;
                Ok(true)
            }
            (State::AfterElement, Some(b']')) => self.finish(),
            (State::AfterElement, _) => Err(self.broken_at(self.at, "expected `,` or `]`")),
            (State::End, _) => Ok(false),
        }
    }

    fn finish(&mut self) -> Result<bool, BodyFault> {
        self.at += 1;
        self.state = State::End;
        match self.peek() {
            None => Ok(false),
            Some(_) => Err(self.broken_at(self.at, "expected nothing after the array")),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let space = self.body[self.at..]
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
            .count();
        self.at += space;
        self.body.get(self.at).copied()
    }

    fn element(&mut self) -> Line<'a> {
        let (body, at) = (self.body, self.at);
        let line_fault = if begins_object(&body[at..]) {
            match read::<MessageRequest<'a>>(&body[at..]) {
                Ok((message, length)) => {
                    self.at += length;
                    return Ok(with_recipient(message));
                }
                Err(error) if error.is_data() => fault(&error),
                Err(error) => return Err(self.broken_in_element(&error)),
            }
        } else {
            not_an_object()
        };
        // The element has the wrong shape: find its end, and what else is broken in it.
        let (_, length) = read::<IgnoredAny>(&body[at..]).map_err(|error| self.broken_in_element(&error))?;
        self.at += length;
        Ok(Err(line_fault))
    }

    fn broken_in_element(&self, error: &serde_json::Error) -> BodyFault {
        let (line, column) = place(self.body, self.at);
        let (error_line, error_column) = (error.line().max(1) as u32, error.column().max(1) as u32);
        BodyFault {
            detail: fault(error).detail,
            line: line + error_line - 1,
            column: if error_line == 1 {
                column - 1 + error_column
            } else {
                error_column
            },
        }
    }

    fn broken_at(&self, at: usize, detail: &str) -> BodyFault {
        let (line, column) = place(self.body, at);
        BodyFault {
            detail: detail.to_owned(),
            line,
            column,
        }
    }
}

/// A value at the beginning of `json`, and its length.
fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<(T, usize), serde_json::Error> {
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<T>();
    match values.next() {
        Some(value) => value.map(|value| (value, values.byte_offset())),
        None => serde_json::from_slice(&[]).map(|value| (value, 0)),
    }
}

/// Line and column of a byte, both from 1.
fn place(body: &[u8], at: usize) -> (u32, u32) {
    let before = &body[..at];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = at - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
    (line as u32, column as u32)
}

impl<'a> Iterator for ArrayLines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let line = match self.advance() {
            Ok(true) => self.element(),
            Ok(false) => return None,
            Err(fault) => Err(fault),
        };
        self.state = if line.is_ok() {
            State::AfterElement
        } else {
            State::End
        };
        if line.is_err() {
            // Nothing after a broken place means anything.
            self.at = self.body.len();
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_api::Code;
    use proptest::prelude::*;

    fn all(body: &str) -> Result<Vec<Result<String, Code>>, BodyFault> {
        ArrayLines::new(body.as_bytes())
            .map(|line| {
                line.map(|line| {
                    line.map(|m| m.to.unwrap().0.into_owned())
                        .map_err(|fault| fault.code)
                })
            })
            .collect()
    }

    #[test]
    fn elements_of_the_wrong_shape_are_lines_of_their_own() {
        let lines = all(r#" [ {"to":"1"}, 5 ,{"too":[{}]},"a",null,{"to":"2"} ] "#).unwrap();
        let wrong = || Err(Code::InvalidField);
        assert_eq!(
            lines,
            [
                Ok("1".to_owned()),
                wrong(),
                wrong(),
                wrong(),
                wrong(),
                Ok("2".to_owned())
            ]
        );
        assert_eq!(all("[]").unwrap(), []);
        assert_eq!(all(" [ ]\n").unwrap(), []);
    }

    #[test]
    fn a_broken_array_is_refused_with_its_place() {
        for (body, line, column) in [
            ("", 1, 1),
            ("{}", 1, 1),
            ("[", 1, 2),
            ("[{\"to\":\"1\"}", 1, 12),
            ("[{\"to\":\"1\"}\n,\n]", 3, 1),
            ("[{\"to\":\"1\"},\n {\"to\" \"2\"}]", 2, 8),
            ("[{\"to\":\"1\"}] x", 1, 14),
            ("[{\"to\":\"1\"} {\"to\":\"2\"}]", 1, 13),
            ("[,]", 1, 2),
            ("[{\"x\":\"1\", }]", 1, 12),
        ] {
            let fault = all(body).unwrap_err();
            assert_eq!(
                (fault.line, fault.column),
                (line, column),
                "{body}: {}",
                fault.detail
            );
        }
    }

    proptest! {
        /// What this reader takes, serde_json takes as an array of as many elements, and the other way round.
        #[test]
        fn agrees_with_a_whole_parse(body in r#"[\[\],{}":to1a \n]{0,40}"#) {
            let whole = serde_json::from_str::<Vec<serde_json::Value>>(&body);
            match all(&body) {
                Ok(lines) => prop_assert_eq!(lines.len(), whole.unwrap().len()),
                Err(_) => prop_assert!(whole.is_err(), "{}", body),
            }
        }

        #[test]
        fn finds_every_message(numbers in proptest::collection::vec("[0-9]{1,20}", 0..20)) {
            let messages: Vec<_> = numbers.iter().map(|n| MessageRequest { to: Some(n.as_str().into()), ..Default::default() }).collect();
            let body = serde_json::to_string_pretty(&messages).unwrap();
            let expected: Vec<_> = numbers.into_iter().map(Ok).collect();
            prop_assert_eq!(all(&body).unwrap(), expected);
        }
    }
}
