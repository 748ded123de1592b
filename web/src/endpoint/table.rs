use super::declaration::{Access, Body, Endpoint, Parameter, Place, Success, array_of, binary, schema_of};
use super::{campaigns, configuration, live, logins, pages, statistics};
use crate::{admin, attachment, docs_page, feed, probe, query, send, webhook};
use actix_web::http::Method;
use actix_web::web;
use carillon_api as api;
use carillon_api::Code;

/// Every endpoint there is.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::POST,
        path: "/v1/messages",
        access: Access::Send,
        summary: "Send one message",
        description: "The answer comes when the message is durable: from then on it is neither lost nor sent twice.",
        parameters: &[IDEMPOTENCY_KEY],
        body: Some(Body {
            description: "At most 64 KiB; 512 KiB when there is a mail address.",
            contents: &[("application/json", schema_of::<api::MessageRequest<'static>>)],
        }),
        success: json::<api::SendAnswer>(202, "Accepted and durable."),
        errors: SEND_ERRORS,
        handler: || web::post().to(send::single),
    },
    Endpoint {
        method: Method::POST,
        path: "/v1/messages/batch",
        access: Access::Send,
        summary: "Send many messages",
        description: "Each line is accepted or refused by itself. A JSON array that is not whole is refused as a whole; in \
                      NDJSON a broken line refuses that line only.",
        parameters: &[
            IDEMPOTENCY_KEY,
            Parameter {
                name: "duplicates",
                place: Place::Query,
                required: false,
                description: "`refuse` (default): a line that says the same to the same recipient as an earlier line is refused as \
                              `duplicate_line`; `allow`: it is taken.",
            },
        ],
        body: Some(Body {
            description: "At most 10,000 lines and 8 MiB.",
            contents: &[
                ("application/json", array_of::<api::MessageRequest<'static>>),
                ("application/x-ndjson", schema_of::<api::MessageRequest<'static>>),
            ],
        }),
        success: json::<api::BatchAnswer>(202, "At least one line is accepted and durable."),
        errors: &[
            Code::NothingAccepted,
            Code::DuplicateLine,
            Code::IdempotencyConflict,
            Code::QuotaExceeded,
            Code::Overloaded,
            Code::DiskLow,
            Code::OrganisationRestarting,
            Code::Unavailable,
            Code::Interrupted,
        ],
        handler: || web::post().to(send::batch),
    },
    Endpoint {
        method: Method::POST,
        path: "/v1/messages/{id}/read",
        access: Access::Send,
        summary: "Tell that the person has read a message",
        description: "What no channel tells, the caller may have seen in its own app: a message whose plan waits for being read \
                      ends as delivered, and no further step starts.",
        parameters: &[],
        body: None,
        success: accepted("It is known and durable."),
        errors: &[Code::NotFound, Code::Unavailable],
        handler: || web::post().to(send::read),
    },
    Endpoint {
        method: Method::POST,
        path: "/v1/files",
        access: Access::Send,
        summary: "Store a file that mails will carry",
        description: "The body is the file itself, whatever its type. The same content is the same file.",
        parameters: &[],
        body: Some(Body {
            description: "At most 15 MiB.",
            contents: &[("application/octet-stream", binary)],
        }),
        success: json::<api::FileAnswer>(201, "Stored and durable."),
        errors: &[
            Code::AttachmentInvalid,
            Code::DiskLow,
            Code::Overloaded,
            Code::Unavailable,
        ],
        handler: || web::post().to(attachment::upload),
    },
    Endpoint {
        method: Method::GET,
        path: "/v1/messages/{id}",
        access: Access::Query,
        summary: "The journey of one message",
        description: "Only of the account that sent it; the number is masked.",
        parameters: &[],
        body: None,
        success: json::<api::MessageView>(200, "The message as it is now."),
        errors: &[Code::NotFound, Code::Unavailable],
        handler: || web::get().to(query::message),
    },
    Endpoint {
        method: Method::GET,
        path: "/v1/messages",
        access: Access::Query,
        summary: "Search of messages",
        description: "Newest first; only those of the account; numbers and addresses are masked. All parameters that are given \
                      must hold. A page may be short or empty and yet have a `next`.",
        parameters: SEARCH,
        body: None,
        success: json::<api::MessagesPage>(200, "One page."),
        errors: &[Code::InvalidParameter, Code::Overloaded, Code::Unavailable],
        handler: || web::get().to(query::search),
    },
    Endpoint {
        method: Method::GET,
        path: "/v1/receipts",
        access: Access::Feed,
        summary: "How messages ended",
        description: "Ends of the account's messages and their corrections, oldest first, kept for 72 h.",
        parameters: FEED,
        body: None,
        success: json::<api::ReceiptsPage>(200, "One page; keep `next`."),
        errors: &[Code::InvalidParameter, Code::CursorGone],
        handler: || web::get().to(feed::receipts),
    },
    Endpoint {
        method: Method::GET,
        path: "/v1/replies",
        access: Access::Feed,
        summary: "Messages from phones",
        description: "Replies to the account's numbers, oldest first, kept for 72 h.",
        parameters: FEED,
        body: None,
        success: json::<api::RepliesPage>(200, "One page; keep `next`."),
        errors: &[Code::InvalidParameter, Code::CursorGone],
        handler: || web::get().to(feed::replies),
    },
    Endpoint {
        method: Method::GET,
        path: "/v1/admin/connections",
        access: Access::Operator,
        summary: "The state of every connection",
        description: "",
        parameters: &[],
        body: None,
        success: json::<api::ConnectionsView>(200, "All connections, by name."),
        errors: &[],
        handler: || web::get().to(admin::connections),
    },
    Endpoint {
        method: Method::POST,
        path: "/v1/admin/connections/{name}/restart",
        access: Access::Operator,
        summary: "Let a connection that is down or has failed try again at once",
        description: "",
        parameters: &[],
        body: None,
        success: accepted("It tries again."),
        errors: &[Code::NotFound],
        handler: || web::post().to(admin::restart_connection),
    },
    Endpoint {
        method: Method::GET,
        path: "/v1/admin/messages/{id}",
        access: Access::Operator,
        summary: "The journey of one message of any account",
        description: "With the full number, unless it is asked for masked.",
        parameters: &[NUMBERS],
        body: None,
        success: json::<api::MessageView>(200, "The message as it is now."),
        errors: &[Code::NotFound, Code::Unavailable],
        handler: || web::get().to(admin::message),
    },
    Endpoint {
        method: Method::GET,
        path: "/v1/admin/messages",
        access: Access::Operator,
        summary: "Search of messages of all accounts",
        description: "As `GET /v1/messages`, with full numbers and addresses. Without `to`, `mail` and `campaign` it needs an \
                      `account`.",
        parameters: SEARCH_ALL,
        body: None,
        success: json::<api::MessagesPage>(200, "One page."),
        errors: &[Code::InvalidParameter, Code::Overloaded, Code::Unavailable],
        handler: || web::get().to(admin::search),
    },
    Endpoint {
        method: Method::GET,
        path: "/v1/admin/catalog",
        access: Access::Operator,
        summary: "What is configured",
        description: "Without secrets.",
        parameters: &[],
        body: None,
        success: json::<api::CatalogView>(200, "The configuration the service works on."),
        errors: &[],
        handler: || web::get().to(admin::catalog),
    },
    Endpoint {
        method: Method::GET,
        path: "/v1/admin/webhooks",
        access: Access::Operator,
        summary: "Every webhook and how it does",
        description: "",
        parameters: &[],
        body: None,
        success: json::<api::WebhooksView>(200, "All webhooks, by account."),
        errors: &[],
        handler: || web::get().to(webhook::webhooks),
    },
    Endpoint {
        method: Method::POST,
        path: "/v1/admin/webhooks/{account}/replay",
        access: Access::Operator,
        summary: "Let a webhook's events come again from a cursor",
        description: "They come with the `webhook-id` they had, when they are in the same calls.",
        parameters: &[],
        body: Some(Body {
            description: "From where.",
            contents: &[("application/json", schema_of::<api::WebhookReplay>)],
        }),
        success: accepted("They come again."),
        errors: &[Code::NotFound],
        handler: || web::post().to(webhook::replay_webhook),
    },
    Endpoint {
        method: Method::POST,
        path: "/v1/admin/webhooks/{account}/enable",
        access: Access::Operator,
        summary: "Call a webhook again at once",
        description: "One that is switched off, or waits after failures.",
        parameters: &[],
        body: None,
        success: accepted("It is called again."),
        errors: &[Code::NotFound],
        handler: || web::post().to(webhook::enable_webhook),
    },
    logins::LOG_IN,
    logins::SESSION,
    logins::LOG_OUT,
    logins::PASSWORD,
    logins::SESSIONS,
    logins::END_SESSION,
    logins::OPEN_WALL,
    logins::WALL_SESSION,
    logins::ADD_WALL_TOKEN,
    logins::WALL_TOKENS,
    logins::REMOVE_WALL_TOKEN,
    live::OPEN,
    live::SNAPSHOT,
    configuration::ENTRY,
    configuration::PUT,
    configuration::REMOVE,
    configuration::ENTRY_IN_ORGANISATION,
    configuration::PUT_IN_ORGANISATION,
    configuration::REMOVE_IN_ORGANISATION,
    configuration::APPLY,
    configuration::DRAIN,
    configuration::RESUME,
    configuration::TEST,
    configuration::CLOCK,
    configuration::CONFIRM_CLOCK,
    configuration::ROUTE,
    statistics::FIGURES,
    statistics::CARRIERS,
    campaigns::CREATE,
    campaigns::UPLOAD,
    campaigns::LIST,
    campaigns::SHOW,
    campaigns::REMOVE,
    campaigns::START,
    campaigns::PAUSE,
    campaigns::RESUME,
    campaigns::STOP,
    campaigns::RATE,
    campaigns::SCHEDULE,
    campaigns::RESEND,
    campaigns::REFUSED,
    campaigns::REFUSED_CSV,
    campaigns::ADMIN_LIST,
    campaigns::ADMIN_SHOW,
    campaigns::ADMIN_START,
    campaigns::ADMIN_RESEND,
    campaigns::ADMIN_REFUSED,
    campaigns::ADMIN_REFUSED_CSV,
    campaigns::ADMIN_PAUSE,
    campaigns::ADMIN_RESUME,
    campaigns::ADMIN_STOP,
    campaigns::ADMIN_RATE,
    Endpoint {
        method: Method::GET,
        path: "/healthz",
        access: Access::Public,
        summary: "Whether the process lives",
        description: "",
        parameters: &[],
        body: None,
        success: text("It lives."),
        errors: &[],
        handler: || web::get().to(probe::health),
    },
    Endpoint {
        method: Method::GET,
        path: "/readyz",
        access: Access::Public,
        summary: "Whether the service takes requests",
        description: "",
        parameters: &[],
        body: None,
        success: text("It takes requests."),
        errors: &[Code::Unavailable],
        handler: || web::get().to(probe::ready),
    },
    Endpoint {
        method: Method::GET,
        path: "/metrics",
        access: Access::Public,
        summary: "Figures for Prometheus",
        description: "Holds no personal data.",
        parameters: &[],
        body: None,
        success: text("Prometheus text format."),
        errors: &[],
        handler: || web::get().to(probe::metrics),
    },
    Endpoint {
        method: Method::GET,
        path: "/v1/openapi.json",
        access: Access::Public,
        summary: "This document",
        description: "",
        parameters: &[],
        body: None,
        success: Success {
            status: 200,
            description: "OpenAPI 3.1.",
            media_type: "application/json",
            schema: None,
        },
        errors: &[],
        handler: || web::get().to(probe::openapi),
    },
    Endpoint {
        method: Method::GET,
        path: "/docs",
        access: Access::Public,
        summary: "This document, to be read and tried in a browser",
        description: "",
        parameters: &[],
        body: None,
        success: Success {
            status: 200,
            description: "A page.",
            media_type: "text/html",
            schema: None,
        },
        errors: &[],
        handler: || web::get().to(docs_page::page),
    },
    Endpoint {
        method: Method::GET,
        path: "/docs/{file}",
        access: Access::Public,
        summary: "A part of that page",
        description: "",
        parameters: &[],
        body: None,
        success: Success {
            status: 200,
            description: "Its content.",
            media_type: "",
            schema: None,
        },
        errors: &[Code::NotFound],
        handler: || web::get().to(docs_page::asset),
    },
    pages::ROOT,
    pages::TO_CONSOLE,
    pages::TO_WALL,
    pages::CONSOLE,
    pages::WALL,
];

/// What may be wrong with one message.
const SEND_ERRORS: &[Code] = &[
    Code::InvalidPhone,
    Code::InvalidMail,
    Code::RecipientMissing,
    Code::WindowsNeverOpen,
    Code::FrequencyCap,
    Code::Blacklisted,
    Code::MissingVariable,
    Code::InvalidVariable,
    Code::UnknownTemplate,
    Code::TemplateRequired,
    Code::TextEmpty,
    Code::TextTooLong,
    Code::TextInvalid,
    Code::TextAndTemplate,
    Code::ForbiddenWord,
    Code::SubjectMissing,
    Code::SubjectInvalid,
    Code::AttachmentInvalid,
    Code::AttachmentUnknown,
    Code::AttachmentsTooLarge,
    Code::UnknownBusinessType,
    Code::NoRoute,
    Code::SignatureInvalid,
    Code::ReferenceTooLong,
    Code::ReferenceInvalid,
    Code::ValidityOutOfRange,
    Code::PriorityTooHigh,
    Code::SendAtOutOfRange,
    Code::UnknownStrategy,
    Code::PlanInvalid,
    Code::IdempotencyConflict,
    Code::QuotaExceeded,
    Code::Overloaded,
    Code::DiskLow,
    Code::OrganisationRestarting,
    Code::Unavailable,
    Code::Interrupted,
];

pub(super) const IDEMPOTENCY_KEY: Parameter = Parameter {
    name: "Idempotency-Key",
    place: Place::Header,
    required: false,
    description: "1 to 255 visible ASCII characters. For 24 h the same key with the same body gives the same answer and \
                  sends nothing again; with another body it is refused.",
};

const SEARCH: &[Parameter] = &[TO, MAIL, CAMPAIGN, STATUS, FROM, UNTIL, BEFORE, SEARCH_LIMIT];
const SEARCH_ALL: &[Parameter] = &[
    TO,
    MAIL,
    CAMPAIGN,
    ACCOUNT,
    STATUS,
    FROM,
    UNTIL,
    BEFORE,
    SEARCH_LIMIT,
    NUMBERS,
];

const NUMBERS: Parameter = Parameter {
    name: "numbers",
    place: Place::Query,
    required: false,
    description: "`masked`: numbers and addresses as others than operators see them (PII-1); `full` when absent.",
};

const TO: Parameter = Parameter {
    name: "to",
    place: Place::Query,
    required: false,
    description: "Only messages to this number.",
};

const MAIL: Parameter = Parameter {
    name: "mail",
    place: Place::Query,
    required: false,
    description: "Only messages with a mail to this address.",
};

const CAMPAIGN: Parameter = Parameter {
    name: "campaign",
    place: Place::Query,
    required: false,
    description: "Only messages of this campaign.",
};

const ACCOUNT: Parameter = Parameter {
    name: "account",
    place: Place::Query,
    required: false,
    description: "Only messages of the account of this name.",
};

const STATUS: Parameter = Parameter {
    name: "status",
    place: Place::Query,
    required: false,
    description: "Only messages in one of these states, between commas, e.g. `failed,expired`.",
};

const FROM: Parameter = Parameter {
    name: "from",
    place: Place::Query,
    required: false,
    description: "Accepted at this moment or later, RFC 3339.",
};

const UNTIL: Parameter = Parameter {
    name: "until",
    place: Place::Query,
    required: false,
    description: "Accepted before this moment, RFC 3339. A search without `to`, `mail` and `campaign` goes over 31 days at \
                  most: the last ones, when neither `from` nor `until` says which.",
};

const BEFORE: Parameter = Parameter {
    name: "before",
    place: Place::Query,
    required: false,
    description: "The `next` of the page before.",
};

const SEARCH_LIMIT: Parameter = Parameter {
    name: "limit",
    place: Place::Query,
    required: false,
    description: "Messages on the page, 1 to 200; 50 when absent.",
};

const FEED: &[Parameter] = &[
    Parameter {
        name: "after",
        place: Place::Query,
        required: false,
        description: "The `next` of the page before; the oldest event kept when absent.",
    },
    Parameter {
        name: "limit",
        place: Place::Query,
        required: false,
        description: "Events on the page, 1 to 1000; 100 when absent.",
    },
    Parameter {
        name: "wait",
        place: Place::Query,
        required: false,
        description: "Seconds to wait for an event when there is none, 0 to 30; 0 when absent.",
    },
];

pub(super) const fn json<T: utoipa::ToSchema>(status: u16, description: &'static str) -> Success {
    Success {
        status,
        description,
        media_type: "application/json",
        schema: Some(schema_of::<T>),
    }
}

const fn accepted(description: &'static str) -> Success {
    Success {
        status: 202,
        description,
        media_type: "",
        schema: None,
    }
}

const fn text(description: &'static str) -> Success {
    Success {
        status: 200,
        description,
        media_type: "text/plain",
        schema: None,
    }
}
