//! The rows of the table by which operators log in and walls are opened.

use super::declaration::{Access, Body, Endpoint, SchemaOf, Success, schema_of};
use super::table::json;
use crate::login;
use actix_web::http::Method;
use actix_web::web;
use carillon_api as api;
use carillon_api::Code;

pub const LOG_IN: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/login",
    access: Access::Public,
    summary: "Log in as an operator",
    description: "Sets the cookie `carillon_session`. Five wrong passwords for a name from one source bring a pause that grows \
                  with every further one. From one source one attempt each 10 s is judged after thirty wrong ones.",
    parameters: &[],
    body: json_body::<api::LoginRequest>("Name and password."),
    success: json::<api::SessionView>(200, "Logged in."),
    errors: &[
        Code::Unauthenticated,
        Code::CrossSite,
        Code::TooManyAttempts,
        Code::Overloaded,
    ],
    handler: || web::post().to(login::log_in),
};

pub const SESSION: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/session",
    access: Access::Operator,
    summary: "Who is logged in, and the CSRF token",
    description: "",
    parameters: &[],
    body: None,
    success: json::<api::SessionView>(200, "The session of the cookie."),
    errors: &[],
    handler: || web::get().to(login::session),
};

pub const LOG_OUT: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/logout",
    access: Access::Operator,
    summary: "End the session",
    description: "",
    parameters: &[],
    body: None,
    success: done("It has ended."),
    errors: &[],
    handler: || web::post().to(login::log_out),
};

pub const PASSWORD: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/password",
    access: Access::Operator,
    summary: "Change one's own password",
    description: "All other sessions of the operator end.",
    parameters: &[],
    body: json_body::<api::PasswordRequest>("The password as it is, and as it is to be."),
    success: done("It is changed."),
    errors: &[
        Code::PasswordWrong,
        Code::PasswordUnfit,
        Code::TooManyAttempts,
        Code::Overloaded,
    ],
    handler: || web::post().to(login::change_password),
};

pub const SESSIONS: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/sessions",
    access: Access::Operator,
    summary: "Where one is logged in",
    description: "",
    parameters: &[],
    body: None,
    success: json::<api::SessionsView>(200, "One's own sessions."),
    errors: &[],
    handler: || web::get().to(login::sessions),
};

pub const END_SESSION: Endpoint = Endpoint {
    method: Method::DELETE,
    path: "/v1/sessions/{id}",
    access: Access::Operator,
    summary: "End one of one's own sessions",
    description: "",
    parameters: &[],
    body: None,
    success: done("It has ended."),
    errors: &[Code::NotFound],
    handler: || web::delete().to(login::end_session),
};

pub const OPEN_WALL: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/wall/session",
    access: Access::Public,
    summary: "Open a wall by the token of its link",
    description: "Sets the cookie `carillon_wall`, which shows the live figures and opens nothing else.",
    parameters: &[],
    body: json_body::<api::WallSessionRequest>("What stands in the link behind `#token=`."),
    success: json::<api::WallSessionView>(200, "The wall is open."),
    errors: &[Code::WallTokenInvalid, Code::CrossSite],
    handler: || web::post().to(login::open_wall),
};

pub const WALL_SESSION: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/wall/session",
    access: Access::Wall,
    summary: "Which wall this is",
    description: "",
    parameters: &[],
    body: None,
    success: json::<api::WallSessionView>(200, "The wall of the cookie."),
    errors: &[],
    handler: || web::get().to(login::wall_session),
};

pub const ADD_WALL_TOKEN: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/wall-tokens",
    access: Access::Operator,
    summary: "Make a link that opens a wall",
    description: "The link is `/wall/#token=…`. Whoever has it sees the live figures of the organisation, or of the whole \
                  installation; no numbers and no texts.",
    parameters: &[],
    body: json_body::<api::WallTokenRequest>("Its name, and what it shows for how long."),
    success: json::<api::WallTokenAnswer>(201, "Made. The token is shown this once."),
    errors: &[Code::TooManyWallTokens],
    handler: || web::post().to(login::add_wall_token),
};

pub const WALL_TOKENS: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/admin/wall-tokens",
    access: Access::Operator,
    summary: "The links that open walls",
    description: "Without their tokens.",
    parameters: &[],
    body: None,
    success: json::<api::WallTokensView>(200, "All of them."),
    errors: &[],
    handler: || web::get().to(login::wall_tokens),
};

pub const REMOVE_WALL_TOKEN: Endpoint = Endpoint {
    method: Method::DELETE,
    path: "/v1/admin/wall-tokens/{id}",
    access: Access::Operator,
    summary: "Take a link of a wall away",
    description: "Walls that it opened go dark at once.",
    parameters: &[],
    body: None,
    success: done("It opens nothing any more."),
    errors: &[Code::NotFound],
    handler: || web::delete().to(login::remove_wall_token),
};

const fn json_body<T: utoipa::ToSchema>(description: &'static str) -> Option<Body> {
    Some(Body {
        description,
        contents: const { &[("application/json", schema_of::<T> as SchemaOf)] },
    })
}

const fn done(description: &'static str) -> Success {
    Success {
        status: 204,
        description,
        media_type: "",
        schema: None,
    }
}
