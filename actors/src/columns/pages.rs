/// A vector that grows page by page: millions of items never have to be moved, nor be there twice while they are.
#[derive(Debug)]
pub(super) struct Pages<T>(Vec<Vec<T>>);

/// Items of a page.
pub(super) const PAGE: usize = 4_096;

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Pages(Vec::new())
    }
}

impl<T> Pages<T> {
    pub fn len(&self) -> usize {
        match self.0.split_last() {
            None => 0,
            Some((last, full)) => full.len() * PAGE + last.len(),
        }
    }

    pub fn push(&mut self, item: T) {
        if self.0.last().is_none_or(|last| last.len() == PAGE) {
            self.0.push(Vec::with_capacity(PAGE));
        }
        let last = self.0.last_mut().expect("there is one with room");
        last.push(item);
    }

    pub fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index / PAGE)?.get(index % PAGE)
    }

    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.0.get_mut(index / PAGE)?.get_mut(index % PAGE)
    }

    /// The items at these places and where they are, as far as there are so many.
    pub fn range(&self, places: std::ops::Range<usize>) -> impl Iterator<Item = (usize, &T)> {
        let end = places.end.min(self.len());
        let start = places.start.min(end);
        let pages = (start / PAGE)..end.div_ceil(PAGE);
        pages.flat_map(move |page| {
            let first = page * PAGE;
            let (from, to) = (start.saturating_sub(first), (end - first).min(PAGE));
            (first + from..).zip(&self.0[page][from..to])
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        (0..).zip(self.0.iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stand_at_their_places() {
        let mut pages = Pages::default();
        assert_eq!((pages.len(), pages.get(0)), (0, None));
        for index in 0..2 * PAGE + 5 {
            assert_eq!(pages.len(), index);
            pages.push(index);
        }
        *pages.get_mut(PAGE).unwrap() = 7;
        assert_eq!((pages.get(PAGE), pages.get(2 * PAGE + 5)), (Some(&7), None));
        assert_eq!(pages.iter().count(), pages.len());
        for range in [
            0..3,
            PAGE - 1..PAGE + 1,
            5..5,
            2 * PAGE..9 * PAGE,
            8 * PAGE..9 * PAGE,
        ] {
            let expected: Vec<_> = pages.iter().filter(|(at, _)| range.contains(at)).collect();
            assert_eq!(
                pages.range(range.clone()).collect::<Vec<_>>(),
                expected,
                "{range:?}"
            );
        }
    }
}
