use super::button::{Button, SignButton};
use super::icon::{Icon, Sign};
use super::later::Later;
use crate::console::use_console;
use crate::model::tone::Tone;
use crate::text::t;
use leptos::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// A short message at the foot of the page.
#[derive(Clone)]
pub struct Toast {
    pub id: u64,
    pub tone: Tone,
    pub words: String,
    /// How what it tells is taken back.
    pub undo: Option<Later<()>>,
}

impl Toast {
    pub fn new(tone: Tone, words: impl Into<String>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Toast {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            tone,
            words: words.into(),
            undo: None,
        }
    }
}

#[component]
pub fn Toasts() -> impl IntoView {
    let console = use_console();
    view! {
        <div class="toasts" role="status" data-test="toasts">
            <For each=move || console.toasts.get() key=|toast| toast.id let:toast>
                <div class=format!("toast {}", toast.tone.class())>
                    <Icon sign=match toast.tone {
                        Tone::Crit | Tone::Warn => Sign::Warning,
                        Tone::Ok => Sign::Check,
                        Tone::Plain | Tone::Info | Tone::Bronze => Sign::Info,
                    } />
                    <span>{toast.words.clone()}</span>
                    {toast.undo.clone().map(|undo| {
                        let take_back = move |()| {
                            console.dismiss(toast.id);
                            undo.run(());
                        };
                        view! { <Button words=t("shell.undo") on_press=take_back test="undo" /> }
                    })}
                    <SignButton sign=Sign::Close words=t("shell.close") on_press=move |()| console.dismiss(toast.id) />
                </div>
            </For>
        </div>
    }
}
