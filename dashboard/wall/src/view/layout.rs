//! Heights of the panels at the sides, which depend on what there is to show. In units of 1080 lines.

/// Most kinds of channels that have a row of their own.
pub const KIND_ROWS_MAX: usize = 7;
/// Between header and bottom strip.
const COLUMN: u32 = 816;
const GUTTER: u32 = 16;
const BACKLOG: u32 = 112;
/// As many at most beside campaigns.
const KIND_ROWS_BESIDE_CAMPAIGNS: usize = 5;
/// What three small charts need.
const RATES_LEAST: u32 = 316;
/// Up to this many kinds have a second line each.
const DETAILED_KINDS_MAX: usize = 3;

/// Who gets how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub rates: u32,
    pub backlog: u32,
    pub totals: u32,
    /// How many kinds have a row in the totals.
    pub kind_rows: usize,
    /// 0 when no campaign runs.
    pub campaigns: u32,
    /// How many campaigns have a row.
    pub campaign_rows: usize,
    /// Whether kinds have a second line in the totals.
    pub details: bool,
    pub delivery: u32,
    pub latency: u32,
    pub alarms: u32,
}

/// The layout for a number of channel kinds and running campaigns.
pub fn layout(kinds: usize, campaigns: usize) -> Layout {
    const HEAD: u32 = 60;
    const ROW: u32 = 28;
    const RATES: u32 = 412;
    const CAMPAIGN: u32 = 62;
    let kinds = kinds.clamp(1, KIND_ROWS_MAX);
    let rows = kinds as u32;
    let details = kinds <= DETAILED_KINDS_MAX;
    let mut layout = Layout {
        backlog: BACKLOG,
        details,
        ..Layout::default()
    };
    layout.kind_rows = kinds;
    if campaigns == 0 {
        layout.rates = RATES;
        layout.totals = COLUMN - RATES - BACKLOG - 2 * GUTTER;
    } else {
        layout.details = false;
        layout.kind_rows = kinds.min(KIND_ROWS_BESIDE_CAMPAIGNS);
        let plain_totals = HEAD + ROW * layout.kind_rows as u32;
        let room = COLUMN - RATES_LEAST - BACKLOG - plain_totals - 3 * GUTTER - HEAD;
        layout.campaign_rows = campaigns.min((room / CAMPAIGN).max(1) as usize).min(3);
        layout.campaigns = HEAD + CAMPAIGN * layout.campaign_rows as u32;
        layout.totals = plain_totals;
        layout.rates = COLUMN - BACKLOG - layout.totals - layout.campaigns - 3 * GUTTER;
    }
    layout.delivery = 128 + 29 * rows;
    layout.latency = if rows > 4 { 184 } else { 232 };
    layout.alarms = COLUMN - layout.delivery - layout.latency - 2 * GUTTER;
    layout
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_full_and_nothing_is_squeezed() {
        for kinds in 0..=12 {
            for campaigns in 0..=20 {
                let it = layout(kinds, campaigns);
                let gutters = if campaigns == 0 { 2 } else { 3 };
                assert_eq!(
                    it.rates + it.backlog + it.totals + it.campaigns + gutters * GUTTER,
                    COLUMN
                );
                assert_eq!(it.delivery + it.latency + it.alarms + 2 * GUTTER, COLUMN);
                assert!(
                    it.rates >= RATES_LEAST && it.alarms >= 260,
                    "{kinds} kinds, {campaigns} campaigns: {it:?}"
                );
                assert_eq!(it.campaign_rows == 0, campaigns == 0);
            }
        }
    }
}
