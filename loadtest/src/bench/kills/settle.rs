//! The end of a run: everybody's accounts are settled while the server still answers, then judged.

use super::books::Party;
use super::campaigns::{Campaigns, understood};
use super::receipts::count;
use super::repeats::objection;
use super::world::World;
use crate::bench::folder::Folder;
use crate::bench::outcome::RunError;
use crate::http::HttpClient;
use crate::judge::{Judgement, RecordsReader, Tolerance};
use carillon_api::{MessageView, StatisticsRow, StatisticsView};
use carillon_domain::ids::MessageId;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
/// Whole figures that stay the same for so long are the last ones.
const QUIET: Duration = Duration::from_millis(1_500);
const POLL: Duration = Duration::from_millis(250);
const TIMEOUT: Duration = Duration::from_secs(30);
const OBJECTIONS_MAX: usize = 5;
/// Of a message at most.
const SEGMENTS: u64 = 2;

pub struct Settled {
    /// Of the parties in their order; so is what the rollups have as accepted.
    pub judgements: [Judgement; Party::ALL.len()],
    pub counted: [u64; Party::ALL.len()],
    pub uncertain_ever: u64,
    pub repeated: u64,
    pub wrong: Vec<String>,
    pub folder: Folder,
}

pub async fn settle(
    mut world: World,
    campaigns: &mut Campaigns,
    uncertain_allowed: u64,
) -> Result<Settled, RunError> {
    let books = world.books.clone();
    let mut wrong = campaigns.conclude(books.settlement(Party::Campaigns)).await?;
    let (mut ended, mut held) = (0, 0);
    for party in Party::ALL {
        let settlement = books.settlement(party);
        RecordsReader::new(world.server.address(), party.api_key())
            .follow(settlement, PATIENCE)
            .await?;
        let judged = settlement.0.lock().judge(Tolerance::default());
        ended += judged.accepted - judged.uncertain;
        held += judged.uncertain;
    }
    let mut operator = world.server.operator().await?;
    let (by_connection, by_account) = figures(&mut operator, ended).await?;
    world.flush().await?;
    let repeated = books.repeated();
    let objections = repetitions(&world, &repeated).await?;
    wrong.extend(objections);
    world.server.stop().await?;
    world.host.stop()?;
    let receipts = books.receipts.lock();
    let again: u64 = repeated.iter().map(|repeated| u64::from(repeated.again)).sum();
    // The rollups count what has ended.
    wrong.extend(receipts.differences(&by_connection, again + held * SEGMENTS));
    let judge = |party: Party| {
        let mut settlement = books.settlement(party).0.lock();
        settlement.join_orphans(super::books::marker_of);
        settlement.judge(Tolerance {
            uncertain_max: Some(uncertain_allowed),
            resends: party == Party::Resent,
            ..Tolerance::default()
        })
    };
    let counted = |party: Party| {
        let rows = by_account
            .iter()
            .filter(|row| row.account.as_deref() == Some(party.account()));
        let accepted = rows.filter_map(|row| row.counts.get("accepted")).sum::<i64>();
        u64::try_from(accepted).unwrap_or(0)
    };
    Ok(Settled {
        judgements: Party::ALL.map(judge),
        counted: Party::ALL.map(counted),
        uncertain_ever: held + count(&by_connection, None, "segments_uncertain"),
        repeated: repeated.len() as u64,
        wrong,
        folder: world.folder,
    })
}

/// The rollups by connection and by account, once they have this many messages and do not change any more.
async fn figures(
    client: &mut HttpClient,
    accepted: u64,
) -> Result<(Vec<StatisticsRow>, Vec<StatisticsRow>), RunError> {
    let mut last = rows(client, "connection").await?;
    let mut since = Instant::now();
    loop {
        let patience = match count(&last, None, "accepted") >= accepted {
            true => QUIET,
            false => PATIENCE,
        };
        if since.elapsed() > patience {
            break;
        }
        tokio::time::sleep(POLL).await;
        let now = rows(client, "connection").await?;
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    let by_account = rows(client, "account").await?;
    Ok((last, by_account))
}

async fn rows(client: &mut HttpClient, by: &str) -> Result<Vec<StatisticsRow>, RunError> {
    let path = format!("/v1/admin/statistics?resolution=day&group_by={by}");
    let answer = client.get(&path).await?;
    Ok(understood::<StatisticsView>(&path, answer, 200)?.rows)
}

/// Looks into the journey of every message that was written again.
async fn repetitions(world: &World, repeated: &[super::repeats::Repeated]) -> Result<Vec<String>, RunError> {
    let authorization = format!("Bearer {}", Party::Resent.api_key());
    let mut client = HttpClient::new(world.server.address(), &authorization, TIMEOUT);
    let mut objections = Vec::new();
    for repeated in repeated {
        let path = format!("/v1/messages/{}", MessageId(repeated.id));
        let answer = client.get(&path).await?;
        let journey: MessageView = understood(&path, answer, 200)?;
        objections.extend(objection(*repeated, &journey));
        if objections.len() >= OBJECTIONS_MAX {
            break;
        }
    }
    Ok(objections)
}
