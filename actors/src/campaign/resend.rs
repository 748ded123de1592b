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
        tools.recent.each(&query, |journey| chosen.add(journey));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Recent;
    use crate::lane::Finished;
    use carillon_domain::campaign::CampaignLine;
    use carillon_domain::fact::FinalState;
    use carillon_domain::ids::CampaignId;
    use carillon_embedded::blobs::EmbeddedFiles;
    use carillon_embedded::files::RealFiles;
    use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
    use carillon_storage::conformance::Random;
    use carillon_storage::conformance::history::{journey, phone};
    use carillon_storage::history::{Batch, History};
    use carillon_storage::journal::FrameSeq;
    use std::sync::Arc;

    const CAMPAIGN: CampaignId = CampaignId(7);

    /// The journey of a line: of three lines two have failed.
    fn of_line(line: u32, random: &mut Random) -> Journey {
        let state = if line.is_multiple_of(3) {
            FinalState::Delivered
        } else {
            FinalState::Failed
        };
        Journey {
            campaign: Some(CampaignLine {
                campaign: CAMPAIGN,
                line,
            }),
            state: MessageState::Final(state),
            ..journey(u64::from(line) + 1, phone(line.into()), 1, random)
        }
    }

    /// More than a page of them, stored or not yet stored.
    #[test]
    fn every_line_that_ended_so_is_found_wherever_its_journey_is() {
        let lines = 3 * PAGE as u32;
        let folder = tempfile::tempdir().unwrap();
        let history = EmbeddedHistory::open(folder.path(), HistoryOptions::default()).unwrap();
        let mut random = Random::new(1);
        let mut journeys: Vec<_> = (0..lines).map(|line| of_line(line, &mut random)).collect();
        let unstored = journeys.split_off(journeys.len() / 2);
        let batch = Batch {
            journeys: journeys.iter().collect(),
            ..Batch::default()
        };
        history.store(batch, FrameSeq(1)).unwrap();
        let recent = Arc::new(Recent::default());
        recent.add(vec![Finished {
            frame: FrameSeq(2),
            journeys: unstored,
            amendments: Vec::new(),
        }]);
        let files = EmbeddedFiles::open(&folder.path().join("files"), Arc::new(RealFiles)).unwrap();
        let tools = CampaignTools::new(Arc::new(files), Arc::default(), Arc::new(history), recent);
        let wanted = Resend {
            of: CAMPAIGN,
            states: vec![FinalState::Failed],
        };
        let chosen = Chosen::find(&wanted, lines, &tools, &CheckProgress::default()).unwrap();
        assert!((0..lines).all(|line| chosen.contains(line) != line.is_multiple_of(3)));
    }
}
