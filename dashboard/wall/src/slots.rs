//! Lists of bounded length as fixed slots, so that an update changes texts and not the tree: a screen that runs for months
//! makes its nodes once.

use leptos::prelude::*;

/// A row per slot, there while the list reaches it.
pub fn slots<T, V, F>(list: Memo<Vec<T>>, most: usize, row: F) -> impl IntoView
where
    T: Clone + Default + PartialEq + Send + Sync + 'static,
    V: IntoView + 'static,
    F: Fn(Memo<T>) -> V + Clone + Send + Sync + 'static,
{
    let slot = |index: usize| {
        let item = Memo::new(move |_| list.with(|list| list.get(index).cloned().unwrap_or_default()));
        let is_there = Memo::new(move |_| list.with(|list| index < list.len()));
        let row = row.clone();
        view! { <Show when=move || is_there.get()>{row(item)}</Show> }
    };
    (0..most).map(slot).collect_view()
}
