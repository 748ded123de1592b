//! The rows of the table by which operators see alarms and handle them.

use super::declaration::{Access, Body, Endpoint, Parameter, Place, SchemaOf, schema_of};
use super::table::json;
use crate::alarm;
use actix_web::http::Method;
use actix_web::web;
use carillon_api::Code;
use carillon_api::live::{AlarmView, AlarmsPage, ShelveRequest};

pub const ALARMS: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/admin/alarms",
    access: Access::Operator,
    summary: "Alarms, newest first",
    description: "Those that are not over and, for 400 days, those that are.",
    parameters: &[
        Parameter {
            name: "state",
            place: Place::Query,
            required: false,
            description: "`open`: only alarms that are not over, shelved ones too; `history`: only those that are over. Both when \
                          absent.",
        },
        Parameter {
            name: "before",
            place: Place::Query,
            required: false,
            description: "The `next` of the page before.",
        },
        Parameter {
            name: "limit",
            place: Place::Query,
            required: false,
            description: "Alarms on the page, 1 to 500; 100 when absent.",
        },
    ],
    body: None,
    success: json::<AlarmsPage>(200, "A page."),
    errors: &[Code::InvalidParameter],
    handler: || web::get().to(alarm::list),
};

pub const ACKNOWLEDGE: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/alarms/{id}/acknowledge",
    access: Access::Operator,
    summary: "Tell that somebody has seen an alarm",
    description: "One whose cause is gone is over then. One that was acknowledged already stays as it is.",
    parameters: &[],
    body: None,
    success: json::<AlarmView>(200, "The alarm as it is now; the change is durable."),
    errors: &[Code::AlarmUnknown, Code::Unavailable],
    handler: || web::post().to(alarm::acknowledge),
};

pub const SHELVE: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/alarms/{id}/shelve",
    access: Access::Operator,
    summary: "Put an alarm aside for a while",
    description: "It is counted nowhere until then, whatever its cause does; at the end it is unacknowledged again, or over.",
    parameters: &[],
    body: Some(Body {
        description: "Until when, within 30 days, and why.",
        contents: &[("application/json", schema_of::<ShelveRequest> as SchemaOf)],
    }),
    success: json::<AlarmView>(200, "The alarm as it is now; the change is durable."),
    errors: &[Code::AlarmUnknown, Code::Unavailable],
    handler: || web::post().to(alarm::shelve),
};

pub const UNSHELVE: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/alarms/{id}/unshelve",
    access: Access::Operator,
    summary: "Take an alarm back from the shelf",
    description: "It is unacknowledged again.",
    parameters: &[],
    body: None,
    success: json::<AlarmView>(200, "The alarm as it is now; the change is durable."),
    errors: &[Code::AlarmUnknown, Code::AlarmNotShelved, Code::Unavailable],
    handler: || web::post().to(alarm::unshelve),
};
