//! command_status (SMPP 3.4 §5.1.3, and the additions of SMPP 5.0 §4.7.6).

use crate::error::DecodeError;
use crate::reject::RejectClass;

pub const OK: u32 = 0x00;
pub const INVMSGLEN: u32 = 0x01;
pub const INVCMDLEN: u32 = 0x02;
pub const INVCMDID: u32 = 0x03;
pub const INVBNDSTS: u32 = 0x04;
pub const ALYBND: u32 = 0x05;
pub const SYSERR: u32 = 0x08;
pub const INVSRCADR: u32 = 0x0a;
pub const INVDSTADR: u32 = 0x0b;
pub const INVMSGID: u32 = 0x0c;
pub const BINDFAIL: u32 = 0x0d;
pub const INVPASWD: u32 = 0x0e;
pub const INVSYSID: u32 = 0x0f;
pub const CANCELFAIL: u32 = 0x11;
pub const REPLACEFAIL: u32 = 0x13;
pub const MSGQFUL: u32 = 0x14;
pub const INVSERTYP: u32 = 0x15;
pub const INVNUMDESTS: u32 = 0x33;
pub const INVDLNAME: u32 = 0x34;
pub const INVDESTFLAG: u32 = 0x40;
pub const SUBMITFAIL: u32 = 0x45;
pub const INVSYSTYP: u32 = 0x53;
pub const THROTTLED: u32 = 0x58;
pub const INVSCHED: u32 = 0x61;
pub const INVEXPIRY: u32 = 0x62;
pub const X_T_APPN: u32 = 0x64;
pub const X_P_APPN: u32 = 0x65;
pub const QUERYFAIL: u32 = 0x67;
pub const INVOPTPARSTREAM: u32 = 0xc0;
pub const OPTPARNOTALLWD: u32 = 0xc1;

/// Name (without `ESME_R`) and class of a status other than [`OK`], as an answer to a submit.
pub fn describe(status: u32) -> (&'static str, RejectClass) {
    let class = match status {
        MSGQFUL | THROTTLED => RejectClass::Throttled,
        // INVBNDSTS speaks of the session, not of the segment; SUBMITFAIL of no cause at all.
        SYSERR | X_T_APPN | SUBMITFAIL | INVBNDSTS => RejectClass::Temporary,
        _ => RejectClass::Permanent,
    };
    (name(status), class)
}

fn name(status: u32) -> &'static str {
    match status {
        OK => "OK",
        INVMSGLEN => "INVMSGLEN",
        INVCMDLEN => "INVCMDLEN",
        INVCMDID => "INVCMDID",
        INVBNDSTS => "INVBNDSTS",
        ALYBND => "ALYBND",
        0x06 => "INVPRTFLG",
        0x07 => "INVREGDLVFLG",
        SYSERR => "SYSERR",
        INVSRCADR => "INVSRCADR",
        INVDSTADR => "INVDSTADR",
        INVMSGID => "INVMSGID",
        BINDFAIL => "BINDFAIL",
        INVPASWD => "INVPASWD",
        INVSYSID => "INVSYSID",
        CANCELFAIL => "CANCELFAIL",
        REPLACEFAIL => "REPLACEFAIL",
        MSGQFUL => "MSGQFUL",
        INVSERTYP => "INVSERTYP",
        INVNUMDESTS => "INVNUMDESTS",
        INVDLNAME => "INVDLNAME",
        INVDESTFLAG => "INVDESTFLAG",
        0x42 => "INVSUBREP",
        0x43 => "INVESMCLASS",
        0x44 => "CNTSUBDL",
        SUBMITFAIL => "SUBMITFAIL",
        0x48 => "INVSRCTON",
        0x49 => "INVSRCNPI",
        0x50 => "INVDSTTON",
        0x51 => "INVDSTNPI",
        INVSYSTYP => "INVSYSTYP",
        0x54 => "INVREPFLAG",
        0x55 => "INVNUMMSGS",
        THROTTLED => "THROTTLED",
        INVSCHED => "INVSCHED",
        INVEXPIRY => "INVEXPIRY",
        0x63 => "INVDFTMSGID",
        X_T_APPN => "X_T_APPN",
        X_P_APPN => "X_P_APPN",
        0x66 => "X_R_APPN",
        QUERYFAIL => "QUERYFAIL",
        INVOPTPARSTREAM => "INVOPTPARSTREAM",
        OPTPARNOTALLWD => "OPTPARNOTALLWD",
        0xc2 => "INVPARLEN",
        0xc3 => "MISSINGOPTPARAM",
        0xc4 => "INVOPTPARAMVAL",
        0xfe => "DELIVERYFAILURE",
        0xff => "UNKNOWNERR",
        0x100 => "SERTYPUNAUTH",
        0x101 => "PROHIBITED",
        0x102 => "SERTYPUNAVAIL",
        0x103 => "SERTYPDENIED",
        0x104 => "INVDCS",
        0x105 => "INVSRCADDRSUBUNIT",
        0x106 => "INVDSTADDRSUBUNIT",
        0x107..=0x112 => "broadcast",
        0x400..=0x4ff => "vendor",
        _ => "reserved",
    }
}

/// The status that tells the peer why its request could not be read.
pub fn of_decode_error(error: DecodeError) -> u32 {
    let field = match error {
        DecodeError::Command { .. } => return INVCMDID,
        DecodeError::Trailing { .. } => return INVCMDLEN,
        DecodeError::Short { field }
        | DecodeError::Unterminated { field, .. }
        | DecodeError::Length { field, .. }
        | DecodeError::Value { field, .. } => field,
    };
    match field {
        "source_addr" => INVSRCADR,
        "destination_addr" => INVDSTADR,
        "service_type" => INVSERTYP,
        "sm_length" | "short_message" => INVMSGLEN,
        "schedule_delivery_time" => INVSCHED,
        "validity_period" => INVEXPIRY,
        "message_id" => INVMSGID,
        "system_id" => INVSYSID,
        "password" => INVPASWD,
        "system_type" => INVSYSTYP,
        "number_of_dests" => INVNUMDESTS,
        "dest_flag" => INVDESTFLAG,
        "dl_name" => INVDLNAME,
        "TLV" => INVOPTPARSTREAM,
        "message_payload" => OPTPARNOTALLWD,
        _ => INVCMDLEN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_the_codes_that_help_when_tried_again() {
        let of = |class| {
            (1..0x500)
                .filter(|&status| describe(status).1 == class)
                .collect::<Vec<u32>>()
        };
        assert_eq!(of(RejectClass::Throttled), [MSGQFUL, THROTTLED]);
        assert_eq!(
            of(RejectClass::Temporary),
            [INVBNDSTS, SYSERR, SUBMITFAIL, X_T_APPN]
        );
    }

    #[test]
    fn names() {
        for (status, expected) in [
            (0x0a, "INVSRCADR"),
            (0x58, "THROTTLED"),
            (0x104, "INVDCS"),
            (0x401, "vendor"),
            (0x09, "reserved"),
        ] {
            assert_eq!(describe(status).0, expected);
        }
    }
}
