use super::doubles::Recipients as Seen;
use super::encoding::Survey;
use super::header::Header;
use super::problem::FileProblem;
use super::raw_lines::RawLines;
use super::records::{Record, Records};
use super::refused_list::RefusedWriter;
use crate::campaign::lines::LinesWriter;
use carillon_domain::campaign::{
    BoundLines, CampaignDraft, Duplicates, FILE_BYTES_MAX, LineCounts, LineMaker, Recipients,
};
use carillon_domain::catalog::{Account, Compiled};
use carillon_domain::content::FileHash;
use carillon_domain::number_range::NumberRanges;
use carillon_domain::refusal::{Refusal, RefusalCode};
use carillon_storage::files::{FileReader, FileWriter, Files, FilesError};
use std::io::{self, BufReader};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const BUFFER_BYTES: usize = 256 * 1024;

/// Lists that grow with the file: a refused line of it is at most so much longer in the list.
const LIST_BYTES_MAX: u64 = 8 * FILE_BYTES_MAX;

/// How far a check is; read and ended from other threads.
#[derive(Debug, Default)]
pub struct CheckProgress {
    pub bytes_done: AtomicU64,
    pub cancelled: AtomicBool,
}

impl CheckProgress {
    pub(crate) fn at(&self, bytes: u64) -> io::Result<()> {
        self.bytes_done.store(bytes, Ordering::Relaxed);
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The file is at fault; another one may do.
    #[error(transparent)]
    File(#[from] FileProblem),
    #[error("the account is gone")]
    AccountGone,
    #[error("field {field} of the campaign: {detail}", field = .0.field, detail = .0.detail)]
    Message(Refusal),
    #[error("a file of the campaign is missing from the store")]
    Missing,
    #[error("the recipients cannot be stored")]
    Files(#[from] FilesError),
    #[error("reading or writing the recipients")]
    Io(#[from] io::Error),
}

/// The check of one recipients file: line by line through every check that a message passes, into a file of good lines and a
/// list of refused ones, both synced when it returns.
pub struct Check<'a> {
    pub draft: &'a CampaignDraft,
    pub catalog: &'a Compiled,
    pub ranges: &'a NumberRanges,
    pub files: &'a dyn Files,
    pub progress: &'a CheckProgress,
}

impl Check<'_> {
    /// Blocks for about 2 µs a line.
    pub fn run(&self, source: FileHash) -> Result<Recipients, CheckError> {
        let account = self
            .catalog
            .account(self.draft.account)
            .ok_or(CheckError::AccountGone)?;
        let maker = LineMaker::new(self.draft.message.clone()).map_err(CheckError::Message)?;
        // The first look takes a fraction of the time of the second.
        let survey = Survey::of(self.open(source)?, |_| self.progress.at(0))??;
        let mut lines = RawLines::new(self.open(source)?);
        let first = lines.next_line()?.ok_or(FileProblem::Empty)?;
        if first.too_long {
            return Err(FileProblem::HeaderTooLong.into());
        }
        let header = Header::parse(&first.bytes, survey.encoding)?;
        let bound = maker.bind(&header.columns).map_err(FileProblem::from)?;
        let mut output = Output {
            lines: LinesWriter::begin(self.files.begin(LIST_BYTES_MAX)?, &header.columns)?,
            refused: RefusedWriter::begin(self.files.begin(LIST_BYTES_MAX)?)?,
            counts: LineCounts::default(),
            seen: Seen::for_lines(survey.lines),
        };
        let mut records = Records::new(lines, survey.encoding, header.delimiter, header.columns.len());
        loop {
            if output.counts.total.is_multiple_of(1_024) {
                self.progress.at(records.bytes_read())?;
            }
            let Some(record) = records.next_record()? else {
                break;
            };
            output.counts.total += 1;
            self.take(record, account, &bound, &mut output)?;
        }
        if output.counts.total == 0 {
            return Err(FileProblem::NoLines.into());
        }
        Ok(Recipients {
            source,
            counts: output.counts,
            lines: output.lines.into_inner().finish()?,
            refused: output.refused.into_inner().finish()?,
        })
    }

    fn take(
        &self,
        record: Record<'_>,
        account: &Account,
        bound: &BoundLines,
        output: &mut Output,
    ) -> Result<(), CheckError> {
        let (line, cells) = match record {
            Record::Broken { line, fault } => {
                output.counts.refused += 1;
                output.refused.push(line, "", fault.word(), reason(fault))?;
                return Ok(());
            }
            Record::Cells { line, cells } => (line, cells),
        };
        let message = match bound.prepare(self.catalog, account, self.ranges, &cells) {
            Ok(message) => message,
            Err(refusal) => {
                output.counts.refused += 1;
                let column = bound.column_of(&refusal.field);
                output
                    .refused
                    .push(line, column, refusal.code.word(), &refusal.detail)?;
                return Ok(());
            }
        };
        if self.draft.duplicates == Duplicates::Refuse && !output.seen.insert(&message) {
            output.counts.doubles += 1;
            let field = if message.to.is_some() { "to" } else { "mail" };
            let code = RefusalCode::DuplicateRecipient;
            output
                .refused
                .push(line, bound.column_of(field), code.word(), reason(code))?;
            return Ok(());
        }
        output.counts.good += 1;
        output.lines.push(line, &cells)?;
        Ok(())
    }

    fn open(&self, file: FileHash) -> Result<BufReader<Box<dyn FileReader>>, CheckError> {
        let reader = self.files.open(file)?.ok_or(CheckError::Missing)?;
        Ok(BufReader::with_capacity(BUFFER_BYTES, reader))
    }
}

struct Output {
    lines: LinesWriter<Box<dyn FileWriter>>,
    refused: RefusedWriter<Box<dyn FileWriter>>,
    counts: LineCounts,
    seen: Seen,
}

/// What people read beside the code.
fn reason(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::WrongColumnCount => "the line has more or fewer cells than the first line has names",
        RefusalCode::LineNotText => "the line holds bytes that are no text in the file's encoding",
        RefusalCode::LineTooLong => "the line is longer than 64 KiB",
        RefusalCode::UnclosedQuote => "a quotation mark is opened and never closed",
        RefusalCode::DuplicateRecipient => "an earlier line has the same recipient",
        _ => "",
    }
}
