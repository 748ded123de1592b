//! Every PDU between a service provider and a gateway.

use super::*;
use crate::error::{DecodeError, EncodeError};
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pdu<'a> {
    Request(Request<'a>),
    Response(Response<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    Connect(Connect<'a>),
    Terminate(Terminate),
    Submit(Submit<'a>),
    Deliver(Deliver<'a>),
    Query(Query<'a>),
    Cancel(Cancel),
    ActiveTest(ActiveTest),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response<'a> {
    Connect(ConnectResp),
    Terminate(TerminateResp),
    Submit(SubmitResp),
    Deliver(DeliverResp),
    Query(QueryResp<'a>),
    Cancel(CancelResp),
    ActiveTest(ActiveTestResp),
}

impl<'a> Pdu<'a> {
    /// Reads the body of a PDU whose header was split off.
    ///
    /// # Errors
    /// An unknown command, a body that is too short or too long, or a list longer than its limit.
    pub fn decode(command: u32, body: &'a [u8], version: Version) -> Result<Self, DecodeError> {
        Ok(match command {
            Connect::COMMAND => Pdu::Request(Request::Connect(Connect::decode(body)?)),
            Terminate::COMMAND => Pdu::Request(Request::Terminate(Terminate::decode(body)?)),
            Submit::COMMAND => Pdu::Request(Request::Submit(Submit::decode(body, version)?)),
            Deliver::COMMAND => Pdu::Request(Request::Deliver(Deliver::decode(body, version)?)),
            Query::COMMAND => Pdu::Request(Request::Query(Query::decode(body)?)),
            Cancel::COMMAND => Pdu::Request(Request::Cancel(Cancel::decode(body)?)),
            ActiveTest::COMMAND => Pdu::Request(Request::ActiveTest(ActiveTest::decode(body)?)),
            ConnectResp::COMMAND => Pdu::Response(Response::Connect(ConnectResp::decode(body)?)),
            TerminateResp::COMMAND => Pdu::Response(Response::Terminate(TerminateResp::decode(body)?)),
            SubmitResp::COMMAND => Pdu::Response(Response::Submit(SubmitResp::decode(body)?)),
            DeliverResp::COMMAND => Pdu::Response(Response::Deliver(DeliverResp::decode(body)?)),
            QueryResp::COMMAND => Pdu::Response(Response::Query(QueryResp::decode(body)?)),
            CancelResp::COMMAND => Pdu::Response(Response::Cancel(CancelResp::decode(body)?)),
            ActiveTestResp::COMMAND => Pdu::Response(Response::ActiveTest(ActiveTestResp::decode(body)?)),
            command => return Err(DecodeError::Command { command }),
        })
    }

    /// Writes a whole PDU; `out` is unchanged on failure.
    pub fn encode(&self, sequence: u32, version: Version, out: &mut BytesMut) -> Result<(), EncodeError> {
        match self {
            Pdu::Request(Request::Connect(pdu)) => pdu.encode(sequence, out)?,
            Pdu::Request(Request::Terminate(pdu)) => pdu.encode(sequence, out),
            Pdu::Request(Request::Submit(pdu)) => pdu.encode(sequence, version, out)?,
            Pdu::Request(Request::Deliver(pdu)) => pdu.encode(sequence, version, out)?,
            Pdu::Request(Request::Query(pdu)) => pdu.encode(sequence, out)?,
            Pdu::Request(Request::Cancel(pdu)) => pdu.encode(sequence, out),
            Pdu::Request(Request::ActiveTest(pdu)) => pdu.encode(sequence, out),
            Pdu::Response(Response::Connect(pdu)) => pdu.encode(sequence, version, out),
            Pdu::Response(Response::Terminate(pdu)) => pdu.encode(sequence, out),
            Pdu::Response(Response::Submit(pdu)) => pdu.encode(sequence, version, out),
            Pdu::Response(Response::Deliver(pdu)) => pdu.encode(sequence, version, out),
            Pdu::Response(Response::Query(pdu)) => pdu.encode(sequence, out)?,
            Pdu::Response(Response::Cancel(pdu)) => pdu.encode(sequence, version, out),
            Pdu::Response(Response::ActiveTest(pdu)) => pdu.encode(sequence, out),
        }
        Ok(())
    }
}
