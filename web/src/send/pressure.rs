use crate::http::Failure;
use crate::state::AppState;
use carillon_actors::status::Readiness;
use carillon_api::Code;

/// When too much is waiting, the caller should not come back at once.
const RETRY_AFTER_S: u32 = 2;

/// Refuses before a byte of the body is read or parsed, when the lane would refuse anyway.
pub fn check(state: &AppState) -> Result<(), Failure> {
    match state.lane.readiness() {
        Readiness::Ready => {}
        Readiness::Starting => return Err(Failure::new(Code::Unavailable, "the service is starting")),
        Readiness::Stopping => return Err(Failure::new(Code::Unavailable, "the service is stopping")),
        Readiness::Failed { .. } => return Err(Failure::new(Code::Unavailable, "the service has failed")),
    }
    let open = state.lane.counters().messages_open.get();
    if open >= state.limits.messages_open_max {
        state.lane.counters().requests_overloaded.add(1);
        let detail = format!("{open} messages are open; try again in {RETRY_AFTER_S} s");
        return Err(Failure::new(Code::Overloaded, detail).retry_after_s(RETRY_AFTER_S));
    }
    Ok(())
}
