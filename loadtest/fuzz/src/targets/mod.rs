//! The targets, by where their bytes come from.

mod apply_file;
mod bounce;
mod campaign_request;
mod catalog;
mod checkpoint;
mod cmpp_pdu;
mod config_file;
mod content;
mod cursors;
mod entry;
mod facts;
mod headers;
mod history_row;
mod journal;
mod live;
mod memory_files;
mod message;
mod message_lines;
mod numbers;
mod phone;
mod receipt_text;
mod recipients;
mod sessions;
mod smpp_pdu;
mod smtp;
mod stored_lines;
mod template;
mod text;
mod tlv;
mod vectors;
mod webhook_secret;

use crate::{Memory, Target};

/// All of them.
pub static TARGETS: &[&Target] = &[
    // Carriers and their clients.
    &cmpp_pdu::CMPP_PDU,
    &smpp_pdu::SMPP_PDU,
    &sessions::CLIENT_SESSION,
    &sessions::SERVER_SESSION,
    &receipt_text::RECEIPT_TEXT,
    &tlv::TLV,
    &content::CONTENT,
    // Mail relays and strangers.
    &smtp::SMTP_REPLY,
    &smtp::SMTP_SESSION,
    &bounce::BOUNCE_SESSION,
    &bounce::BOUNCE_REPORT,
    // Upstream systems.
    &message::MESSAGE,
    &message_lines::MESSAGE_LINES,
    &campaign_request::CAMPAIGN_REQUEST,
    &recipients::RECIPIENTS,
    &headers::HEADERS,
    &cursors::CURSORS,
    &template::TEMPLATE,
    &text::TEXT,
    &phone::PHONE,
    // Browsers.
    &live::LIVE,
    &entry::ENTRY,
    // Operators' files.
    &config_file::CONFIG_FILE,
    &apply_file::APPLY_FILE,
    &numbers::NUMBERS,
    &webhook_secret::WEBHOOK_SECRET,
    // Our own files, damaged.
    &journal::JOURNAL,
    &facts::FACTS,
    &checkpoint::CHECKPOINT,
    &history_row::HISTORY_ROW,
    &stored_lines::STORED_LINES,
];

/// For parsers that borrow from their input: errors with their words, and small lists.
const BORROWING: Memory = Memory {
    fixed_bytes: 16 * 1024,
    per_input_byte: 16,
};

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
