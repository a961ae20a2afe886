//! Any bytes as what a sidecar and istiod say of themselves, with `%%%` between the answers: read or refused, never a panic.

#![no_main]

use kubestock_install::object::Object;
use kubestock_install::verify::{Proxy, Route, connections};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(5, "%%%");
    let mut part = || parts.next().unwrap_or_default();
    let (routes, proxies) = (part(), part());
    let _ = (Route::read_all(routes), Proxy::read_all(proxies));
    let service =
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}});
    let service = Object::new(service).unwrap();
    let _ = connections([&service].into_iter(), part(), part(), part());
});
