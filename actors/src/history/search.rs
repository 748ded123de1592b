use crate::handle::{LaneHandle, QueryError, SEARCH_MAX, blocking};
use carillon_domain::journey::Journey;
use carillon_storage::history::{SearchPage, SearchQuery};
use std::cmp::Reverse;

impl LaneHandle {
    /// Messages that fit, open ones, ended ones and stored ones together, newest first; at most [`SEARCH_MAX`].
    ///
    /// A page may be short, even empty, and yet have a `next`. A message that ends while it is looked for is found; one that is
    /// accepted meanwhile may be missing. A search by state finds a late correction once that is stored, seconds later.
    pub async fn search(&self, query: SearchQuery) -> Result<SearchPage, QueryError> {
        query.check()?;
        let limit = query.limit.clamp(1, SEARCH_MAX);
        let query = SearchQuery {
            // One more than asked for tells whether there is a next page.
            limit: limit + 1,
            ..query
        };
        // In the order in which messages move on, so that none slips through between two looks.
        let open = self.open_messages(&query).await?;
        let (recent, history) = (self.inner.recent.clone(), self.inner.history.clone());
        let (ended, stored) = blocking(move || {
            let ended = recent.search(&query);
            let mut stored = history.search(&query)?;
            stored.journeys = stored
                .journeys
                .into_iter()
                .map(|journey| recent.amend(journey))
                .filter(|journey| query.fits(journey))
                .collect();
            Ok((ended, stored))
        })
        .await?;
        Ok(page_of(open, ended, stored, limit))
    }
}

/// One page of what was found in three places.
fn page_of(open: Vec<Journey>, ended: Vec<Journey>, stored: SearchPage, limit: usize) -> SearchPage {
    let SearchPage { mut journeys, next } = stored;
    // Below the place where the history paused, messages may still be missing.
    let is_complete = |journey: &Journey| next.is_none_or(|next| journey.message >= next);
    journeys.extend(ended.into_iter().chain(open).filter(is_complete));
    journeys.sort_by_key(|journey| Reverse(journey.message));
    // A message that moved on between two looks is the same one; where it came to tells more.
    journeys.dedup_by_key(|journey| journey.message);
    let next = if journeys.len() > limit {
        journeys.truncate(limit);
        journeys.last().map(|last| last.message)
    } else {
        next
    };
    SearchPage { journeys, next }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::fact::FinalState;
    use carillon_domain::ids::MessageId;
    use carillon_domain::journey::MessageState;
    use carillon_storage::conformance::Random;
    use carillon_storage::conformance::history::{journey, phone};

    fn journeys(ids: &[u64], state: MessageState) -> Vec<Journey> {
        let mut random = Random::new(1);
        let one = |id: &u64| Journey {
            state,
            ..journey(*id, phone(1), 1, &mut random)
        };
        ids.iter().map(one).collect()
    }

    fn page(open: &[u64], ended: &[u64], stored: &[u64], next: Option<u64>) -> (Vec<u64>, Option<u64>) {
        let final_state = MessageState::Final(FinalState::Sent);
        let stored = SearchPage {
            journeys: journeys(stored, final_state),
            next: next.map(MessageId),
        };
        let open = journeys(open, MessageState::Active);
        let page = page_of(open, journeys(ended, final_state), stored, 3);
        assert!(page.journeys.iter().all(|journey| {
            let id = journey.message.0;
            (journey.state == final_state) == (ended.contains(&id) || id < 100)
        }));
        let ids = page.journeys.iter().map(|journey| journey.message.0).collect();
        (ids, page.next.map(|next| next.0))
    }

    #[test]
    fn three_places_make_one_page() {
        assert_eq!(page(&[], &[], &[], None), (vec![], None));
        assert_eq!(page(&[300], &[200], &[90], None), (vec![300, 200, 90], None));
        assert_eq!(
            page(&[400, 300], &[200], &[90], None),
            (vec![400, 300, 200], Some(200))
        );
        // Ended while it was looked for.
        assert_eq!(page(&[300, 200], &[200], &[], None), (vec![300, 200], None));
        // The history paused, or its page was full.
        assert_eq!(
            page(&[300], &[200, 70], &[90], Some(80)),
            (vec![300, 200, 90], Some(80))
        );
        assert_eq!(page(&[60], &[50], &[], Some(80)), (vec![], Some(80)));
        assert_eq!(
            page(&[300], &[], &[99, 98, 97, 96], Some(96)),
            (vec![300, 99, 98], Some(98))
        );
    }
}
