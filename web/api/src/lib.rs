//! What travels over the REST API: request and response bodies, problems and the one table of error codes.
//!
//! Plain serde types without I/O, shared by the server, the dashboard (wasm32) and the load tools.

mod admin;
mod code;
mod feed;
mod id_text;
mod message;
mod problem;
mod send;
mod text;

pub use admin::{
    AccountView, BusinessTypeView, CapView, CatalogView, ConnectionConfigView, ConnectionView,
    ConnectionsView, MailView, MemberView, NumberListView, OrganisationView, RouteGroupView, RouteRuleView,
    StrategyStepView, StrategyView, TemplateView, WebhookView, WordListView,
};
pub use code::Code;
pub use feed::{ReceiptEvent, ReceiptsPage, RepliesPage, ReplyEvent, ReplyPartView};
pub use message::{AttemptView, MessageView, MessagesPage, SegmentView, StepView, StepWhat};
pub use problem::{PROBLEM_CONTENT_TYPE, Problem};
pub use send::{AcceptedLine, BatchAnswer, MessageRequest, RefusedLine, SendAnswer};
pub use text::{Text, VARIABLES_MAX, Variables};
