//! Figures that move on the page.

use std::time::Duration;

use leptos::prelude::*;

use super::Tween;

/// Digits that change faster are a blur, and cost a layout each.
const STEP: Duration = Duration::from_millis(40);

/// A value as it is shown: it moves to each new one within 300 ms. It jumps where none was known before, where nobody looks,
/// and for whoever wants no motion.
pub fn moving(value: Memo<Option<f64>>) -> ReadSignal<f64> {
    let (shown, show) = signal(value.get_untracked().unwrap_or_default());
    let figure = Figure {
        tween: StoredValue::new(Tween::still(shown.get_untracked())),
        moves: StoredValue::new(false),
        show,
    };
    Effect::new(move |before: Option<Option<f64>>| {
        let wanted = value.get();
        match (before.flatten(), wanted) {
            (Some(_), Some(to)) if is_wanted() => figure.turn(to),
            (_, wanted) => figure.jump(wanted.unwrap_or_default()),
        }
        wanted
    });
    shown
}

#[derive(Clone, Copy)]
struct Figure {
    tween: StoredValue<Tween>,
    /// A step is due already.
    moves: StoredValue<bool>,
    show: WriteSignal<f64>,
}

impl Figure {
    fn jump(self, value: f64) {
        self.tween.set_value(Tween::still(value));
        self.show.set(value);
    }

    fn turn(self, to: f64) {
        self.tween.update_value(|tween| tween.turn(to, clock_ms()));
        if !self.moves.get_value() {
            self.step();
        }
    }

    /// What is no longer on the page has no values left, and moves no further.
    fn step(self) {
        let Some(tween) = self.tween.try_get_value() else {
            return;
        };
        let now_ms = clock_ms();
        let moves = !tween.has_arrived(now_ms);
        self.moves.set_value(moves);
        self.show.try_set(tween.at(now_ms));
        if moves {
            set_timeout(move || self.step(), STEP);
        }
    }
}

/// Whether somebody sees motion, and wants it.
fn is_wanted() -> bool {
    let is_seen = !document().hidden();
    let is_calm = window()
        .match_media("(prefers-reduced-motion: reduce)")
        .is_ok_and(|query| query.is_some_and(|query| query.matches()));
    is_seen && !is_calm
}

/// The browser's clock that never goes back.
fn clock_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
