//! Which actors a lane has: those of its first catalog, and those that later ones bring and take away.

use crate::campaign;
use crate::connection::{ConnectionActor, ConnectionAddr};
use crate::lane::SharedLane;
use crate::mail::MailActor;
use crate::tenant::TenantActor;
use actix::Supervisor;
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::{ConnectionId, TenantId};
use carillon_domain::plan::ChannelKind;
use std::rc::Rc;
use std::sync::Arc;

/// Starts everybody whom the lane's catalog names.
pub fn start_all(shared: &Rc<SharedLane>) {
    let snapshot = shared.read(|core| core.catalog().snapshot().clone());
    let tenants = snapshot.organisations.keys();
    tenants.for_each(|id| start_tenant(shared, *id));
    let connections = snapshot.connections.keys();
    connections.for_each(|id| start_connection(shared, *id));
    campaign::start_all(shared);
}

/// Lets the lane work by another catalog from now on.
pub fn install(shared: &Rc<SharedLane>, catalog: Arc<Compiled>) {
    let installed = shared.with(|core, now| core.install(catalog, now));
    let added = installed.tenants_added.into_iter();
    added.for_each(|id| start_tenant(shared, id));
    let removed = installed.tenants_removed.into_iter();
    removed.for_each(|id| shared.remove_tenant(id));
    let added = installed.connections_added.into_iter();
    added.for_each(|id| start_connection(shared, id));
}

/// A connection that was removed has ended its last session. The actor that says so stops after this.
pub fn connection_left(shared: &Rc<SharedLane>, id: ConnectionId) {
    shared.remove_connection(id);
    if shared.with(|core, now| core.forget_link(id, now)) {
        start_connection(shared, id);
    }
}

fn start_tenant(shared: &Rc<SharedLane>, id: TenantId) {
    let actor = TenantActor::new(id, shared.clone());
    shared.add_tenant(id, Supervisor::start(move |_| actor));
}

fn start_connection(shared: &Rc<SharedLane>, id: ConnectionId) {
    let kind = shared.read(|core| core.link(id).map(|link| link.config.kind()));
    let start = |actor| ConnectionAddr::Carrier(Supervisor::start(move |_| actor));
    let start_relay = |actor| ConnectionAddr::Relay(Supervisor::start(move |_| actor));
    let actor = match kind {
        Some(ChannelKind::Sms) => ConnectionActor::new(id, shared.clone()).map(start),
        Some(ChannelKind::Mail) => MailActor::new(id, shared.clone()).map(start_relay),
        _ => None,
    };
    if let Some(actor) = actor {
        shared.add_connection(id, actor);
    }
}
