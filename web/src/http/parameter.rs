use super::failure::Failure;
use actix_web::HttpRequest;
use actix_web::web::Query;
use serde::de::DeserializeOwned;

/// The query parameters of a request; unknown or ill-typed ones are refused.
pub fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Failure> {
    Query::<T>::from_query(request.query_string())
        .map(Query::into_inner)
        .map_err(|error| Failure::new(carillon_api::Code::InvalidParameter, error.to_string()))
}

/// A parameter of the path, parsed; what does not parse names nothing.
pub fn path<T: std::str::FromStr>(request: &HttpRequest, name: &str) -> Result<T, Failure> {
    request
        .match_info()
        .get(name)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Failure::new(carillon_api::Code::NotFound, ""))
}

/// How many rows a page may have.
pub fn limit(asked: Option<u32>, default: u32, max: u32) -> Result<usize, Failure> {
    match asked.unwrap_or(default) {
        n if (1..=max).contains(&n) => Ok(n as usize),
        _ => Err(Failure::parameter("limit", format!("limit is from 1 to {max}"))),
    }
}
