//! The rows of the table that give figures of what is stored.

use super::declaration::{Access, Endpoint, Parameter, Place};
use super::table::json;
use crate::admin;
use actix_web::http::Method;
use actix_web::web;
use carillon_api as api;
use carillon_api::Code;

pub const FIGURES: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/admin/statistics",
    access: Access::Operator,
    summary: "How much was sent, and how it ended",
    description: "Sums over messages that have ended and are stored, by the times of what happened to them. With \
                  `Accept: text/csv` a table for spreadsheets, in which `Carillon-Complete-Until` is a header.",
    parameters: &[
        RESOLUTION,
        FROM,
        UNTIL,
        Parameter {
            name: "group_by",
            place: Place::Query,
            required: false,
            description: "Some of `time`, `organisation`, `account`, `kind`, `connection`, `carrier`, `province`, with commas \
                          between. Figures are added up over everything else.",
        },
        Parameter {
            name: "organisation",
            place: Place::Query,
            required: false,
            description: "Only what this organisation sent.",
        },
        Parameter {
            name: "account",
            place: Place::Query,
            required: false,
            description: "Only what this account sent.",
        },
        Parameter {
            name: "measures",
            place: Place::Query,
            required: false,
            description: "Which figures, with commas between; all when absent.",
        },
    ],
    body: None,
    success: json::<api::StatisticsView>(200, "Rows by names, in ascending order of time."),
    errors: &[
        Code::InvalidParameter,
        Code::QueryTooLarge,
        Code::Overloaded,
        Code::Unavailable,
    ],
    handler: || web::get().to(admin::statistics),
};

pub const CARRIERS: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/admin/statistics/carriers",
    access: Access::Operator,
    summary: "What carriers said, and how long they took",
    description: "Refusals and receipts by code, and the time from response to receipt, by connection and kind.",
    parameters: &[
        RESOLUTION,
        FROM,
        UNTIL,
        Parameter {
            name: "by_time",
            place: Place::Query,
            required: false,
            description: "`true`: by bucket; `false` (default): over the whole time.",
        },
    ],
    body: None,
    success: json::<api::CarrierStatisticsView>(200, "Codes and times."),
    errors: &[
        Code::InvalidParameter,
        Code::QueryTooLarge,
        Code::Overloaded,
        Code::Unavailable,
    ],
    handler: || web::get().to(admin::carrier_statistics),
};

const RESOLUTION: Parameter = Parameter {
    name: "resolution",
    place: Place::Query,
    required: false,
    description: "`minute` (of the last 8 days, at most 2 at once), `hour` (default; of the last 100 days) or `day`.",
};

const FROM: Parameter = Parameter {
    name: "from",
    place: Place::Query,
    required: false,
    description: "RFC 3339; from the bucket in which it lies. An hour, a day or 30 days before `until` when absent.",
};

const UNTIL: Parameter = Parameter {
    name: "until",
    place: Place::Query,
    required: false,
    description: "RFC 3339; buckets that begin before it. Now when absent.",
};
