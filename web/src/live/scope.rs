use crate::right::LiveScope;
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::TenantId;

/// Whose figures: one organisation's, or everybody's.
pub type Scope = Option<TenantId>;

/// What a name asks for, by what the caller may see; `None` when there is no such scope or it may not be seen.
pub fn asked(allowed: LiveScope, name: Option<&str>, catalog: &Compiled) -> Option<Scope> {
    let organisations = &catalog.snapshot().organisations;
    let named = match name.filter(|name| !name.is_empty()) {
        None => None,
        Some(name) => Some(
            organisations
                .values()
                .find(|organisation| organisation.name == name)?
                .id,
        ),
    };
    match (allowed, named) {
        (LiveScope::Installation, named) => Some(named),
        (LiveScope::Organisation(own), named) => {
            let is_own = named.is_none_or(|named| named == own);
            (is_own && organisations.contains_key(&own)).then_some(Some(own))
        }
    }
}

/// The name of a scope; `None` when it is gone.
pub fn name(scope: Scope, catalog: &Compiled) -> Option<String> {
    let Some(tenant) = scope else {
        return Some(String::new());
    };
    let organisation = catalog.snapshot().organisations.get(&tenant)?;
    Some(organisation.name.to_string())
}

/// Names that the caller may ask for.
pub fn names(allowed: LiveScope, catalog: &Compiled) -> Vec<String> {
    let organisations = catalog.snapshot().organisations.values();
    organisations
        .filter(|organisation| match allowed {
            LiveScope::Installation => true,
            LiveScope::Organisation(own) => organisation.id == own,
        })
        .map(|organisation| organisation.name.to_string())
        .collect()
}
