use super::pages::PAGES;
use super::table::ENDPOINTS;
use crate::http::Failure;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use carillon_api::Code;
use std::collections::BTreeMap;

/// Which path of the table a request was routed to; the metrics and the log name it by its pattern, never by its values.
#[derive(Clone, Copy)]
pub struct RouteIndex(pub &'static str);

/// Registers every endpoint. There is no other way into the application.
pub fn configure(config: &mut ServiceConfig) {
    each_path(|path, pattern, endpoints| {
        let mut resource = web::resource(pattern).app_data(RouteIndex(path));
        for endpoint in endpoints {
            resource = resource.route((endpoint.handler)());
        }
        let is_page = PAGES.iter().any(|page| page.path == path);
        let methods = endpoints.iter().map(|e| e.method.as_str());
        let methods: Vec<_> = methods.chain(is_page.then_some("HEAD")).collect();
        let allowed = methods.join(", ");
        config.service(resource.default_service(web::to(move || method_not_allowed(allowed.clone()))));
    });
    config.default_service(web::to(not_found));
}

/// Hands over each path of the table with the router's pattern for it and its endpoints, in the order in which they are to be tried.
pub fn each_path(mut hand_over: impl FnMut(&'static str, String, &[&'static super::Endpoint])) {
    let mut paths: BTreeMap<&'static str, Vec<&'static super::Endpoint>> = BTreeMap::new();
    for endpoint in ENDPOINTS {
        paths.entry(endpoint.path).or_default().push(endpoint);
    }
    // The first that matches is taken: literal paths come first, so that `batch` is never an id.
    let (variable, literal): (Vec<_>, Vec<_>) = paths.into_iter().partition(|(path, _)| path.contains('{'));
    for (path, endpoints) in literal.into_iter().chain(variable) {
        // Of pages, `path` is everything that follows.
        hand_over(path, path.replace("{path}", "{path:.*}"), &endpoints);
    }
}

async fn method_not_allowed(allowed: String) -> Result<HttpResponse, Failure> {
    Err(Failure::new(Code::MethodNotAllowed, format!("allowed here: {allowed}")).allow(allowed))
}

pub async fn not_found(request: HttpRequest) -> Result<HttpResponse, Failure> {
    Err(Failure::new(
        Code::NotFound,
        format!("there is no {}", request.path()),
    ))
}
