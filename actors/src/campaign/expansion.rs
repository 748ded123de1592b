use super::lines::LinesReader;
use carillon_domain::campaign::{BoundLines, Campaign, ColumnMissing, LineMaker};
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::AccountId;
use carillon_domain::intake::Prepared;
use carillon_domain::number_range::NumberRanges;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::refusal::{Refusal, RefusalCode};
use carillon_storage::files::{FileReader, Files, FilesError};
use std::io::{self, BufReader};

const BUFFER_BYTES: usize = 256 * 1024;

/// A line on its way to a message. What was good when the file was checked may be refused now.
#[derive(Debug)]
pub struct ExpandedLine {
    pub message: Result<Prepared, Refusal>,
    /// The number, where there is one, also of a refused line.
    pub to: Option<PhoneNumber>,
}

#[derive(Debug, thiserror::Error)]
pub enum ExpansionError {
    #[error("the file of checked recipients is missing")]
    Missing,
    #[error("the file of checked recipients has fewer lines than it had")]
    TooShort,
    #[error("the campaign's words cannot be read")]
    Message(#[source] Refusal),
    #[error(transparent)]
    Column(#[from] ColumnMissing),
    #[error("the file of checked recipients cannot be read")]
    Files(#[from] FilesError),
    #[error("the file of checked recipients cannot be read")]
    Io(#[from] io::Error),
}

/// A campaign's checked lines, read from wherever it stands.
pub struct Expansion {
    account: AccountId,
    lines: LinesReader<BufReader<Box<dyn FileReader>>>,
    bound: BoundLines,
}

impl Expansion {
    /// Blocks.
    pub fn open(files: &dyn Files, campaign: &Campaign) -> Result<Self, ExpansionError> {
        let recipients = campaign.recipients.ok_or(ExpansionError::Missing)?;
        let file = files.open(recipients.lines)?.ok_or(ExpansionError::Missing)?;
        let lines = LinesReader::begin(BufReader::with_capacity(BUFFER_BYTES, file))?;
        let maker = LineMaker::new(campaign.draft.message.clone()).map_err(ExpansionError::Message)?;
        Ok(Expansion {
            account: campaign.draft.account,
            bound: maker.bind(lines.columns())?,
            lines,
        })
    }

    /// The line that is read next.
    pub fn at(&self) -> u32 {
        self.lines.at()
    }

    /// So many lines from `from` on, which is not before [`Expansion::at`]. Blocks for about 2 µs a line.
    pub fn read(
        &mut self,
        from: u32,
        count: u32,
        catalog: &Compiled,
        ranges: &NumberRanges,
    ) -> Result<Vec<ExpandedLine>, ExpansionError> {
        if !self.lines.skip_to(from)? {
            return Err(ExpansionError::TooShort);
        }
        let account = catalog.account(self.account);
        let mut expanded = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let line = self.lines.next_line()?.ok_or(ExpansionError::TooShort)?;
            let message = match account {
                Some(account) => self.bound.prepare(catalog, account, ranges, &line.cells),
                None => Err(Refusal::new(
                    RefusalCode::AccountDisabled,
                    "",
                    "the account is gone",
                )),
            };
            let to = match &message {
                Ok(message) => message.to,
                Err(_) => self.bound.number(&line.cells),
            };
            expanded.push(ExpandedLine { message, to });
        }
        Ok(expanded)
    }
}
