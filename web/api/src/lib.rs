//! What travels over the REST API: request and response bodies, problems and the one table of error codes.
//!
//! Plain serde types without I/O, shared by the server, the dashboard (wasm32) and the load tools.

mod admin;
mod attachment;
mod campaign;
mod catalog_change;
mod code;
mod connection_test;
mod feed;
mod id_text;
pub mod live;
mod login;
mod message;
mod problem;
mod route_view;
mod send;
mod statistics;
mod step;
mod text;
mod upstream;
mod webhook;

pub use admin::{
    AccountView, BusinessTypeView, CapView, CatalogView, ClockView, ConnectionConfigView, ConnectionView,
    ConnectionsView, MailView, MemberView, NumberListView, OrganisationView, RouteGroupView, RouteRuleView,
    StrategyStepView, StrategyView, TemplateView, WebhookView, WordListView,
};
pub use attachment::{AttachmentRequest, FileAnswer};
pub use campaign::{
    CampaignAnswer, CampaignRequest, CampaignView, CampaignsPage, CheckView, ColumnsRequest, CountsView,
    LinesView, RateRequest, RefusedLinesPage, ResendRequest, ResendState, ScheduleRequest,
};
pub use catalog_change::{CatalogChanged, ChangeView, NewKeyView};
pub use code::Code;
pub use connection_test::{ConnectionTestView, TestStepView};
pub use feed::{ReceiptEvent, ReceiptsPage, RepliesPage, ReplyEvent, ReplyPartView};
pub use login::{
    LoginRequest, PasswordRequest, SessionEntry, SessionView, SessionsView, WallSessionRequest,
    WallSessionView, WallTokenAnswer, WallTokenRequest, WallTokenView, WallTokensView,
};
pub use message::{
    AttemptView, CampaignLineView, FallbackView, MessageView, MessagesPage, SegmentView, StepView, StepWhat,
    WaitingView,
};
pub use problem::{PROBLEM_CONTENT_TYPE, Problem};
pub use route_view::{RouteMemberView, RouteQualityView, RouteView, RuleVerdictView};
pub use send::{AcceptedLine, BatchAnswer, MessageRequest, RefusedLine, SendAnswer};
pub use statistics::{CarrierStatisticsView, CodeCountView, LatencyView, StatisticsRow, StatisticsView};
pub use step::StepRequest;
pub use text::{Text, VARIABLES_MAX, Variables};
pub use upstream::AcceptedEvent;
pub use webhook::{WebhookPlace, WebhookReplay, WebhookStateView, WebhooksView};
