use carillon_domain::campaign::Campaign;

/// Unwritten messages that a campaign may always have.
const UNWRITTEN_MIN: f64 = 1_000.0;
/// Seconds of its speed that may wait unwritten.
const UNWRITTEN_S: f64 = 2.0;

/// How many lines may be expanded, so that the campaign is never further ahead of its writing than it must.
pub fn credit(campaign: &Campaign, written_per_second: Option<f64>) -> u32 {
    let speed = campaign
        .rate
        .map_or_else(|| written_per_second.unwrap_or(0.0), f64::from);
    let unwritten_max = (UNWRITTEN_S * speed).max(UNWRITTEN_MIN) as u32;
    unwritten_max.saturating_sub(campaign.tally.waiting)
}
