use super::LineFault;
use super::array_lines::ArrayLines;
use super::ndjson_lines::NdJsonLines;
use crate::http::{Failure, MediaType};
use carillon_api::{Code, MessageRequest};

/// The lines of a batch, one after the other, so that a handler can yield between them.
pub enum Lines<'a> {
    Array(ArrayLines<'a>),
    NdJson(NdJsonLines<'a>),
}

/// A line is a message or a fault of its own; a fault of the body ends the whole batch.
pub type Line<'a> = Result<Result<MessageRequest<'a>, LineFault>, BodyFault>;

/// The JSON array is not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyFault {
    pub detail: String,
    /// From 1.
    pub line: u32,
    /// In bytes, from 1.
    pub column: u32,
}

impl<'a> Lines<'a> {
    pub fn new(media_type: MediaType, body: &'a [u8]) -> Self {
        // Some clients put the mark in front that RFC 8259 §8.1 lets a reader ignore.
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        match media_type {
            MediaType::Json => Lines::Array(ArrayLines::new(body)),
            MediaType::NdJson => Lines::NdJson(NdJsonLines::new(body)),
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        match self {
            Lines::Array(lines) => lines.next(),
            Lines::NdJson(lines) => lines.next().map(Ok),
        }
    }
}

impl From<BodyFault> for Failure {
    fn from(fault: BodyFault) -> Self {
        let mut failure = Failure::new(Code::InvalidJson, fault.detail);
        failure.problem.line = Some(fault.line);
        failure.problem.column = Some(fault.column);
        failure
    }
}
