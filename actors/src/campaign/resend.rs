use super::lines::{LinesReader, LinesWriter};
use super::recipients::{CheckError, CheckProgress, RefusedWriter};
use super::seats::CampaignTools;
use carillon_domain::campaign::{Campaign, FILE_BYTES_MAX, LineCounts, Recipients, Resend};
use carillon_domain::journey::{Journey, MessageState};
use carillon_storage::history::SearchQuery;
use std::io::{self, BufReader};

/// Journeys read in one go.
const PAGE: usize = 5_000;

/// The lines of a campaign that is over whose messages ended as wanted, in their order. Blocks.
pub fn lines_of(
    wanted: &Resend,
    before: &Campaign,
    tools: &CampaignTools,
    progress: &CheckProgress,
) -> Result<Recipients, CheckError> {
    let recipients = before.recipients.ok_or(CheckError::Missing)?;
    let chosen = Chosen::find(wanted, before.lines(), tools, progress)?;
    let file = tools.files.open(recipients.lines)?.ok_or(CheckError::Missing)?;
    let mut lines = LinesReader::begin(BufReader::new(file))?;
    let mut writer = LinesWriter::begin(tools.files.begin(2 * FILE_BYTES_MAX)?, lines.columns())?;
    let mut good = 0;
    loop {
        let index = lines.at();
        let Some(line) = lines.next_line()? else { break };
        if chosen.contains(index) {
            writer.push(line.number, &line.cells)?;
            good += 1;
        }
    }
    Ok(Recipients {
        source: recipients.lines,
        lines: writer.into_inner().finish()?,
        refused: RefusedWriter::begin(tools.files.begin(FILE_BYTES_MAX)?)?
            .into_inner()
            .finish()?,
        counts: LineCounts {
            total: good,
            good,
            ..LineCounts::default()
        },
    })
}

/// Lines by their index, one bit each.
struct Chosen(Vec<u64>);

impl Chosen {
    fn find(
        wanted: &Resend,
        lines: u32,
        tools: &CampaignTools,
        progress: &CheckProgress,
    ) -> Result<Self, CheckError> {
        let mut chosen = Chosen(vec![0; lines.div_ceil(64) as usize]);
        let mut query = SearchQuery {
            campaign: Some(wanted.of),
            states: wanted.states.iter().copied().map(MessageState::Final).collect(),
            ..SearchQuery::newest(PAGE)
        };
        // Before the history: what is stored meanwhile is found there.
        let recent = tools.recent.search(&query);
        recent.iter().for_each(|journey| chosen.add(journey));
        loop {
            progress.at(0)?;
            let page = tools.history.search(&query).map_err(io::Error::other)?;
            for journey in page.journeys {
                // A late receipt may have corrected it since.
                let journey = tools.recent.amend(journey);
                if query.fits_state(journey.state) {
                    chosen.add(&journey);
                }
            }
            match page.next {
                Some(next) => query.before = Some(next),
                None => return Ok(chosen),
            }
        }
    }

    fn add(&mut self, journey: &Journey) {
        let Some(line) = journey.campaign.map(|at| at.line) else {
            return;
        };
        if let Some(word) = self.0.get_mut(line as usize / 64) {
            *word |= 1 << (line % 64);
        }
    }

    fn contains(&self, line: u32) -> bool {
        let word = self.0.get(line as usize / 64);
        word.is_some_and(|word| word >> (line % 64) & 1 == 1)
    }
}
