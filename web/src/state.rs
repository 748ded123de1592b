use crate::config::Limits;
use crate::probe::HostFigures;
use crate::right::Operators;
use carillon_actors::LaneHandle;
use carillon_domain::number_range::NumberRanges;

/// What every handler works on; one for all threads.
pub struct AppState {
    pub lane: LaneHandle,
    pub ranges: NumberRanges,
    pub operators: Operators,
    pub limits: Limits,
    pub host: HostFigures,
}
