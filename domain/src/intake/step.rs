use super::place::Place;
use super::recipient::Recipient;
use super::{Draft, PlanDraft, StepDraft, Words};
use crate::catalog::{Account, Compiled, CompiledTemplate, SendingStrategy};
use crate::content::Attachment;
use crate::plan::{self, ChannelKind, Condition};
use crate::refusal::{Refusal, RefusalCode};
use crate::template::Template;
use compact_str::CompactString;

/// One attempt of the plan, its words found but not yet composed.
pub(super) struct Step<'a> {
    pub channel: ChannelKind,
    pub when: Option<Condition>,
    pub body: Body<'a>,
    /// Where the body stands.
    pub place: Place,
    /// Of a mail whose template has none, and where it stands.
    pub subject: Option<(&'a str, Place)>,
    /// Of a mail, and where they stand.
    pub attachments: (&'a [Attachment], Place),
}

/// What is said.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    Free {
        text: Option<&'a str>,
        html: Option<&'a str>,
    },
    Template(&'a CompiledTemplate),
}

impl<'a> Step<'a> {
    pub fn template(&self) -> Option<&'a CompiledTemplate> {
        match self.body {
            Body::Template(template) => Some(template),
            Body::Free { .. } => None,
        }
    }

    /// It goes before a subject of the request.
    pub fn template_subject(&self) -> Option<&'a Template> {
        self.template()?.subject.as_ref()
    }

    /// The field at fault when the text is.
    pub fn text_field(&self) -> CompactString {
        match self.body {
            Body::Template(_) => self.place.field("template"),
            // The text is made from the HTML.
            Body::Free {
                text: None,
                html: Some(_),
            } => self.place.field("html"),
            Body::Free { .. } => self.place.field("text"),
        }
    }

    pub fn html_field(&self) -> CompactString {
        match self.body {
            Body::Template(_) => self.place.field("template"),
            Body::Free { .. } => self.place.field("html"),
        }
    }

    pub fn subject_field(&self) -> CompactString {
        match (self.template_subject(), self.subject) {
            (Some(_), _) => self.place.field("template"),
            (None, Some((_, place))) => place.field("subject"),
            (None, None) => self.place.field("subject"),
        }
    }
}

/// The steps of a plan; a plan of one step allocates nothing.
pub(super) enum Steps<'a> {
    One(Step<'a>),
    Many(Vec<Step<'a>>),
}

impl<'a> Steps<'a> {
    /// What the draft asks for, as far as the recipient can be reached (SEND-2). The rules are in [`super`].
    pub fn of(
        catalog: &'a Compiled,
        account: &Account,
        draft: &Draft<'a>,
        recipient: &Recipient,
    ) -> Result<Self, Refusal> {
        let source = Source {
            catalog,
            account,
            draft,
        };
        let steps = match draft.plan {
            PlanDraft::Simple => {
                let channel = if recipient.to.is_some() {
                    ChannelKind::Sms
                } else {
                    ChannelKind::Mail
                };
                return source.simple(channel).map(Steps::One);
            }
            PlanDraft::Strategy(name) => source.of_strategy(name, recipient)?,
            PlanDraft::Steps(steps) => source.of_request(steps, recipient)?,
        };
        Ok(Steps::Many(steps))
    }

    pub fn as_slice(&self) -> &[Step<'a>] {
        match self {
            Steps::One(step) => std::slice::from_ref(step),
            Steps::Many(steps) => steps,
        }
    }

    /// The template that is used first.
    pub fn template(&self) -> Option<&'a CompiledTemplate> {
        self.as_slice().iter().find_map(Step::template)
    }

    pub fn uses(&self, channel: ChannelKind) -> bool {
        self.as_slice().iter().any(|step| step.channel == channel)
    }
}

struct Source<'s, 'a> {
    catalog: &'a Compiled,
    account: &'s Account,
    draft: &'s Draft<'a>,
}

impl<'a> Source<'_, 'a> {
    fn simple(&self, channel: ChannelKind) -> Result<Step<'a>, Refusal> {
        Ok(Step {
            channel,
            when: None,
            body: self.body(&self.draft.words, Place::Message)?,
            place: Place::Message,
            subject: self.subject(),
            attachments: self.attachments(),
        })
    }

    fn of_strategy(&self, name: &str, recipient: &Recipient) -> Result<Vec<Step<'a>>, Refusal> {
        let strategy = self.catalog.strategy(self.account.tenant, name);
        let strategy = strategy.ok_or_else(|| {
            let detail = "no strategy has this name";
            Refusal::new(RefusalCode::UnknownStrategy, "strategy", detail)
        })?;
        let mut steps = Vec::with_capacity(strategy.steps.len());
        for (index, when) in reached(strategy, recipient) {
            let stored = &strategy.steps[index];
            let (body, place) = match stored.template {
                None => (self.body(&self.draft.words, Place::Message)?, Place::Message),
                Some(id) => {
                    let template = self.catalog.template_by_id(id);
                    let template = template.ok_or_else(|| unknown_template(Place::Strategy))?;
                    (Body::Template(template), Place::Strategy)
                }
            };
            steps.push(Step {
                channel: stored.channel,
                when,
                body,
                place,
                subject: self.subject(),
                attachments: self.attachments(),
            });
        }
        if steps.is_empty() {
            let detail = "the recipient has neither number nor address for any step of the strategy";
            return Err(Refusal::new(RefusalCode::RecipientMissing, "strategy", detail));
        }
        check(&steps, "strategy")?;
        Ok(steps)
    }

    fn of_request(&self, steps: &[StepDraft<'a>], recipient: &Recipient) -> Result<Vec<Step<'a>>, Refusal> {
        let sound = plan::check_steps(steps.iter().map(|step| (step.channel, step.when.as_ref())));
        sound.map_err(|error| Refusal::new(RefusalCode::PlanInvalid, "plan", error.to_string()))?;
        let step = |(index, step)| self.step_of_request(index, step, recipient);
        steps.iter().enumerate().map(step).collect()
    }

    fn step_of_request(
        &self,
        index: usize,
        step: &StepDraft<'a>,
        recipient: &Recipient,
    ) -> Result<Step<'a>, Refusal> {
        let place = Place::Step(index);
        check_channel(step, place)?;
        if !recipient.is_reached_by(step.channel) {
            let detail = match step.channel {
                ChannelKind::Mail => "the step needs `mail`",
                _ => "the step needs `to`",
            };
            return Err(Refusal::new(
                RefusalCode::RecipientMissing,
                place.field("channel"),
                detail,
            ));
        }
        let own = &step.words;
        let has_body = own.text.is_some() || own.template.is_some() || own.html.is_some();
        let (words, body_place) = if has_body {
            (own, place)
        } else {
            (&self.draft.words, Place::Message)
        };
        let own_subject = own.subject.map(|subject| (subject, place));
        Ok(Step {
            channel: step.channel,
            when: step.when.clone(),
            body: self.body(words, body_place)?,
            place: body_place,
            subject: own_subject.or(self.subject()),
            attachments: if own.attachments.is_empty() {
                self.attachments()
            } else {
                (own.attachments, place)
            },
        })
    }

    fn body(&self, words: &Words<'a>, place: Place) -> Result<Body<'a>, Refusal> {
        let Some(name) = words.template else {
            return Ok(Body::Free {
                text: words.text,
                html: words.html,
            });
        };
        let both = |field, detail| Err(Refusal::new(RefusalCode::TextAndTemplate, field, detail));
        if words.text.is_some() || words.html.is_some() {
            return both(place.field("template"), "give a text or a template, not both");
        }
        let template = self.catalog.template(self.account.tenant, name);
        let template = template.ok_or_else(|| unknown_template(place))?;
        if words.subject.is_some() && template.subject.is_some() {
            return both(place.field("subject"), "the template has a subject of its own");
        }
        Ok(Body::Template(template))
    }

    fn subject(&self) -> Option<(&'a str, Place)> {
        self.draft.words.subject.map(|subject| (subject, Place::Message))
    }

    fn attachments(&self) -> (&'a [Attachment], Place) {
        (self.draft.words.attachments, Place::Message)
    }
}

/// The steps of a strategy that reach the recipient, by index. The one after a step that is left out starts when that one
/// would have started.
fn reached<'s>(
    strategy: &'s SendingStrategy,
    recipient: &'s Recipient,
) -> impl Iterator<Item = (usize, Option<Condition>)> + 's {
    let mut condition_of_skipped: Option<&'s Option<Condition>> = None;
    strategy
        .steps
        .iter()
        .enumerate()
        .filter_map(move |(index, step)| {
            let when = condition_of_skipped.unwrap_or(&step.when);
            if recipient.is_reached_by(step.channel) {
                condition_of_skipped = None;
                Some((index, when.clone()))
            } else {
                condition_of_skipped = Some(when);
                None
            }
        })
}

fn check(steps: &[Step<'_>], field: &'static str) -> Result<(), Refusal> {
    plan::check_steps(steps.iter().map(|step| (step.channel, step.when.as_ref())))
        .map_err(|error| Refusal::new(RefusalCode::PlanInvalid, field, error.to_string()))
}

fn check_channel(step: &StepDraft<'_>, place: Place) -> Result<(), Refusal> {
    let invalid = |part, detail| Err(Refusal::new(RefusalCode::PlanInvalid, place.field(part), detail));
    match step.channel {
        ChannelKind::Mail => return Ok(()),
        ChannelKind::Sms => {}
        _ => return invalid("channel", "the channel is not available in this version"),
    }
    let detail = "only a mail has this";
    match &step.words {
        Words { subject: Some(_), .. } => invalid("subject", detail),
        Words { html: Some(_), .. } => invalid("html", detail),
        Words { attachments, .. } if !attachments.is_empty() => invalid("attachments", detail),
        _ => Ok(()),
    }
}

fn unknown_template(place: Place) -> Refusal {
    let detail = "no template has this name";
    Refusal::new(RefusalCode::UnknownTemplate, place.field("template"), detail)
}
