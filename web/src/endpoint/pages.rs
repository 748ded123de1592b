//! The rows of the table behind which pages lie.

use super::declaration::{Access, Endpoint, Success};
use crate::pages;
use actix_web::guard::{Any, Get, Head};
use actix_web::http::Method;
use actix_web::{Route, web};
use carillon_api::Code;

pub const ROOT: Endpoint = Endpoint {
    method: Method::GET,
    path: "/",
    access: Access::Public,
    summary: "To the console",
    description: "",
    parameters: &[],
    body: None,
    success: Success {
        status: 302,
        description: "`Location` says where.",
        media_type: "",
        schema: None,
    },
    errors: &[],
    handler: || page().to(pages::to_console),
};

pub const TO_CONSOLE: Endpoint = Endpoint {
    path: "/console",
    ..ROOT
};

pub const TO_WALL: Endpoint = Endpoint {
    path: "/wall",
    summary: "To the wall",
    handler: || page().to(pages::to_wall),
    ..ROOT
};

pub const CONSOLE: Endpoint = Endpoint {
    path: "/console/{path}",
    summary: "The console: a page for operators",
    description: "`path` may have any number of parts; those that are no file are addresses inside the page.",
    success: Success {
        status: 200,
        description: "The page, or one of its files.",
        media_type: "text/html",
        schema: None,
    },
    errors: &[Code::NotFound],
    handler: || page().to(pages::console),
    ..ROOT
};

pub const WALL: Endpoint = Endpoint {
    path: "/wall/{path}",
    summary: "The wall: live figures for a big screen",
    handler: || page().to(pages::wall),
    ..CONSOLE
};

/// Those that answer `HEAD` as well, without a body: what looks after a page from outside asks so.
pub const PAGES: [&Endpoint; 5] = [&ROOT, &TO_CONSOLE, &TO_WALL, &CONSOLE, &WALL];

fn page() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}
