//! The rows of the table that change what is configured, and look at what it leads to.

use super::declaration::{Access, Body, Endpoint, Parameter, Place, SchemaOf, Success, any};
use super::table::json;
use crate::admin;
use actix_web::http::Method;
use actix_web::web;
use carillon_api as api;
use carillon_api::Code;

const SECTIONS: &str = "`section` is `organisation`, `business_type`, `connection`, `route_group`, `route_rule`, \
                        `account`, `word_list` or `number_list`; templates and strategies stand in their organisation.";

pub const ENTRY: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/admin/catalog/{section}/{name}",
    access: Access::Operator,
    summary: "One entry of the configuration",
    description: SECTIONS,
    parameters: &[],
    body: None,
    success: Success {
        status: 200,
        description: "The entry as a configuration file has it, secrets as `{\"stored\": true}`; `ETag` is the version.",
        media_type: "application/json",
        schema: Some(any),
    },
    errors: &[Code::NotFound],
    handler: || web::get().to(admin::entry),
};

pub const PUT: Endpoint = Endpoint {
    method: Method::PUT,
    path: "/v1/admin/catalog/{section}/{name}",
    access: Access::Operator,
    summary: "Add an entry to the configuration, or replace it",
    description: "Works at once, while messages run. A connection whose host, port, login, password or protocol changed \
                  binds its sessions anew, one after the other; one that is disabled finishes what it began.",
    parameters: IF_MATCH,
    body: Some(Body {
        description: "The entry as a configuration file has it, its name included. Texts and secrets stand in it: it \
                      cannot refer to files or variables of the server. At most 16 MiB.",
        contents: ENTRY_BODY,
    }),
    success: json::<api::CatalogChanged>(
        200,
        "The service works by it. Shows the key of a new account, once.",
    ),
    errors: &[
        Code::NotFound,
        Code::InvalidParameter,
        Code::StaleVersion,
        Code::CatalogInvalid,
        Code::Unavailable,
    ],
    handler: || web::put().to(admin::put_entry),
};

pub const REMOVE: Endpoint = Endpoint {
    method: Method::DELETE,
    path: "/v1/admin/catalog/{section}/{name}",
    access: Access::Operator,
    summary: "Take an entry out of the configuration",
    description: "Works at once, while messages run. A connection finishes what it began and waits up to a minute for \
                  receipts; what waited for it goes by others. What an account had accepted is still sent.",
    parameters: IF_MATCH,
    body: None,
    success: json::<api::CatalogChanged>(200, "The service works without it."),
    errors: &[
        Code::NotFound,
        Code::InUse,
        Code::InvalidParameter,
        Code::StaleVersion,
        Code::CatalogInvalid,
        Code::Unavailable,
    ],
    handler: || web::delete().to(admin::remove_entry),
};

pub const ENTRY_IN_ORGANISATION: Endpoint = Endpoint {
    path: IN_ORGANISATION,
    summary: "One template or strategy of an organisation",
    ..ENTRY
};

pub const PUT_IN_ORGANISATION: Endpoint = Endpoint {
    path: IN_ORGANISATION,
    summary: "Add a template or strategy to an organisation, or replace it",
    ..PUT
};

pub const REMOVE_IN_ORGANISATION: Endpoint = Endpoint {
    path: IN_ORGANISATION,
    summary: "Take a template or strategy out of an organisation",
    ..REMOVE
};

const IN_ORGANISATION: &str = "/v1/admin/catalog/{section}/{organisation}/{name}";

const ENTRY_BODY: &[(&str, SchemaOf)] = &[("application/json", any)];

const IF_MATCH: &[Parameter] = &[VERSION];

const VERSION: Parameter = Parameter {
    name: "If-Match",
    place: Place::Header,
    required: false,
    description: "The version that the change was made from, as `ETag` has it; refused as `stale_version` when another one \
                  is stored.",
};

pub const APPLY: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/apply",
    access: Access::Operator,
    summary: "Make the configuration what a file says",
    description: "The whole of it: what the file does not name is removed, as by `DELETE`. Works at once.",
    parameters: &[
        Parameter {
            name: "dry_run",
            place: Place::Query,
            required: false,
            description: "`true`: only say what would change. `false` when absent.",
        },
        VERSION,
    ],
    body: Some(Body {
        description: "A configuration file. Secrets stand in it, or are `{ stored = true }`: it cannot refer to files or \
                      variables of the server. At most 16 MiB.",
        contents: &[("application/toml", any), ("application/json", any)],
    }),
    success: json::<api::CatalogChanged>(
        200,
        "What was changed, or would be. Shows the keys of new accounts, once.",
    ),
    errors: &[
        Code::InvalidParameter,
        Code::StaleVersion,
        Code::CatalogInvalid,
        Code::Unavailable,
    ],
    handler: || web::post().to(admin::apply),
};

pub const DRAIN: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/connections/{name}/drain",
    access: Access::Operator,
    summary: "Let a connection take nothing new",
    description: "It finishes what it began and stays bound, until it is resumed or the service starts again.",
    parameters: &[],
    body: None,
    success: Success {
        status: 202,
        description: "It takes nothing new.",
        media_type: "",
        schema: None,
    },
    errors: &[Code::NotFound, Code::Unavailable],
    handler: || web::post().to(admin::drain_connection),
};

pub const RESUME: Endpoint = Endpoint {
    path: "/v1/admin/connections/{name}/resume",
    summary: "Let a connection that was drained take messages again",
    description: "",
    success: Success {
        description: "It takes messages.",
        ..DRAIN.success
    },
    handler: || web::post().to(admin::resume_connection),
    ..DRAIN
};

pub const TEST: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/connections/{name}/test",
    access: Access::Operator,
    summary: "See what the carrier says to a connection's settings",
    description: "Opens one more session, binds and unbinds; of a mail relay it asks for a sign of life. Nothing is sent. \
                  Takes 15 s at most. The carrier may allow no session more.",
    parameters: &[],
    body: Some(Body {
        description: "Optional: settings that are not stored yet, as an entry of the section `connection`; needs the right \
                      `configure`. A stored password is for the stored host only.",
        contents: ENTRY_BODY,
    }),
    success: json::<api::ConnectionTestView>(200, "Every step with the answer it got."),
    errors: &[
        Code::NotFound,
        Code::CatalogInvalid,
        Code::Overloaded,
        Code::Unavailable,
    ],
    handler: || web::post().to(admin::test_connection),
};

pub const CLOCK: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/admin/clock",
    access: Access::Operator,
    summary: "Whether the wall clock is relied on",
    description: "After it was set by more than 5 s, waits of plans are held for 60 s, so that none is over too early.",
    parameters: &[],
    body: None,
    success: json::<api::ClockView>(200, "As it is now."),
    errors: &[Code::Unavailable],
    handler: || web::get().to(admin::clock),
};

pub const CONFIRM_CLOCK: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/clock/confirm",
    summary: "Say that the wall clock is right: waits of plans go on at once",
    handler: || web::post().to(admin::confirm_clock),
    ..CLOCK
};

pub const ROUTE: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/admin/route",
    access: Access::Operator,
    summary: "Which way a message would go now, and why",
    description: "",
    parameters: &[
        Parameter {
            name: "account",
            place: Place::Query,
            required: true,
            description: "The account's name.",
        },
        Parameter {
            name: "to",
            place: Place::Query,
            required: false,
            description: "The number; needed for `sms`.",
        },
        Parameter {
            name: "business_type",
            place: Place::Query,
            required: false,
            description: "The account's own when absent.",
        },
        Parameter {
            name: "channel",
            place: Place::Query,
            required: false,
            description: "`sms` (default) or `mail`.",
        },
    ],
    body: None,
    success: json::<api::RouteView>(
        200,
        "Every rule and every connection of the group, with what they say.",
    ),
    errors: &[
        Code::NotFound,
        Code::InvalidParameter,
        Code::InvalidPhone,
        Code::Unavailable,
    ],
    handler: || web::get().to(admin::route),
};
