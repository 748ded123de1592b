use carillon_domain::fact::Accepted;
use carillon_domain::ids::RouteGroupId;
use carillon_domain::ids::TemplateId;
use carillon_domain::plan::{ChannelKind, Condition};
use serde::{Deserialize, Serialize};

/// The parts of a message that only the write and readers need, packed so that a waiting row stays small.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Body<'a> {
    pub text: &'a str,
    pub extension: &'a str,
    pub reference: Option<&'a str>,
    pub template: Option<TemplateId>,
    pub price_per_segment: u32,
    /// The attempts after the first.
    pub later: Vec<LaterAttempt>,
}

/// A planned attempt that has not begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaterAttempt {
    pub kind: ChannelKind,
    pub group: RouteGroupId,
    pub segments: u8,
    pub when: Option<Condition>,
}

impl<'a> Body<'a> {
    pub fn pack(accepted: &Accepted) -> Box<[u8]> {
        let body = Body {
            text: &accepted.content.text,
            extension: &accepted.content.extension,
            reference: accepted.reference.as_deref(),
            template: accepted.content.template,
            price_per_segment: accepted.price_per_segment,
            later: accepted.plan[1..]
                .iter()
                .map(|a| LaterAttempt {
                    kind: a.kind,
                    group: a.group,
                    segments: a.segments,
                    when: a.when.clone(),
                })
                .collect(),
        };
        postcard::to_stdvec(&body)
            .expect("a body of strings and numbers can be written")
            .into_boxed_slice()
    }

    pub fn unpack(packed: &'a [u8]) -> Body<'a> {
        postcard::from_bytes(packed)
            .expect("a body packed by this process or restored from a checked checkpoint")
    }
}
