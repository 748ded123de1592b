use crate::http::Failure;
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpResponse, web};
use carillon_actors::lane::ClockStatus;
use carillon_api::ClockView;

/// `GET /v1/admin/clock`
pub async fn clock(_right: OperatorRight, state: web::Data<AppState>) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(view(state.lane.clock().await?)))
}

/// `POST /v1/admin/clock/confirm`
pub async fn confirm_clock(
    right: OperatorRight,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Failure> {
    state.lane.confirm_clock().await?;
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "confirm", what = "clock", "clock");
    Ok(HttpResponse::Ok().json(view(state.lane.clock().await?)))
}

fn view(status: ClockStatus) -> ClockView {
    match status {
        ClockStatus::Steady => ClockView::default(),
        ClockStatus::Held { by_ms, for_s } => ClockView {
            held: true,
            jumped_by_ms: by_ms,
            steady_in_s: for_s,
        },
    }
}
