//! The sink's ledger: every mail whose end has come, with what was answered.

use super::act::Act;
use super::session::Arrived;
use crate::marker;
use compact_str::CompactString;
use mail_parser::MessageParser;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;

/// A subject is recorded up to here.
const SUBJECT_CHARACTERS_MAX: usize = 200;

/// One mail as one recipient would have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRecord {
    /// Counts the TCP sessions of the sink.
    pub session: u32,
    /// When its end came, µs since the Unix epoch.
    pub at_us: u64,
    /// It came over TLS.
    pub secured: bool,
    /// The envelope's sender; empty for none.
    pub from: CompactString,
    pub to: CompactString,
    /// Without angle brackets; empty for none.
    pub message_id: CompactString,
    /// Decoded.
    pub subject: String,
    /// Found in the subject, else in the text (see [`crate::marker`]).
    pub marker: Option<u64>,
    pub bytes: u64,
    /// Code of the answer; `None`: the sink kept silent.
    pub answer: Option<u16>,
    /// The recipient has it.
    pub kept: bool,
}

/// Where records go.
pub trait MailLedger: Send {
    fn mail(&mut self, record: &MailRecord) -> io::Result<()>;
}

/// Keeps everything in memory, for runs in one process.
impl MailLedger for Arc<Mutex<Vec<MailRecord>>> {
    fn mail(&mut self, record: &MailRecord) -> io::Result<()> {
        self.lock().push(record.clone());
        Ok(())
    }
}

/// Nobody asked for a ledger.
impl MailLedger for () {
    fn mail(&mut self, _: &MailRecord) -> io::Result<()> {
        Ok(())
    }
}

/// A file with one JSON object a line, each visible to readers at once.
pub struct MailLedgerFile(File);

impl MailLedgerFile {
    /// Creates the file, or empties it.
    pub fn create(path: &Path) -> io::Result<Self> {
        File::create(path).map(MailLedgerFile)
    }

    pub fn read(path: &Path) -> io::Result<Vec<MailRecord>> {
        let lines = BufReader::new(File::open(path)?).lines();
        lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
    }
}

impl MailLedger for MailLedgerFile {
    fn mail(&mut self, record: &MailRecord) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}

/// One record for each recipient.
pub(super) fn records(arrived: &Arrived, session: u32, secured: bool, at_us: u64) -> Vec<MailRecord> {
    let parsed = MessageParser::default().parse(&arrived.beginning);
    let subject = parsed
        .as_ref()
        .and_then(|mail| mail.subject())
        .unwrap_or_default();
    let text = parsed
        .as_ref()
        .and_then(|mail| mail.body_text(0))
        .unwrap_or_default();
    let message_id = parsed.as_ref().and_then(|mail| mail.message_id());
    let marker = marker::find(subject.as_bytes()).or_else(|| marker::find(text.as_bytes()));
    let record = |(to, act): &(String, Act)| MailRecord {
        session,
        at_us,
        secured,
        from: arrived.from.as_str().into(),
        to: to.as_str().into(),
        message_id: message_id.unwrap_or_default().into(),
        subject: subject.chars().take(SUBJECT_CHARACTERS_MAX).collect(),
        marker,
        bytes: arrived.bytes,
        answer: arrived.answer,
        kept: match arrived.answer {
            Some(code) => code < 300,
            None => *act == Act::HangKept,
        },
    };
    arrived.recipients.iter().map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived(content: &str, answer: Option<u16>, act: Act) -> Arrived {
        Arrived {
            from: "b@c".to_owned(),
            recipients: vec![("a@b".to_owned(), act)],
            beginning: content.as_bytes().to_vec(),
            bytes: 7,
            answer,
        }
    }

    #[test]
    fn markers_are_found_in_subject_and_text_however_they_are_encoded() {
        let cases = [
            (
                "Subject: a #0000000042\r\nMessage-ID: <i@x>\r\n\r\n#0000000043",
                Some(42),
                "i@x",
            ),
            ("Subject: =?utf-8?b?5oql5ZGK?=\r\n\r\n#0000000043", Some(43), ""),
            (
                "Content-Transfer-Encoding: base64\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n5oqlICMwMDAwMDAwMDQ0",
                Some(44),
                "",
            ),
            ("", None, ""),
            ("\r\n\r\n", None, ""),
        ];
        for (content, marker, id) in cases {
            let records = records(&arrived(content, Some(250), Act::Accept), 1, false, 2);
            assert_eq!(records[0].marker, marker, "{content}");
            assert_eq!(records[0].message_id, id, "{content}");
        }
    }

    #[test]
    fn only_what_the_recipient_has_is_kept_and_files_are_read_as_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mails.ndjson");
        let mut file = MailLedgerFile::create(&path).expect("a file");
        let mut written = Vec::new();
        for (answer, act, kept) in [
            (Some(250), Act::Accept, true),
            (Some(554), Act::RefuseContent, false),
            (None, Act::HangKept, true),
            (None, Act::HangLost, false),
        ] {
            let record = records(&arrived("Subject: 报告\r\n\r\nx", answer, act), 1, true, 2).remove(0);
            assert_eq!(record.kept, kept, "{act:?}");
            file.mail(&record).expect("written");
            written.push(record);
        }
        assert_eq!(MailLedgerFile::read(&path).expect("read"), written);
    }
}
