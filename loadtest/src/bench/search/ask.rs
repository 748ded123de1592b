use super::question::{Question, Topic};
use super::rows::Rows;
use crate::bench::outcome::RunError;
use crate::load::{Latencies, Percentiles};
use carillon_domain::ids::MessageId;
use carillon_domain::journey::Journey;
use carillon_storage::history::{History, SearchPage};
use rand::RngExt;
use rand::rngs::SmallRng;
use serde::Serialize;
use std::time::{Duration, Instant};

/// One kind of question, asked often.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Asked {
    pub what: &'static str,
    /// Counts from 1.
    pub page: usize,
    /// With the files in memory, as far as they fit.
    pub warm_ms: Percentiles,
    /// With nothing of the files in memory; only first pages are asked so.
    pub cold_ms: Percentiles,
    /// Answers that were not what the generator knows.
    pub wrong: u64,
}

/// So many questions of a kind that has no page so late are tried before it is left out.
const TRIES: usize = 50;

/// Questions for one page of a topic; fewer than `count` where the topic seldom has such a page.
pub fn questions(
    topic: Topic,
    page: usize,
    rows: &Rows,
    random: &mut SmallRng,
    count: usize,
) -> Vec<Question> {
    let mut questions = Vec::with_capacity(count);
    for _ in 0..count + TRIES {
        if questions.len() == count {
            break;
        }
        questions.extend(Question::new(topic, rows, random).page(page, rows));
    }
    questions
}

/// Asks; says how long that took, and whether the answer is right.
pub fn ask(history: &dyn History, question: &Question, rows: &Rows) -> Result<(Duration, bool), RunError> {
    let start = Instant::now();
    let page = history.search(&question.query)?;
    let took = start.elapsed();
    let is_right = is_right(&page, question, rows);
    if !is_right {
        tracing::error!(query = ?question.query, next = ?page.next, found = page.journeys.len(), "a wrong answer");
    }
    Ok((took, is_right))
}

/// The page holds exactly what fits down to where the next one begins.
fn is_right(page: &SearchPage, question: &Question, rows: &Rows) -> bool {
    let from = page.next.unwrap_or(MessageId(0));
    let expected: Vec<u64> = question
        .answer(rows, from)
        .take(question.query.limit + 1)
        .collect();
    expected.len() == page.journeys.len()
        && expected
            .iter()
            .zip(&page.journeys)
            .all(|(row, journey)| rows.found(*row) == *journey)
}

/// Messages by their ids.
pub fn journeys(
    history: &dyn History,
    rows: &Rows,
    random: &mut SmallRng,
    count: usize,
) -> Result<Asked, RunError> {
    let (mut latencies, mut wrong) = (Latencies::default(), 0);
    for _ in 0..count {
        let row = random.random_range(0..rows.count);
        let id: MessageId = rows.calendar.id(row);
        let start = Instant::now();
        let journey: Option<Journey> = history.journey(id)?;
        latencies.count(start.elapsed());
        wrong += u64::from(journey != Some(rows.found(row)));
    }
    Ok(Asked {
        what: "message",
        page: 1,
        warm_ms: latencies.percentiles(),
        cold_ms: Percentiles::default(),
        wrong,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn a_page_that_lacks_or_adds_a_message_is_wrong() {
        let rows = Rows::new(50_000, 2);
        let mut random = SmallRng::seed_from_u64(1);
        let questions = questions(Topic::BusyNumber, 2, &rows, &mut random, 3);
        assert_eq!(questions.len(), 3);
        for question in questions {
            let limit = question.query.limit;
            let answer: Vec<u64> = question.answer(&rows, MessageId(0)).collect();
            let page = |shown: &[u64], next: Option<u64>| SearchPage {
                journeys: shown.iter().map(|row| rows.found(*row)).collect(),
                next: next.map(|row| rows.calendar.id(row)),
            };
            let right = |page: &SearchPage| is_right(page, &question, &rows);
            assert!(answer.len() > limit);
            assert!(right(&page(&answer[..limit], Some(answer[limit - 1]))));
            // A page may be short.
            assert!(right(&page(&answer[..7], Some(answer[6]))));
            assert!(!right(&page(&answer[..7], None)));
            assert!(!right(&page(&answer[1..limit], Some(answer[limit - 1]))));
            assert!(!right(&page(&answer[..limit - 1], Some(answer[limit - 1]))));
            let mut other = page(&answer[..limit], Some(answer[limit - 1]));
            other.journeys[3].cause = Some("OTHER".into());
            assert!(!right(&other));
        }
    }
}
