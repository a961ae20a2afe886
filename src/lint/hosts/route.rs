use serde_json::Value;

use crate::object::Object;

/// One place that a VirtualService sends requests to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: Option<u64>,
    pub(crate) subset: Option<&'a str>,
}

impl<'a> Route<'a> {
    fn of(destination: &'a Value) -> Option<Self> {
        Some(Self {
            host: destination["host"].as_str()?,
            port: destination["port"]["number"].as_u64(),
            subset: destination["subset"].as_str().filter(|subset| !subset.is_empty()),
        })
    }
}

/// All destinations of a VirtualService, mirrors included.
pub(crate) fn routes(service: &Object) -> Vec<Route<'_>> {
    let mut routes = Vec::new();
    for protocol in ["http", "tls", "tcp"] {
        for rule in items(service.pointer("/spec").map(|spec| &spec[protocol])) {
            let weighted = items(rule.get("route")).chain(items(rule.get("mirrors")));
            routes.extend(weighted.filter_map(|route| Route::of(&route["destination"])));
            routes.extend(Route::of(&rule["mirror"]));
        }
    }
    routes
}

pub(crate) fn hosts(service: &Object) -> impl Iterator<Item = &str> {
    items(service.pointer("/spec/hosts")).filter_map(Value::as_str)
}

/// Whether it is for callers inside the mesh: `mesh` is a gateway's name, and the only one where none is
/// named.
pub(crate) fn is_for_mesh(service: &Object) -> bool {
    let mut named = items(service.pointer("/spec/gateways")).peekable();
    named.peek().is_none() || named.any(|gateway| gateway == "mesh")
}

/// The Gateways that it is for, as it names them.
pub(crate) fn gateways(service: &Object) -> Vec<&str> {
    let named = items(service.pointer("/spec/gateways")).filter_map(Value::as_str);
    named.filter(|gateway| *gateway != "mesh").collect()
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}
