use super::catalog::word;
use crate::http::{Failure, parameter};
use crate::query::connection_name;
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::lane::{MemberStanding, Place, PullVerdict, QualityFigures};
use carillon_api::{Code, RouteMemberView, RouteQualityView, RouteView, RuleVerdictView};
use carillon_domain::catalog::{Carrier, Compiled, RouteGroup, Strategy, Verdict};
use carillon_domain::ids::RouteGroupId;
use carillon_domain::number_range::NumberOrigin;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::ChannelKind;
use carillon_domain::province::Province;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    account: String,
    to: Option<String>,
    business_type: Option<String>,
    channel: Option<ChannelKind>,
}

const UNKNOWN: NumberOrigin<'_> = NumberOrigin {
    province: "",
    city: "",
    carrier: Carrier::Unknown,
    unit: Province::UNKNOWN,
};

/// `GET /v1/admin/route`
pub async fn route(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let parameters: Parameters = parameter::query(&request)?;
    let catalog = state.lane.catalog();
    let account = catalog
        .account_by_name(&parameters.account)
        .ok_or_else(|| Failure::new(Code::NotFound, "there is no such account").with_field("account"))?;
    let business_type = match &parameters.business_type {
        Some(name) => catalog.business_type_by_name(name),
        None => catalog.business_type(account.business_type),
    };
    let business_type = business_type.ok_or_else(|| {
        Failure::new(Code::NotFound, "there is no such business type").with_field("business_type")
    })?;
    let kind = parameters.channel.unwrap_or(ChannelKind::Sms);
    let origin = match (kind, &parameters.to) {
        (ChannelKind::Mail, _) => UNKNOWN,
        (_, Some(to)) => {
            let to = PhoneNumber::parse(to);
            let to =
                to.map_err(|error| Failure::new(Code::InvalidPhone, error.to_string()).with_field("to"))?;
            state.ranges.origin(to)
        }
        (_, None) => return Err(Failure::parameter("to", "give the number")),
    };
    let explained = catalog.explain_route(
        account.id,
        business_type.id,
        kind,
        origin.carrier,
        origin.province,
    );
    let standings = match explained.group {
        Some(group) => state.lane.explain_group(group, account.id).await?,
        None => Vec::new(),
    };
    let group = explained
        .group
        .and_then(|id| catalog.snapshot().route_groups.get(&id));
    let rules = explained.rules.iter().map(|rule| RuleVerdictView {
        rule: rule.rule.to_string(),
        group: group_name(&catalog, rule.group),
        verdict: verdict_word(rule.verdict).to_owned(),
    });
    Ok(HttpResponse::Ok().json(RouteView {
        account: account.name.to_string(),
        business_type: business_type.name.to_string(),
        channel: word(&kind),
        carrier: word(&origin.carrier),
        province: origin.province.to_owned(),
        city: origin.city.to_owned(),
        rules: rules.collect(),
        group: group.map(|group| group.name.to_string()),
        strategy: group.map(|group| word(&group.strategy)),
        members: group.map_or_else(Vec::new, |group| members(&standings, group, &catalog)),
    }))
}

fn members(standings: &[MemberStanding], group: &RouteGroup, catalog: &Compiled) -> Vec<RouteMemberView> {
    let taken = |member: &MemberStanding| member.served * f64::from(member.weight);
    let all: f64 = standings.iter().map(taken).sum();
    let member = |member: &MemberStanding| RouteMemberView {
        connection: connection_name(catalog, member.connection),
        weight: member.weight,
        granted: member.granted,
        able: member.able,
        draining: member.draining,
        credit: member.credit,
        in_flight: member.load.in_flight,
        slots: member.load.slots,
        share_percent: (group.strategy == Strategy::Weighted && all > 0.0)
            .then(|| (taken(member) * 100.0 / all).round() as u8),
        quality: member.quality.map(|(place, figures)| quality(place, figures)),
        pulls: member.verdict == PullVerdict::Pulls,
        why: why(member, group.strategy, catalog),
    };
    standings.iter().map(member).collect()
}

fn quality(place: Place, figures: QualityFigures) -> RouteQualityView {
    let percent = |share: f64| (share * 100.0).round() as u8;
    RouteQualityView {
        preferred: place == Place::Preferred,
        taken_percent: percent(figures.taken),
        delivered_percent: percent(figures.delivered),
        latency_ms: (figures.seconds * 1_000.0).round() as u32,
        score: percent(figures.score),
    }
}

fn why(member: &MemberStanding, strategy: Strategy, catalog: &Compiled) -> String {
    let place = member.quality.map(|(place, _)| place);
    match (member.verdict, strategy) {
        (PullVerdict::Pulls, Strategy::Adaptive) if place == Some(Place::Tried) => {
            "it takes the next message, to show how it does".to_owned()
        }
        (PullVerdict::Pulls, _) => "it takes the next message".to_owned(),
        (PullVerdict::NotGranted, _) => "the account may not use it".to_owned(),
        (PullVerdict::Draining, _) => "it takes nothing new".to_owned(),
        (PullVerdict::Unable, _) => "none of its sessions can send".to_owned(),
        (PullVerdict::Full, _) => "its windows are full, or its rate is used up".to_owned(),
        (PullVerdict::After(first), strategy) => {
            let first = connection_name(catalog, first);
            match strategy {
                Strategy::PrimaryBackup => format!("`{first}` stands before it and can send"),
                Strategy::Weighted => format!("it is ahead of its share, and `{first}` is behind"),
                Strategy::LeastBusy => format!("`{first}` is less busy"),
                Strategy::Adaptive if place == Some(Place::Reserve) => {
                    format!("it is in the reserve: `{first}` does better")
                }
                Strategy::Adaptive => format!("`{first}` is less busy, or is tried"),
            }
        }
    }
}

fn group_name(catalog: &Compiled, id: RouteGroupId) -> String {
    let group = catalog.snapshot().route_groups.get(&id);
    group.map_or_else(|| format!("#{id}"), |group| group.name.to_string())
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Taken => "taken",
        Verdict::AfterTheOneTaken => "after_the_one_taken",
        Verdict::OtherAccount => "other_account",
        Verdict::OtherBusinessType => "other_business_type",
        Verdict::OtherCarrier => "other_carrier",
        Verdict::OtherProvince => "other_province",
        Verdict::OtherKind => "other_kind",
        Verdict::NoGrantedMember => "no_granted_member",
    }
}
