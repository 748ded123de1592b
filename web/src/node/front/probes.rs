//! What a node says of itself.

use super::way::Way;
use super::{Front, pass};
use crate::http::{Failure, HttpMetrics};
use crate::probe::exposition;
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use awc::Client;
use carillon_api::Code;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Opts};

/// `GET /healthz`
pub async fn health() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body("ok\n")
}

/// `GET /readyz`: whether the node knows its way. Which lanes it has itself does not matter.
pub async fn ready(front: web::Data<Front>) -> Result<HttpResponse, Failure> {
    if !front.directory.is_complete() {
        return Err(Failure::new(Code::Unavailable, "starting"));
    }
    front.owner(Way::Any)?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body("ready\n"))
}

/// `GET /metrics`: of the node, or with `lane` of a lane.
pub async fn metrics(
    request: HttpRequest,
    body: web::Payload,
    front: web::Data<Front>,
    client: web::Data<Client>,
    http: web::Data<HttpMetrics>,
) -> Result<HttpResponse, Failure> {
    if front.named(&request)?.is_some() {
        return pass::pass(request, body, front, client).await;
    }
    let mut families = http.families();
    families.extend(front.figures()?);
    exposition(families)
}

impl Front {
    fn figures(&self) -> Result<Vec<MetricFamily>, Failure> {
        let failed = |error: prometheus::Error| Failure::internal(&error);
        let help = "1 where a lane takes requests, 0 where it does not.";
        let lanes =
            IntGaugeVec::new(Opts::new("carillon_node_lane_up", help), &["lane", "node"]).map_err(failed)?;
        for lane in 0..self.lanes {
            let at = self.directory.lane(lane);
            let (node, is_up) = at.map_or_else(Default::default, |at| (at.node, at.address.is_some()));
            lanes
                .with_label_values(&[&lane.to_string(), &node])
                .set(is_up.into());
        }
        Ok(lanes.collect())
    }
}
