//! The endpoints that the console uses, one function each. `csrf` is the token of the session.

use super::client::{act, ask, get, tell, tell_only};
use crate::model::failure::Failure;
use crate::model::query::{Query, encoded};
use carillon_api::live::AlarmsPage;
use carillon_api::{
    CampaignAnswer, CampaignView, CampaignsPage, CatalogView, ConnectionTestView, ConnectionsView,
    LoginRequest, MessageView, MessagesPage, PasswordRequest, RateRequest, RefusedLinesPage, ResendRequest,
    RouteView, SessionView, SessionsView, WallTokenAnswer, WallTokenRequest, WallTokensView,
};
use serde::Serialize;

pub async fn log_in(request: &LoginRequest) -> Result<SessionView, Failure> {
    tell("POST", "/v1/login", "", request).await
}

pub async fn session() -> Result<SessionView, Failure> {
    get("/v1/session").await
}

pub async fn log_out(csrf: &str) -> Result<(), Failure> {
    act("POST", "/v1/logout", csrf).await
}

pub async fn change_password(request: &PasswordRequest, csrf: &str) -> Result<(), Failure> {
    tell_only("POST", "/v1/password", csrf, request).await
}

pub async fn sessions() -> Result<SessionsView, Failure> {
    get("/v1/sessions").await
}

pub async fn end_session(id: &str, csrf: &str) -> Result<(), Failure> {
    act("DELETE", &format!("/v1/sessions/{}", encoded(id)), csrf).await
}

pub async fn catalog() -> Result<CatalogView, Failure> {
    get("/v1/admin/catalog").await
}

pub async fn connections() -> Result<ConnectionsView, Failure> {
    get("/v1/admin/connections").await
}

/// What may be done to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionAct {
    Drain,
    Resume,
    Restart,
}

pub async fn act_on_connection(what: ConnectionAct, name: &str, csrf: &str) -> Result<(), Failure> {
    let word = match what {
        ConnectionAct::Drain => "drain",
        ConnectionAct::Resume => "resume",
        ConnectionAct::Restart => "restart",
    };
    act(
        "POST",
        &format!("/v1/admin/connections/{}/{word}", encoded(name)),
        csrf,
    )
    .await
}

pub async fn test_connection(name: &str, csrf: &str) -> Result<ConnectionTestView, Failure> {
    let path = format!("/v1/admin/connections/{}/test", encoded(name));
    ask("POST", &path, csrf).await
}

pub async fn campaigns(query: &Query) -> Result<CampaignsPage, Failure> {
    get(&format!("/v1/admin/campaigns{}", query.text())).await
}

pub async fn campaign(id: &str) -> Result<CampaignView, Failure> {
    get(&format!("/v1/admin/campaigns/{}", encoded(id))).await
}

/// What may be done to a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CampaignAct {
    Start,
    Pause,
    Resume,
    Stop,
}

pub async fn act_on_campaign(what: CampaignAct, id: &str, csrf: &str) -> Result<(), Failure> {
    let word = match what {
        CampaignAct::Start => "start",
        CampaignAct::Pause => "pause",
        CampaignAct::Resume => "resume",
        CampaignAct::Stop => "stop",
    };
    act(
        "POST",
        &format!("/v1/admin/campaigns/{}/{word}", encoded(id)),
        csrf,
    )
    .await
}

/// `None` is as fast as the connections take them.
pub async fn set_rate(id: &str, per_second: Option<u32>, csrf: &str) -> Result<(), Failure> {
    let path = format!("/v1/admin/campaigns/{}/rate", encoded(id));
    tell_only("PUT", &path, csrf, &RateRequest { per_second }).await
}

pub async fn resend(id: &str, csrf: &str) -> Result<CampaignAnswer, Failure> {
    let path = format!("/v1/admin/campaigns/{}/resend", encoded(id));
    tell("POST", &path, csrf, &ResendRequest::default()).await
}

pub async fn refused(id: &str, limit: u32) -> Result<RefusedLinesPage, Failure> {
    get(&format!(
        "/v1/admin/campaigns/{}/refused?limit={limit}",
        encoded(id)
    ))
    .await
}

/// Where the browser gets all refused lines as a file.
pub fn refused_csv(id: &str) -> String {
    format!("/v1/admin/campaigns/{}/refused.csv", encoded(id))
}

pub async fn messages(query: &Query) -> Result<MessagesPage, Failure> {
    get(&format!("/v1/admin/messages{}", query.text())).await
}

pub async fn message(id: &str, plain: bool) -> Result<MessageView, Failure> {
    let numbers = if plain { "full" } else { "masked" };
    get(&format!("/v1/admin/messages/{}?numbers={numbers}", encoded(id))).await
}

pub async fn route(query: &Query) -> Result<RouteView, Failure> {
    get(&format!("/v1/admin/route{}", query.text())).await
}

pub async fn alarms(query: &Query) -> Result<AlarmsPage, Failure> {
    get(&format!("/v1/admin/alarms{}", query.text())).await
}

pub async fn acknowledge(id: u64, csrf: &str) -> Result<(), Failure> {
    act("POST", &format!("/v1/admin/alarms/{id}/acknowledge"), csrf).await
}

#[derive(Serialize)]
struct Shelve<'a> {
    until_ms: u64,
    reason: &'a str,
}

pub async fn shelve(id: u64, until_ms: u64, reason: &str, csrf: &str) -> Result<(), Failure> {
    let path = format!("/v1/admin/alarms/{id}/shelve");
    tell_only("POST", &path, csrf, &Shelve { until_ms, reason }).await
}

pub async fn unshelve(id: u64, csrf: &str) -> Result<(), Failure> {
    act("POST", &format!("/v1/admin/alarms/{id}/unshelve"), csrf).await
}

pub async fn wall_tokens() -> Result<WallTokensView, Failure> {
    get("/v1/admin/wall-tokens").await
}

pub async fn make_wall_token(request: &WallTokenRequest, csrf: &str) -> Result<WallTokenAnswer, Failure> {
    tell("POST", "/v1/admin/wall-tokens", csrf, request).await
}

pub async fn remove_wall_token(id: &str, csrf: &str) -> Result<(), Failure> {
    act("DELETE", &format!("/v1/admin/wall-tokens/{}", encoded(id)), csrf).await
}
