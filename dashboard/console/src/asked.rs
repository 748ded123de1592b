use crate::browser;
use crate::console::use_console;
use crate::model::failure::Failure;
use crate::rest;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::future::Future;
use std::time::Duration;

/// Something asked of the server, and asked again when what it depends on changes. While it is asked again, what is known stays.
pub struct Asked<T: Send + Sync + 'static> {
    /// The newest answer.
    pub value: RwSignal<Option<T>>,
    /// Why the newest question came to nothing.
    pub failure: RwSignal<Option<Failure>>,
    pub is_asking: RwSignal<bool>,
    turn: RwSignal<u32>,
    /// The next question is the page's own: nobody asked for it.
    is_by_itself: StoredValue<bool>,
}

impl<T: Send + Sync + 'static> Clone for Asked<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Asked<T> {}

impl<T: Send + Sync + 'static> Asked<T> {
    /// Asks what `question` makes, now and whenever a signal it reads changes; nothing while it makes none.
    pub fn new<F>(question: impl Fn() -> Option<F> + 'static) -> Self
    where
        F: Future<Output = Result<T, Failure>> + 'static,
    {
        let console = use_console();
        let asked = Asked {
            value: RwSignal::new(None),
            failure: RwSignal::new(None),
            is_asking: RwSignal::new(false),
            turn: RwSignal::new(0),
            is_by_itself: StoredValue::new(false),
        };
        let newest = StoredValue::new(0u64);
        Effect::new(move || {
            asked.turn.track();
            let Some(work) = question() else {
                asked.value.set(None);
                asked.failure.set(None);
                return;
            };
            newest.update_value(|number| *number += 1);
            let number = newest.get_value();
            asked.is_asking.set(true);
            let is_by_itself = asked.is_by_itself.get_value();
            asked.is_by_itself.set_value(false);
            spawn_local(async move {
                let answer = if is_by_itself {
                    rest::in_background(work).await
                } else {
                    work.await
                };
                // The page may be gone, or another question may have been asked since.
                if newest.try_get_value() != Some(number) {
                    return;
                }
                asked.is_asking.try_set(false);
                match answer {
                    Ok(value) => {
                        asked.value.try_set(Some(value));
                        asked.failure.try_set(None);
                    }
                    Err(failure) => {
                        console.notice(&failure);
                        asked.failure.try_set(Some(failure));
                    }
                }
            });
        });
        asked
    }

    /// Asks the same again.
    pub fn again(self) {
        self.turn.try_update(|turn| *turn = turn.wrapping_add(1));
    }

    /// Asks again and again as long as the page is looked at.
    pub fn every(self, period: Duration) -> Self {
        self.every_while(period, || true)
    }

    /// The same, as long as it is wanted besides.
    pub fn every_while(self, period: Duration, is_wanted: impl Fn() -> bool + 'static) -> Self {
        let ask = move || {
            let is_asking = self.is_asking.try_get_untracked().unwrap_or(true);
            if !browser::is_hidden() && !is_asking && is_wanted() {
                self.is_by_itself.try_set_value(true);
                self.again();
            }
        };
        if let Ok(timer) = set_interval_with_handle(ask, period) {
            on_cleanup(move || timer.clear());
        }
        self
    }
}
