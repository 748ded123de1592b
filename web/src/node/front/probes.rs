//! What a node says of itself.

use super::way::Way;
use super::{Front, pass};
use crate::http::{Failure, HttpMetrics};
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use awc::Client;
use carillon_api::Code;
use prometheus::{Encoder, IntGauge, TextEncoder, core::Collector};

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
    families.retain(|family| !family.get_metric().is_empty());
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&families, &mut text)
        .map_err(|error| Failure::internal(&error))?;
    Ok(HttpResponse::Ok()
        .content_type(prometheus::TEXT_FORMAT)
        .body(text))
}

impl Front {
    fn figures(&self) -> Result<Vec<prometheus::proto::MetricFamily>, Failure> {
        let gauge = |name, help, value: usize| {
            let gauge = IntGauge::new(name, help).map_err(|error| Failure::internal(&error))?;
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            Ok(gauge.collect())
        };
        let served = self
            .directory
            .lanes()
            .into_iter()
            .filter(|at| at.address.is_some());
        let served: Vec<_> = served.collect();
        let own = served.iter().filter(|at| at.node == self.node).count();
        let unowned = usize::from(self.lanes).saturating_sub(served.len());
        let families: Result<Vec<_>, Failure> = [
            gauge("carillon_node_lanes", "Lanes that run on this node.", own),
            gauge(
                "carillon_node_lanes_without_owner",
                "Lanes of the cluster that nobody serves.",
                unowned,
            ),
        ]
        .into_iter()
        .collect();
        Ok(families?.into_iter().flatten().collect())
    }
}
