//! The rows of the table that are about campaigns.

use super::declaration::{Access, Body, Endpoint, Parameter, Place, Success, binary, schema_of};
use super::table::{IDEMPOTENCY_KEY, json};
use crate::campaign;
use actix_web::http::Method;
use actix_web::web;
use carillon_api as api;
use carillon_api::Code;

pub const CREATE: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/campaigns",
    access: Access::Campaign,
    summary: "Begin a campaign",
    description: "A draft: it waits for its recipients. Texts and columns are checked, the rest with the recipients.",
    parameters: &[IDEMPOTENCY_KEY],
    body: Some(Body {
        description: "At most 256 KiB.",
        contents: &[("application/json", schema_of::<api::CampaignRequest<'static>>)],
    }),
    success: json::<api::CampaignAnswer>(201, "The draft is durable."),
    errors: &[
        Code::TextInvalid,
        Code::PlanInvalid,
        Code::AttachmentInvalid,
        Code::AttachmentUnknown,
        Code::AttachmentsTooLarge,
        Code::IdempotencyConflict,
        Code::TooManyCampaigns,
        Code::Overloaded,
        Code::DiskLow,
        Code::Unavailable,
        Code::Interrupted,
    ],
    handler: || web::post().to(campaign::create),
};

pub const UPLOAD: Endpoint = Endpoint {
    method: Method::PUT,
    path: "/v1/campaigns/{id}/recipients",
    access: Access::Campaign,
    summary: "Upload the recipients",
    description: "CSV in UTF-8 or GB 18030 (GBK); comma, semicolon or tab; the first line names the columns. Every line is checked as a message is, then the campaign is `ready` or `scheduled`; a file that cannot be used makes it a `draft` again, with the `problem`. Another file takes the place of one that was checked.",
    parameters: &[],
    body: Some(Body {
        description: "At most 512 MiB and 10,000,000 lines.",
        contents: &[("text/csv", binary)],
    }),
    success: json::<api::CampaignAnswer>(202, "The file is stored and durable; its check has begun."),
    errors: &[
        Code::NotFound,
        Code::CampaignState,
        Code::Overloaded,
        Code::DiskLow,
        Code::Unavailable,
        Code::Interrupted,
    ],
    handler: || web::put().to(campaign::upload),
};

pub const LIST: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/campaigns",
    access: Access::Campaign,
    summary: "Campaigns of the account",
    description: "Newest first. The newest 10,000 that are over are kept.",
    parameters: PAGE,
    body: None,
    success: json::<api::CampaignsPage>(200, "One page."),
    errors: &[Code::InvalidParameter, Code::Unavailable],
    handler: || web::get().to(campaign::list),
};

pub const SHOW: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/campaigns/{id}",
    access: Access::Campaign,
    summary: "One campaign with its progress",
    description: "",
    parameters: &[],
    body: None,
    success: json::<api::CampaignView>(200, "The campaign as it is now."),
    errors: &[Code::NotFound, Code::Unavailable],
    handler: || web::get().to(campaign::show),
};

pub const REMOVE: Endpoint = Endpoint {
    method: Method::DELETE,
    path: "/v1/campaigns/{id}",
    access: Access::Campaign,
    summary: "Give up a campaign that was not started",
    description: "With its recipients.",
    parameters: &[],
    body: None,
    success: gone("Nothing of it is kept."),
    errors: STEER_ERRORS,
    handler: || web::delete().to(campaign::remove),
};

pub const START: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/campaigns/{id}/start",
    access: Access::Campaign,
    summary: "Start a campaign",
    description: "Its recipients are checked, and at least one line is good.",
    parameters: &[],
    body: None,
    success: json::<api::CampaignAnswer>(200, "Done and durable; the state after it."),
    errors: STEER_ERRORS,
    handler: || web::post().to(campaign::start),
};

pub const PAUSE: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/campaigns/{id}/pause",
    access: Access::Campaign,
    summary: "Pause a campaign",
    description: "What is with a carrier stays there; nothing more is written.",
    parameters: &[],
    body: None,
    success: json::<api::CampaignAnswer>(200, "Done and durable; the state after it."),
    errors: STEER_ERRORS,
    handler: || web::post().to(campaign::pause),
};

pub const RESUME: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/campaigns/{id}/resume",
    access: Access::Campaign,
    summary: "Let a paused campaign go on",
    description: "",
    parameters: &[],
    body: None,
    success: json::<api::CampaignAnswer>(200, "Done and durable; the state after it."),
    errors: STEER_ERRORS,
    handler: || web::post().to(campaign::resume),
};

pub const STOP: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/campaigns/{id}/stop",
    access: Access::Campaign,
    summary: "Stop a campaign for good",
    description: "Messages that are not written end as `cancelled`, with the cause `campaign_stopped`.",
    parameters: &[],
    body: None,
    success: json::<api::CampaignAnswer>(200, "Done and durable; the state after it."),
    errors: STEER_ERRORS,
    handler: || web::post().to(campaign::stop),
};

pub const RATE: Endpoint = Endpoint {
    method: Method::PUT,
    path: "/v1/campaigns/{id}/rate",
    access: Access::Campaign,
    summary: "Set the pace of a campaign",
    description: "Also while it runs.",
    parameters: &[],
    body: Some(Body {
        description: "",
        contents: &[("application/json", schema_of::<api::RateRequest>)],
    }),
    success: json::<api::CampaignAnswer>(200, "Done and durable; the state after it."),
    errors: STEER_ERRORS,
    handler: || web::put().to(campaign::rate),
};

pub const SCHEDULE: Endpoint = Endpoint {
    method: Method::PUT,
    path: "/v1/campaigns/{id}/schedule",
    access: Access::Campaign,
    summary: "Set when a campaign starts by itself",
    description: "A start that is missed until `expires_at` does not happen any more.",
    parameters: &[],
    body: Some(Body {
        description: "",
        contents: &[("application/json", schema_of::<api::ScheduleRequest>)],
    }),
    success: json::<api::CampaignAnswer>(200, "Done and durable; the state after it."),
    errors: STEER_ERRORS,
    handler: || web::put().to(campaign::schedule),
};

pub const RESEND: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/campaigns/{id}/resend",
    access: Access::Campaign,
    summary: "Send the failed messages of a campaign again",
    description: "As a campaign of its own, which is started when its lines are gathered. The old one is over and all its messages have ended.",
    parameters: &[IDEMPOTENCY_KEY],
    body: Some(Body {
        description: "",
        contents: &[("application/json", schema_of::<api::ResendRequest>)],
    }),
    success: json::<api::CampaignAnswer>(201, "The new campaign is durable."),
    errors: &[
        Code::NotFound,
        Code::CampaignState,
        Code::IdempotencyConflict,
        Code::TooManyCampaigns,
        Code::Overloaded,
        Code::DiskLow,
        Code::Unavailable,
        Code::Interrupted,
    ],
    handler: || web::post().to(campaign::resend),
};

pub const REFUSED: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/campaigns/{id}/refused",
    access: Access::Campaign,
    summary: "Refused lines of the recipients file",
    description: "Each with its line, column, code and reason; no number is repeated.",
    parameters: REFUSED_PAGE,
    body: None,
    success: json::<api::RefusedLinesPage>(200, "One page."),
    errors: &[
        Code::InvalidParameter,
        Code::NotFound,
        Code::CampaignState,
        Code::Unavailable,
        Code::WrongColumnCount,
        Code::LineNotText,
        Code::LineTooLong,
        Code::UnclosedQuote,
        Code::DuplicateRecipient,
    ],
    handler: || web::get().to(campaign::refused),
};

pub const REFUSED_CSV: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/campaigns/{id}/refused.csv",
    access: Access::Campaign,
    summary: "All refused lines as a CSV file",
    description: "UTF-8 with its mark; line, field, code, reason.",
    parameters: &[],
    body: None,
    success: Success {
        status: 200,
        description: "The list.",
        media_type: "text/csv",
        schema: None,
    },
    errors: &[Code::NotFound, Code::CampaignState, Code::Unavailable],
    handler: || web::get().to(campaign::refused_csv),
};

pub const ADMIN_LIST: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/admin/campaigns",
    access: Access::Operator,
    summary: "Campaigns of all accounts",
    description: "Newest first. All parameters that are given must hold.",
    parameters: ADMIN_PAGE,
    body: None,
    success: json::<api::CampaignsPage>(200, "One page."),
    errors: &[Code::InvalidParameter, Code::Unavailable],
    handler: || web::get().to(campaign::admin_list),
};

pub const ADMIN_SHOW: Endpoint = Endpoint {
    method: Method::GET,
    path: "/v1/admin/campaigns/{id}",
    access: Access::Operator,
    summary: "One campaign of any account",
    description: "",
    parameters: &[],
    body: None,
    success: json::<api::CampaignView>(200, "The campaign as it is now."),
    errors: &[Code::NotFound, Code::Unavailable],
    handler: || web::get().to(campaign::admin_show),
};

pub const ADMIN_START: Endpoint = Endpoint {
    path: "/v1/admin/campaigns/{id}/start",
    access: Access::Operator,
    summary: "Start a campaign of any account",
    handler: || web::post().to(campaign::admin_start),
    ..START
};

pub const ADMIN_RESEND: Endpoint = Endpoint {
    path: "/v1/admin/campaigns/{id}/resend",
    access: Access::Operator,
    summary: "Send the failed messages of a campaign of any account again",
    parameters: &[],
    errors: &[
        Code::NotFound,
        Code::CampaignState,
        Code::TooManyCampaigns,
        Code::Overloaded,
        Code::DiskLow,
        Code::Unavailable,
        Code::Interrupted,
    ],
    handler: || web::post().to(campaign::admin_resend),
    ..RESEND
};

pub const ADMIN_REFUSED: Endpoint = Endpoint {
    path: "/v1/admin/campaigns/{id}/refused",
    access: Access::Operator,
    summary: "Refused lines of the recipients file of any campaign",
    handler: || web::get().to(campaign::admin_refused),
    ..REFUSED
};

pub const ADMIN_REFUSED_CSV: Endpoint = Endpoint {
    path: "/v1/admin/campaigns/{id}/refused.csv",
    access: Access::Operator,
    summary: "All refused lines of any campaign as a CSV file",
    handler: || web::get().to(campaign::admin_refused_csv),
    ..REFUSED_CSV
};

pub const ADMIN_PAUSE: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/campaigns/{id}/pause",
    access: Access::Operator,
    summary: "Pause a campaign of any account",
    description: "",
    parameters: &[],
    body: None,
    success: json::<api::CampaignAnswer>(200, "Done and durable; the state after it."),
    errors: STEER_ERRORS,
    handler: || web::post().to(campaign::admin_pause),
};

pub const ADMIN_RESUME: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/campaigns/{id}/resume",
    access: Access::Operator,
    summary: "Let a paused campaign of any account go on",
    description: "",
    parameters: &[],
    body: None,
    success: json::<api::CampaignAnswer>(200, "Done and durable; the state after it."),
    errors: STEER_ERRORS,
    handler: || web::post().to(campaign::admin_resume),
};

pub const ADMIN_STOP: Endpoint = Endpoint {
    method: Method::POST,
    path: "/v1/admin/campaigns/{id}/stop",
    access: Access::Operator,
    summary: "Stop a campaign of any account for good",
    description: "",
    parameters: &[],
    body: None,
    success: json::<api::CampaignAnswer>(200, "Done and durable; the state after it."),
    errors: STEER_ERRORS,
    handler: || web::post().to(campaign::admin_stop),
};

pub const ADMIN_RATE: Endpoint = Endpoint {
    method: Method::PUT,
    path: "/v1/admin/campaigns/{id}/rate",
    access: Access::Operator,
    summary: "Set the pace of a campaign of any account",
    description: "",
    parameters: &[],
    body: Some(Body {
        description: "",
        contents: &[("application/json", schema_of::<api::RateRequest>)],
    }),
    success: json::<api::CampaignAnswer>(200, "Done and durable; the state after it."),
    errors: STEER_ERRORS,
    handler: || web::put().to(campaign::admin_rate),
};

const STEER_ERRORS: &[Code] = &[
    Code::NotFound,
    Code::CampaignState,
    Code::Unavailable,
    Code::Interrupted,
];

const PAGE: &[Parameter] = &[BEFORE, LIMIT];
const ADMIN_PAGE: &[Parameter] = &[STATE, ACCOUNT, NAME, BEFORE, LIMIT];

const STATE: Parameter = Parameter {
    name: "state",
    place: Place::Query,
    required: false,
    description: "Only campaigns in one of these states, between commas, e.g. `running,paused`.",
};

const ACCOUNT: Parameter = Parameter {
    name: "account",
    place: Place::Query,
    required: false,
    description: "Only campaigns of the account of this name.",
};

const NAME: Parameter = Parameter {
    name: "name",
    place: Place::Query,
    required: false,
    description: "Only campaigns whose name holds this, in upper or lower case.",
};

const BEFORE: Parameter = Parameter {
    name: "before",
    place: Place::Query,
    required: false,
    description: "The `next` of the page before.",
};

const LIMIT: Parameter = Parameter {
    name: "limit",
    place: Place::Query,
    required: false,
    description: "Campaigns on the page, 1 to 200; 50 when absent.",
};

const REFUSED_PAGE: &[Parameter] = &[
    Parameter {
        name: "after_line",
        place: Place::Query,
        required: false,
        description: "The `next` of the page before.",
    },
    Parameter {
        name: "limit",
        place: Place::Query,
        required: false,
        description: "Lines on the page, 1 to 1000; 100 when absent.",
    },
];

const fn gone(description: &'static str) -> Success {
    Success {
        status: 204,
        description,
        media_type: "",
        schema: None,
    }
}
