//! Every PDU of SMPP 3.4.

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
    Bind(Bind<'a>),
    Outbind(Outbind<'a>),
    Unbind(Unbind),
    SubmitSm(SubmitSm<'a>),
    SubmitMulti(SubmitMulti<'a>),
    DeliverSm(DeliverSm<'a>),
    DataSm(DataSm<'a>),
    QuerySm(QuerySm<'a>),
    CancelSm(CancelSm<'a>),
    ReplaceSm(ReplaceSm<'a>),
    EnquireLink(EnquireLink),
    AlertNotification(AlertNotification<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response<'a> {
    GenericNack(GenericNack),
    Bind(BindResp<'a>),
    Unbind(UnbindResp),
    SubmitSm(SubmitSmResp<'a>),
    SubmitMulti(SubmitMultiResp<'a>),
    DeliverSm(DeliverSmResp),
    DataSm(DataSmResp<'a>),
    QuerySm(QuerySmResp<'a>),
    CancelSm(CancelSmResp),
    ReplaceSm(ReplaceSmResp),
    EnquireLink(EnquireLinkResp),
}

impl<'a> Pdu<'a> {
    /// Reads the body of a PDU whose header was split off.
    ///
    /// # Errors
    /// An unknown command, a body that is too short or too long, or a value outside its limit.
    pub fn decode(command: u32, body: &'a [u8]) -> Result<Self, DecodeError> {
        if command & RESPONSE == 0 {
            Request::decode(command, body).map(Pdu::Request)
        } else {
            Response::decode(command, body).map(Pdu::Response)
        }
    }

    /// Writes a whole PDU; `out` is unchanged on failure. `status` is for responses; one that has a body keeps it.
    pub fn encode(&self, status: u32, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        match self {
            Pdu::Request(request) => request.encode(sequence, out),
            Pdu::Response(response) => response.encode(status, sequence, out),
        }
    }
}

impl<'a> Request<'a> {
    fn decode(command: u32, body: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(match command {
            SubmitSm::COMMAND => Request::SubmitSm(SubmitSm::decode(body)?),
            DeliverSm::COMMAND => Request::DeliverSm(DeliverSm::decode(body)?),
            Outbind::COMMAND => Request::Outbind(Outbind::decode(body)?),
            Unbind::COMMAND => Request::Unbind(Unbind::decode(body)?),
            SubmitMulti::COMMAND => Request::SubmitMulti(SubmitMulti::decode(body)?),
            DataSm::COMMAND => Request::DataSm(DataSm::decode(body)?),
            QuerySm::COMMAND => Request::QuerySm(QuerySm::decode(body)?),
            CancelSm::COMMAND => Request::CancelSm(CancelSm::decode(body)?),
            ReplaceSm::COMMAND => Request::ReplaceSm(ReplaceSm::decode(body)?),
            EnquireLink::COMMAND => Request::EnquireLink(EnquireLink::decode(body)?),
            AlertNotification::COMMAND => Request::AlertNotification(AlertNotification::decode(body)?),
            command => match BindKind::of_command(command) {
                Some(kind) => Request::Bind(Bind::decode(kind, body)?),
                None => return Err(DecodeError::Command { command }),
            },
        })
    }

    fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        match self {
            Request::Bind(pdu) => pdu.encode(sequence, out)?,
            Request::Outbind(pdu) => pdu.encode(sequence, out)?,
            Request::Unbind(pdu) => pdu.encode(sequence, out),
            Request::SubmitSm(pdu) => pdu.encode(sequence, out)?,
            Request::SubmitMulti(pdu) => pdu.encode(sequence, out)?,
            Request::DeliverSm(pdu) => pdu.encode(sequence, out)?,
            Request::DataSm(pdu) => pdu.encode(sequence, out)?,
            Request::QuerySm(pdu) => pdu.encode(sequence, out)?,
            Request::CancelSm(pdu) => pdu.encode(sequence, out)?,
            Request::ReplaceSm(pdu) => pdu.encode(sequence, out)?,
            Request::EnquireLink(pdu) => pdu.encode(sequence, out),
            Request::AlertNotification(pdu) => pdu.encode(sequence, out)?,
        }
        Ok(())
    }
}

impl<'a> Response<'a> {
    fn decode(command: u32, body: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(match command {
            SubmitSmResp::COMMAND => Response::SubmitSm(SubmitSmResp::decode(body)?),
            DeliverSmResp::COMMAND => Response::DeliverSm(DeliverSmResp::decode(body)?),
            GenericNack::COMMAND => Response::GenericNack(GenericNack::decode(body)?),
            UnbindResp::COMMAND => Response::Unbind(UnbindResp::decode(body)?),
            SubmitMultiResp::COMMAND => Response::SubmitMulti(SubmitMultiResp::decode(body)?),
            DataSmResp::COMMAND => Response::DataSm(DataSmResp::decode(body)?),
            QuerySmResp::COMMAND => Response::QuerySm(QuerySmResp::decode(body)?),
            CancelSmResp::COMMAND => Response::CancelSm(CancelSmResp::decode(body)?),
            ReplaceSmResp::COMMAND => Response::ReplaceSm(ReplaceSmResp::decode(body)?),
            EnquireLinkResp::COMMAND => Response::EnquireLink(EnquireLinkResp::decode(body)?),
            command => match BindKind::of_command(command) {
                Some(kind) => Response::Bind(BindResp::decode(kind, body)?),
                None => return Err(DecodeError::Command { command }),
            },
        })
    }

    fn encode(&self, status: u32, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        match self {
            Response::GenericNack(pdu) => pdu.encode(status, sequence, out),
            Response::Bind(pdu) => pdu.encode(status, sequence, out)?,
            Response::Unbind(pdu) => pdu.encode(sequence, out),
            Response::SubmitSm(pdu) => pdu.encode(status, sequence, out)?,
            Response::SubmitMulti(pdu) => pdu.encode(status, sequence, out)?,
            Response::DeliverSm(pdu) => pdu.encode(status, sequence, out),
            Response::DataSm(pdu) => pdu.encode(status, sequence, out)?,
            Response::QuerySm(pdu) => pdu.encode(status, sequence, out)?,
            Response::CancelSm(pdu) => pdu.encode(status, sequence, out),
            Response::ReplaceSm(pdu) => pdu.encode(status, sequence, out),
            Response::EnquireLink(pdu) => pdu.encode(sequence, out),
        }
        Ok(())
    }
}
