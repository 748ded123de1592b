//! The rows of the table by which screens get live figures.

use super::declaration::{Access, Endpoint, Parameter, Place, Success, any};
use crate::live;
use actix_web::http::Method;
use actix_web::web;
use carillon_api::Code;

pub const OPEN: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/live",
    access: Access::Live,
    summary: "Live figures, as a WebSocket",
    description: "The first message is `{\"type\":\"subscribe\"}`, with `scope` (the name of an organisation) for part of it and \
                  `resume` (`epoch` and `seq` of the last message) after a lost link. A snapshot comes, then what changed, twice \
                  a second. Pings must be answered.",
    parameters: &[AS],
    body: None,
    success: Success {
        status: 101,
        description: "Messages are JSON texts.",
        media_type: "",
        schema: None,
    },
    errors: &[Code::InvalidParameter, Code::Overloaded],
    handler: || web::get().to(live::open),
};

pub const SNAPSHOT: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/live/snapshot",
    access: Access::Live,
    summary: "Live figures, once",
    description: "The snapshot of `/v1/live`, for who cannot keep a socket open.",
    parameters: &[
        Parameter {
            name: "scope",
            place: Place::Query,
            required: false,
            description: "The name of an organisation; everything that may be seen when absent.",
        },
        AS,
    ],
    body: None,
    success: Success {
        status: 200,
        description: "Everything a screen shows.",
        media_type: "application/json",
        schema: Some(any),
    },
    errors: &[Code::InvalidParameter, Code::NotFound],
    handler: || web::get().to(live::snapshot),
};

const AS: Parameter = Parameter {
    name: "as",
    place: Place::Query,
    required: false,
    description: "`wall`: by the cookie of a wall, also where an operator is logged in.",
};
