use super::Front;
use crate::http::Failure;
use crate::login::cookies;
use crate::right::Claimed;
use actix_web::HttpRequest;
use carillon_api::Code;
use carillon_domain::alarm::AlarmId;
use carillon_domain::ids::{CampaignId, MessageId};
use carillon_kafka::cluster::LaneAddress;
use percent_encoding::percent_decode_str;
use std::net::SocketAddr;
use std::time::Duration;

/// The parameter by which an operator names the lane to look at.
const LANE: &str = "lane";
/// Keeps it for what the page asks for.
pub const LANE_COOKIE: &str = "carillon_lane";
/// How often a request that waits for an owner looks whether it still is one.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Which lane a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Lane(u16),
    /// All lanes would say the same, or nobody can tell by the request.
    Any,
}

impl Front {
    /// The lane of the account that makes the request; of an operator's the one that is named, else that of what the path is about,
    /// else the one that was named last.
    pub fn way(&self, request: &HttpRequest) -> Result<Way, Failure> {
        let lane = match Claimed::of(request.headers()) {
            Some(Claimed::Key(sha256)) => self.map.of_key(&sha256),
            Some(Claimed::Name(name)) => self.map.of_account(&name),
            None => match self.named(request)? {
                Some(lane) => Some(lane),
                None => self.subject(request).or_else(|| remembered(request)),
            },
        };
        Ok(lane.filter(|lane| *lane < self.lanes).map_or(Way::Any, Way::Lane))
    }

    /// The lane that an operator names.
    pub fn named(&self, request: &HttpRequest) -> Result<Option<u16>, Failure> {
        let Some(value) = lane_parameter(request.query_string()) else {
            return Ok(None);
        };
        let lane = value.parse().ok().filter(|lane| *lane < self.lanes);
        let last = self.lanes - 1;
        lane.map(Some)
            .ok_or_else(|| Failure::parameter(LANE, format!("a lane is a number from 0 to {last}")))
    }

    /// The lane of the message, campaign, alarm, connection or account in the path.
    fn subject(&self, request: &HttpRequest) -> Option<u16> {
        let path = request.path();
        let value = |name| {
            percent_decode_str(request.match_info().get(name)?)
                .decode_utf8()
                .ok()
        };
        if path.starts_with("/v1/admin/connections/") {
            self.map.of_connection(&value("name")?)
        } else if path.starts_with("/v1/admin/webhooks/") {
            self.map.of_account(&value("account")?)
        } else if path.starts_with("/v1/admin/messages/") {
            Some(value("id")?.parse::<MessageId>().ok()?.lane())
        } else if path.starts_with("/v1/admin/campaigns/") {
            Some(CampaignId::of_text(&value("id")?).ok()?.lane())
        } else if path.starts_with("/v1/admin/alarms/") {
            value("id")?.parse().ok().map(|id| AlarmId(id).lane())
        } else {
            None
        }
    }

    /// Where the lane that has to answer is; with [`Way::Any`] one of this node, if it has one.
    ///
    /// Errors: `unavailable` while the lane has no owner, which is for some seconds after a node has failed.
    pub fn owner(&self, way: Way) -> Result<LaneAddress, Failure> {
        let found = match way {
            Way::Lane(lane) => self.directory.lane(lane).filter(|at| at.address.is_some()),
            Way::Any => {
                let lanes = self.directory.lanes().into_iter();
                lanes
                    .filter(|at| at.address.is_some())
                    .min_by_key(|at| (at.node != self.node, at.lane))
            }
        };
        found.ok_or_else(|| {
            let detail = match way {
                Way::Lane(lane) => format!("lane {lane} is being taken over"),
                Way::Any => "no lane is running".to_owned(),
            };
            Failure::new(Code::Unavailable, detail)
        })
    }

    /// Who has to answer the request, and at which address.
    pub fn asked(&self, request: &HttpRequest) -> Result<(LaneAddress, SocketAddr), Failure> {
        let owner = self.owner(self.way(request)?)?;
        let address = owner.address.ok_or_else(|| Failure::new(Code::Unavailable, ""))?;
        Ok((owner, address))
    }

    /// Ends when somebody else has the lane: who was asked before will not answer.
    pub async fn until_replaced(&self, owner: &LaneAddress) {
        let is_owner = |now: LaneAddress| now.epoch == owner.epoch;
        while self.directory.lane(owner.lane).is_some_and(is_owner) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// What the lane is to be asked: it does not know the parameter.
pub fn target(request: &HttpRequest) -> String {
    let (path, query) = (request.uri().path(), request.query_string());
    if lane_parameter(query).is_none() || Claimed::of(request.headers()).is_some() {
        let target = request.uri().path_and_query();
        return target.map_or(path, |target| target.as_str()).to_owned();
    }
    let rest: Vec<&str> = query
        .split('&')
        .filter(|pair| lane_value(pair).is_none())
        .collect();
    match rest.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", rest.join("&")),
    }
}

fn lane_parameter(query: &str) -> Option<&str> {
    query.split('&').find_map(lane_value)
}

fn lane_value(pair: &str) -> Option<&str> {
    pair.strip_prefix(LANE)?.strip_prefix('=')
}

fn remembered(request: &HttpRequest) -> Option<u16> {
    cookies(request.headers(), LANE_COOKIE).find_map(|value| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_lane_is_not_told_which_one_it_is() {
        for (asked, told) in [
            ("/wall?lane=3", "/wall"),
            (
                "/v1/admin/messages?to=1&lane=3&limit=5",
                "/v1/admin/messages?to=1&limit=5",
            ),
            ("/v1/admin/messages?lanes=3", "/v1/admin/messages?lanes=3"),
            ("/wall", "/wall"),
        ] {
            assert_eq!(target(&TestRequest::with_uri(asked).to_http_request()), told);
        }
        // A signature is over the target.
        let signed =
            TestRequest::with_uri("/v1/messages?lane=3").insert_header(("authorization", "Bearer a"));
        assert_eq!(target(&signed.to_http_request()), "/v1/messages?lane=3");
    }
}
