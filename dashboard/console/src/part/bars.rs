use crate::model::campaign_row::Progress;
use crate::text::fill;
use leptos::prelude::*;

/// Delivered solid, waiting striped, failed red, in one bar.
#[component]
pub fn ProgressBar(progress: Progress) -> impl IntoView {
    let Progress {
        delivered,
        failed,
        waiting,
    } = progress;
    let part = |share: f64| format!("width:{share:.2}%");
    let of: [(&str, &dyn std::fmt::Display); 3] = [
        ("delivered", &format!("{delivered:.1}")),
        ("waiting", &format!("{waiting:.1}")),
        ("failed", &format!("{failed:.1}")),
    ];
    let words = fill("campaign.bar", &of);
    view! {
        <span class="progress" role="img" aria-label=words.clone() title=words>
            <i class="delivered" style=part(delivered)></i>
            <i class="waiting" style=part(waiting)></i>
            <i class="failed-part" style=part(failed)></i>
        </span>
    }
}

/// A rate against its limit.
#[component]
pub fn LoadBar(load: f64, at_limit: bool) -> impl IntoView {
    view! {
        <span class=if at_limit { "load full" } else { "load" } aria-hidden="true">
            <i style=format!("width:{load:.1}%")></i>
        </span>
    }
}
