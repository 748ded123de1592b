use carillon_domain::journey::{Amendment, Journey};

/// What is stored at once. It borrows, so that whoever has journeys need not copy them.
#[derive(Clone, Debug, Default)]
pub struct Batch<'j> {
    /// In any order. Of several of one message, which are alike in everything that is searched by, the last one stays.
    pub journeys: Vec<&'j Journey>,
    pub amendments: Vec<&'j Amendment>,
}

impl<'j> Batch<'j> {
    pub fn of(
        journeys: impl IntoIterator<Item = &'j Journey>,
        amendments: impl IntoIterator<Item = &'j Amendment>,
    ) -> Self {
        Batch {
            journeys: journeys.into_iter().collect(),
            amendments: amendments.into_iter().collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.journeys.is_empty() && self.amendments.is_empty()
    }
}
