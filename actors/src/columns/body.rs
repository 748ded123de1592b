use carillon_domain::campaign::CampaignLine;
use carillon_domain::content::{Content, MailContent, TextContent};
use carillon_domain::fact::{Accepted, PlannedAttempt};
use carillon_domain::ids::TemplateId;
use serde::{Deserialize, Serialize};

/// The parts of a message that only the write and readers need, packed so that a waiting row stays small.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Body<'a> {
    #[serde(borrow)]
    pub content: BodyContent<'a>,
    pub reference: Option<&'a str>,
    pub price_per_segment: u32,
    pub campaign: Option<CampaignLine>,
    /// The attempts after the first.
    pub later: Vec<PlannedAttempt>,
}

/// What the row's attempt says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum BodyContent<'a> {
    Text {
        text: &'a str,
        extension: &'a str,
        template: Option<TemplateId>,
    },
    Mail(Box<MailContent>),
}

impl<'a> Body<'a> {
    pub fn pack(accepted: &Accepted) -> Box<[u8]> {
        Body {
            content: BodyContent::of(&accepted.plan[0].content),
            reference: accepted.reference.as_deref(),
            price_per_segment: accepted.price_per_segment,
            campaign: accepted.campaign,
            later: accepted.plan[1..].to_vec(),
        }
        .packed()
    }

    /// Of an attempt after the first; what concerns the whole message stands with that one.
    pub fn pack_later(planned: &PlannedAttempt, price_per_segment: u32) -> Box<[u8]> {
        Body {
            content: BodyContent::of(&planned.content),
            reference: None,
            price_per_segment,
            campaign: None,
            later: Vec::new(),
        }
        .packed()
    }

    fn packed(&self) -> Box<[u8]> {
        postcard::to_stdvec(self)
            .expect("a body of strings and numbers can be written")
            .into_boxed_slice()
    }

    pub fn unpack(packed: &'a [u8]) -> Body<'a> {
        postcard::from_bytes(packed).expect("a body packed by this process")
    }
}

impl<'a> BodyContent<'a> {
    pub fn of(content: &'a Content) -> Self {
        match content {
            Content::Text(content) => BodyContent::Text {
                text: &content.text,
                extension: &content.extension,
                template: content.template,
            },
            Content::Mail(content) => BodyContent::Mail(content.clone()),
        }
    }

    pub fn into_owned(self) -> Content {
        match self {
            BodyContent::Text {
                text,
                extension,
                template,
            } => Content::Text(TextContent {
                text: text.into(),
                template,
                extension: extension.into(),
            }),
            BodyContent::Mail(content) => Content::Mail(content),
        }
    }
}
