use crate::asked::Asked;
use crate::browser;
use crate::console::{Console, Right, use_console};
use crate::model::beijing::{parse_rfc3339, short};
use crate::model::tone::Tone;
use crate::part::{Button, Empty, FailureLine, Icon, Later, Pill, Question, Sheet, Sign, SignButton, Weight};
use crate::rest;
use crate::text::{fill, t};
use carillon_api::{CatalogView, WallTokenRequest, WallTokenView, WallTokensView};
use leptos::prelude::*;

/// Days that a link may work for; 0 is for ever.
const DAYS: [u32; 4] = [30, 90, 365, 0];
const NAME_CHARACTERS_MAX: usize = 64;

/// Links by which walls are opened without a login.
#[component]
pub fn Walls() -> impl IntoView {
    let console = use_console();
    let asked = Asked::new(|| Some(rest::wall_tokens()));
    let catalog: Asked<CatalogView> = Asked::new(|| Some(rest::catalog()));
    let links = Memo::new(move |_| asked.value.get().map(|view| view.wall_tokens).unwrap_or_default());
    let is_making = RwSignal::new(false);
    let made = RwSignal::new(None::<String>);
    let may_not = Signal::derive(move || !console.may(Right::Configure));
    view! {
        <div class="page-head"><h1>{t("page.walls")}</h1><span class="sub">{t("wall.sub")}</span>
            <span class="spring"></span>
            <Button words=t("wall.make") sign=Sign::Plus weight=Weight::Primary disabled=may_not
                on_press=move |()| is_making.set(true) test="wall-make" /></div>
        <FailureLine failure=asked.failure />
        {move || made.get().map(|link| view! { <Made link on_close=move |()| made.set(None) /> })}
        <section class="card whole">
            <div class="scroll">
                <table data-test="walls">
                    <thead><tr>
                        <th class="spring-col">{t("wall.name")}</th><th>{t("wall.scope")}</th><th>{t("wall.state")}</th>
                        <th>{t("wall.used")}</th><th>{t("wall.expires")}</th><th>{t("wall.created")}</th>
                        <th><span class="unseen">{t("shell.acts")}</span></th>
                    </tr></thead>
                    <tbody>
                        {move || links.get().into_iter().map(|link| row(console, link, asked, may_not)).collect_view()}
                    </tbody>
                </table>
                <Show when=move || asked.value.with(Option::is_some) && links.with(Vec::is_empty)>
                    <Empty words=t("wall.none") more=t("wall.none_more") />
                </Show>
            </div>
        </section>
        <Show when=move || is_making.get()>
            <MakeSheet catalog is_making made asked />
        </Show>
    }
}

fn row(
    console: Console,
    link: WallTokenView,
    asked: Asked<WallTokensView>,
    may_not: Signal<bool>,
) -> impl IntoView {
    let now_ms = console.now_ms_untracked();
    let moment = |text: &str| parse_rfc3339(text).map_or_else(|| text.to_owned(), |at| short(at, now_ms));
    let (tone, state) = if link.expired {
        (Tone::Warn, "wall.expired")
    } else {
        (Tone::Ok, "wall.valid")
    };
    let scope = link
        .organisation
        .clone()
        .unwrap_or_else(|| t("wall.everything").to_owned());
    let used = link
        .used_at
        .as_deref()
        .map_or_else(|| t("wall.never_used").to_owned(), moment);
    let expires = link
        .expires_at
        .as_deref()
        .map_or_else(|| t("wall.never").to_owned(), moment);
    let created = format!("{} · {}", link.created_by, moment(&link.created_at));
    let name = link.name.clone();
    view! {
        <tr data-test="wall-row" data-name=name.clone()>
            <td class="spring-col"><span class="cut">{name.clone()}</span></td>
            <td>{scope}</td>
            <td><Pill tone words=t(state) /></td>
            <td class="figure">{used}</td>
            <td class="figure">{expires}</td>
            <td>{created}</td>
            <td class="acts"><SignButton sign=Sign::Trash words=t("wall.remove") weight=Weight::Danger disabled=may_not
                on_press=move |()| ask_remove(console, link.clone(), asked) test="wall-remove" /></td>
        </tr>
    }
}

/// Screens that show it go dark at once.
fn ask_remove(console: Console, link: WallTokenView, asked: Asked<WallTokensView>) {
    console.question.set(Some(Question {
        title: fill("wall.remove_title", &[("name", &link.name)]),
        sentences: vec![t("wall.remove_1").to_owned()],
        button: t("wall.remove").to_owned(),
        weight: Weight::Danger,
        field: None,
        on_yes: Later::new(move |_| {
            let (id, csrf) = (link.id.clone(), console.csrf());
            console.act(
                async move { rest::remove_wall_token(&id, &csrf).await },
                move |()| {
                    asked.again();
                    console.tell(Tone::Ok, t("wall.removed"));
                },
            );
        }),
    }));
}

/// A new link is shown this once.
#[component]
fn Made(link: String, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let console = use_console();
    let copied = link.clone();
    view! {
        <section class="card made" data-test="wall-made">
            <Icon sign=Sign::Check />
            <div>
                <b>{t("wall.made")}</b>
                <code data-test="wall-link">{link}</code>
            </div>
            <Button words=t("wall.copy") sign=Sign::Copy weight=Weight::Primary
                on_press=move |()| console.copy(copied.clone()) test="wall-copy" />
            <SignButton sign=Sign::Close words=t("shell.close") on_press=move |()| on_close.run(()) />
        </section>
    }
}

#[component]
fn MakeSheet(
    catalog: Asked<CatalogView>,
    is_making: RwSignal<bool>,
    made: RwSignal<Option<String>>,
    asked: Asked<WallTokensView>,
) -> impl IntoView {
    let console = use_console();
    let name = RwSignal::new(String::new());
    let organisation = RwSignal::new(String::new());
    let days = RwSignal::new(DAYS[1]);
    let cannot = Memo::new(move |_| name.with(|name| name.trim().is_empty()));
    let organisations = move || {
        catalog.value.with(|catalog| {
            let known = catalog
                .as_ref()
                .map(|catalog| catalog.organisations.as_slice())
                .unwrap_or_default();
            known.iter().map(|known| known.name.clone()).collect::<Vec<_>>()
        })
    };
    let make = move |()| {
        let request = WallTokenRequest {
            name: name.get_untracked().trim().to_owned(),
            organisation: Some(organisation.get_untracked()).filter(|name| !name.is_empty()),
            expires_days: Some(days.get_untracked()).filter(|days| *days > 0),
        };
        let csrf = console.csrf();
        is_making.set(false);
        console.act(
            async move { rest::make_wall_token(&request, &csrf).await },
            move |answer| {
                made.set(Some(format!(
                    "{}/wall/#token={}",
                    browser::origin(),
                    answer.token
                )));
                asked.again();
            },
        );
    };
    view! {
        <Sheet title=t("wall.make").to_owned() on_close=move |()| is_making.set(false)>
            <p>{t("wall.make_1")}</p>
            <label class="field"><span>{t("wall.name")}</span>
                <input data-test="wall-name" placeholder=t("wall.name_hint") maxlength=NAME_CHARACTERS_MAX.to_string()
                    prop:value=move || name.get() on:input=move |event| name.set(event_target_value(&event)) /></label>
            <label class="field"><span>{t("wall.scope")}</span>
                <select data-test="wall-scope" on:change=move |event| organisation.set(event_target_value(&event))>
                    <option value="">{t("wall.everything")}</option>
                    {move || organisations().into_iter().map(|name| {
                        let value = name.clone();
                        view! { <option value=value>{name}</option> }
                    }).collect_view()}
                </select></label>
            <label class="field"><span>{t("wall.expires")}</span>
                <select data-test="wall-days" on:change=move |event| days.set(event_target_value(&event).parse().unwrap_or(DAYS[0]))>
                    {DAYS.map(|n| view! {
                        <option value=n.to_string() selected=n == DAYS[1]>
                            {if n == 0 { t("wall.never").to_owned() } else { fill("wall.days", &[("n", &n)]) }}
                        </option>
                    }).collect_view()}
                </select></label>
            <div class="sheet-foot">
                <Button words=t("shell.cancel") on_press=move |()| is_making.set(false) />
                <Button words=t("wall.make") weight=Weight::Primary disabled=cannot on_press=make test="wall-make-yes" />
            </div>
        </Sheet>
    }
}
