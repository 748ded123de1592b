use crate::columns::RowRef;
use carillon_domain::ids::CampaignId;
use std::collections::VecDeque;

/// What an account has waiting: single messages, and those of each of its campaigns, in turn one by one.
#[derive(Debug, Default)]
pub struct AccountRows {
    /// None of them is empty.
    sources: VecDeque<Source>,
}

#[derive(Debug)]
struct Source {
    campaign: Option<CampaignId>,
    rows: VecDeque<RowRef>,
}

impl AccountRows {
    pub fn push(&mut self, campaign: Option<CampaignId>, row: RowRef) {
        let place = self.place(campaign).unwrap_or_else(|| {
            self.sources.push_back(Source {
                campaign,
                rows: VecDeque::new(),
            });
            self.sources.len() - 1
        });
        self.sources[place].rows.push_back(row);
    }

    /// As the next that is taken.
    pub fn push_front(&mut self, campaign: Option<CampaignId>, row: RowRef) {
        let mut source = self
            .place(campaign)
            .and_then(|place| self.sources.remove(place))
            .unwrap_or(Source {
                campaign,
                rows: VecDeque::new(),
            });
        source.rows.push_front(row);
        self.sources.push_front(source);
    }

    /// Place of the first in turn that is allowed.
    pub fn first(&self, allowed: impl Fn(Option<CampaignId>) -> bool) -> Option<usize> {
        self.sources.iter().position(|source| allowed(source.campaign))
    }

    /// The next of the one at `place`, which goes to the end of the turn.
    pub fn take(&mut self, place: usize) -> Option<RowRef> {
        let source = self.sources.get_mut(place)?;
        let row = source.rows.pop_front();
        if self.sources.len() == 1 && !self.sources[0].rows.is_empty() {
            return row;
        }
        if let Some(source) = self
            .sources
            .remove(place)
            .filter(|source| !source.rows.is_empty())
        {
            self.sources.push_back(source);
        }
        row
    }

    /// The row that comes so many rows later from the source at `place`.
    pub fn ahead(&self, place: usize, by: usize) -> Option<RowRef> {
        self.sources.get(place)?.rows.get(by).copied()
    }

    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub fn len(&self) -> usize {
        self.sources.iter().map(|source| source.rows.len()).sum()
    }

    pub fn retain(&mut self, wanted: impl Fn(RowRef) -> bool) {
        for source in &mut self.sources {
            source.rows.retain(|row| wanted(*row));
            source.rows.shrink_to_fit();
        }
        self.sources.retain(|source| !source.rows.is_empty());
    }

    pub fn into_rows(self) -> impl Iterator<Item = RowRef> {
        self.sources.into_iter().flat_map(|source| source.rows)
    }

    fn place(&self, campaign: Option<CampaignId>) -> Option<usize> {
        self.sources.iter().position(|source| source.campaign == campaign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(index: u32) -> RowRef {
        RowRef { index, generation: 0 }
    }

    fn take(rows: &mut AccountRows, paused: Option<CampaignId>) -> Option<u32> {
        let place = rows.first(|campaign| campaign.is_none() || campaign != paused)?;
        rows.take(place).map(|row| row.index)
    }

    #[test]
    fn campaigns_and_single_messages_take_turns_and_a_paused_one_waits() {
        let mut rows = AccountRows::default();
        let (one, two) = (Some(CampaignId(1)), Some(CampaignId(2)));
        for index in 0..3 {
            rows.push(one, row(10 + index));
            rows.push(two, row(20 + index));
        }
        rows.push(None, row(1));
        rows.push_front(two, row(19));
        let taken: Vec<_> = std::iter::from_fn(|| take(&mut rows, one)).collect();
        assert_eq!(taken, [19, 1, 20, 21, 22]);
        assert_eq!(rows.len(), 3);
        assert_eq!(
            std::iter::from_fn(|| take(&mut rows, None)).collect::<Vec<_>>(),
            [10, 11, 12]
        );
        assert!(rows.is_empty());
    }

    #[test]
    fn turns_are_one_by_one() {
        let mut rows = AccountRows::default();
        for index in 0..2 {
            rows.push(None, row(index));
            rows.push(Some(CampaignId(1)), row(10 + index));
        }
        let taken: Vec<_> = std::iter::from_fn(|| take(&mut rows, None)).collect();
        assert_eq!(taken, [0, 10, 1, 11]);
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let mut rows = AccountRows::default();
        (0..9).for_each(|index| rows.push((index % 2 == 0).then_some(CampaignId(1)), row(index)));
        rows.retain(|row| row.index == 4);
        assert_eq!((rows.len(), rows.sources.len()), (1, 1));
        assert_eq!(rows.into_rows().next(), Some(row(4)));
    }
}
