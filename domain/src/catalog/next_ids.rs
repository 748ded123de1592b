/// For each kind of object the lowest id that was never used. Ids stand in the journal, so none is given out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextIds {
    pub organisation: u32,
    pub account: u32,
    pub connection: u16,
    pub route_group: u16,
    pub business_type: u16,
    pub template: u32,
    pub strategy: u32,
    pub word_list: u32,
    pub number_list: u32,
}

impl Default for NextIds {
    /// The first ids of an empty catalog; 0 is never an id.
    fn default() -> Self {
        NextIds {
            organisation: 1,
            account: 1,
            connection: 1,
            route_group: 1,
            business_type: 1,
            template: 1,
            strategy: 1,
            word_list: 1,
            number_list: 1,
        }
    }
}
