//! An SMTP sink: a relay that takes mails from the gateway, does with them what a script says, and keeps a ledger.

mod act;
mod certificate;
mod greylist;
mod ledger;
mod report;
mod session;
mod sink;

pub use act::{Act, ReportKind, Rule, RuleError};
pub use certificate::{Certificate, CertificateError};
pub use ledger::{MailLedger, MailLedgerFile, MailRecord};
pub use report::ReportError;
pub use session::{LINE_BYTES_MAX, MESSAGE_BYTES_MAX};
pub use sink::{MailSink, SinkOptions, SinkProgress, SinkTls};
