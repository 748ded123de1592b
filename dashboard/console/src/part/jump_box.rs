use super::icon::{Icon, Sign};
use crate::browser;
use crate::console::use_console;
use crate::model::jump::{Jump, Known, jumps};
use crate::text::t;
use leptos::prelude::*;

/// Ctrl+K: somewhere else by a few letters.
#[component]
pub fn JumpBox() -> impl IntoView {
    let is_open = use_console().jump_is_open;
    view! {
        <Show when=move || is_open.get()>
            <OpenJumpBox />
        </Show>
    }
}

#[component]
fn OpenJumpBox() -> impl IntoView {
    let console = use_console();
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0usize);
    let known = Memo::new(move |_| {
        console.live.state.with(|state| Known {
            connections: state
                .panels
                .connections
                .data
                .connections
                .iter()
                .map(|row| row.name.clone())
                .collect(),
            campaigns: state
                .panels
                .campaigns
                .data
                .campaigns
                .iter()
                .map(|row| (row.id.clone(), row.name.clone()))
                .collect(),
        })
    });
    let found = Memo::new(move |_| known.with(|known| typed.with(|typed| jumps(typed, known))));
    let close = move || console.jump_is_open.set(false);
    let go = move |jump: Jump| {
        close();
        console.go(jump.place);
    };
    let step = move |by: isize| {
        let last = found.with(Vec::len).saturating_sub(1);
        at.update(|at| *at = at.saturating_add_signed(by).min(last));
    };
    Effect::new(move || browser::focus("[data-test=jump-field]"));
    view! {
        <div class="scrim" on:click=move |_| close()>
            <div class="jump" role="dialog" aria-modal="true" aria-label=t("jump.hint") data-test="jump"
                on:click=|event| event.stop_propagation()>
                <label>
                    <Icon sign=Sign::Search />
                    <input
                        data-test="jump-field"
                        placeholder=t("jump.hint")
                        maxlength="100"
                        prop:value=move || typed.get()
                        on:input=move |event| {
                            typed.set(event_target_value(&event));
                            at.set(0);
                        }
                        on:keydown=move |event| match event.key().as_str() {
                            "ArrowDown" => { event.prevent_default(); step(1) }
                            "ArrowUp" => { event.prevent_default(); step(-1) }
                            "Enter" => {
                                let chosen = found.with(|found| found.get(at.get_untracked()).cloned());
                                chosen.into_iter().for_each(go);
                            }
                            "Escape" => { event.prevent_default(); close() }
                            _ => {}
                        }
                    />
                </label>
                <ul>
                    {move || found.get().into_iter().enumerate().map(|(place, jump)| {
                        let chosen = jump.clone();
                        view! {
                            <li>
                                <button type="button" class:at=move || at.get() == place
                                    on:click=move |_| go(chosen.clone())>
                                    <span class="kind">{t(jump.kind)}</span>
                                    <span class="cut">{jump.label}</span>
                                </button>
                            </li>
                        }
                    }).collect_view()}
                </ul>
                <p class="none-found" hidden=move || !found.with(Vec::is_empty)>{t("jump.nothing")}</p>
            </div>
        </div>
    }
}
