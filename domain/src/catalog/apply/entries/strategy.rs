use crate::catalog::apply::check::Check;
use crate::catalog::apply::names::{EntryName, Names};
use crate::catalog::apply::words::Word;
use crate::catalog::apply::{ApplyError, ApplyFile, Problem, Section, StepEntry, StrategyEntry};
use crate::catalog::{SendingStrategy, StrategyStep};
use crate::ids::StrategyId;
use crate::plan::{self, ChannelKind};
use std::collections::BTreeMap;

/// The channels there are adapters for.
const AVAILABLE: [ChannelKind; 2] = [ChannelKind::Sms, ChannelKind::Mail];

pub(in crate::catalog::apply) fn strategies(
    file: &ApplyFile,
    names: &Names<'_>,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<StrategyId, SendingStrategy> {
    let build = |entry: &StrategyEntry| {
        let key = (entry.organisation.as_str(), entry.name.as_str());
        let mut check = Check::new(Section::Strategy, key.shown(), errors);
        check.name(&entry.name);
        check_plan(entry, &mut check);
        let tenant = names
            .organisations
            .find(&entry.organisation, "organisation", &mut check);
        let steps = entry.steps.iter().map(|step| {
            let template = step.template.as_deref().and_then(|name| {
                let key = (entry.organisation.as_str(), name);
                names.templates.find(key, "steps.template", &mut check)
            });
            StrategyStep {
                channel: step.channel,
                template,
                when: step.when.clone().map(|when| when.0),
            }
        });
        let steps = steps.collect();
        let id = names.strategies.own(key)?;
        let strategy = SendingStrategy {
            id,
            tenant: tenant?,
            name: entry.name.clone(),
            steps,
        };
        Some((id, strategy))
    };
    file.strategy.iter().filter_map(build).collect()
}

fn check_plan(entry: &StrategyEntry, check: &mut Check<'_>) {
    let unavailable = |step: &&StepEntry| !AVAILABLE.contains(&step.channel);
    if let Some(step) = entry.steps.iter().find(unavailable) {
        check.report(
            "steps.channel",
            Problem::Unavailable {
                channel: step.channel.word(),
            },
        );
    }
    let steps = entry.steps.iter();
    let steps = steps.map(|step| (step.channel, step.when.as_ref().map(|when| &when.0)));
    if let Err(error) = plan::check_steps(steps) {
        check.report(
            "steps",
            Problem::Plan {
                detail: error.to_string(),
            },
        );
    }
}
