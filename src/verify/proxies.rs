//! What istiod says of the proxies: its debug address `/debug/syncz` (istio: `pilot/pkg/xds/debug.go`, SyncStatus).

use serde_json::{Map, Value};

/// One proxy that is connected to istiod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Its pod's name.
    pub pod: String,
    pub namespace: String,
    /// The version that it says it has.
    pub version: String,
    /// The kinds of configuration that it was sent and has not acknowledged: `cluster`, `route`.
    pub behind: Vec<String>,
}

impl Proxy {
    /// Reads the answer of one istiod.
    ///
    /// # Errors
    /// In words, where the text is no such answer.
    pub fn read_all(syncz: &str) -> Result<Vec<Self>, String> {
        let proxies: Vec<Map<String, Value>> =
            serde_json::from_str(syncz).map_err(|error| format!("/debug/syncz: {error}"))?;
        Ok(proxies.iter().filter_map(Self::read).collect())
    }

    fn read(proxy: &Map<String, Value>) -> Option<Self> {
        let text = |key: &str| proxy.get(key).and_then(Value::as_str).unwrap_or_default();
        let (pod, namespace) = text("proxy").rsplit_once('.')?;
        let kinds = proxy.keys().filter_map(|key| key.strip_suffix("_sent"));
        let is_behind = |kind: &&str| {
            let sent = text(&format!("{kind}_sent"));
            !sent.is_empty() && text(&format!("{kind}_acked")) != sent
        };
        Some(Self {
            pod: pod.to_owned(),
            namespace: namespace.to_owned(),
            version: text("istio_version").to_owned(),
            behind: kinds.filter(is_behind).map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the form of Istio 1.18.0.
    const SYNCZ: &str = r#"[
        {"cluster_id":"Kubernetes","proxy":"web-5d.shop","istio_version":"1.18.0",
         "cluster_sent":"a","cluster_acked":"a","listener_sent":"b","listener_acked":"b",
         "route_sent":"d","route_acked":"c","endpoint_sent":"e"},
        {"proxy":"istio-ingressgateway-1.istio-system","istio_version":"1.18.0",
         "cluster_sent":"a","cluster_acked":"a","route_sent":""}]"#;

    #[test]
    fn a_proxy_is_behind_where_the_last_it_was_sent_is_not_what_it_acknowledged() {
        let proxies = Proxy::read_all(SYNCZ).unwrap();
        let behind: Vec<_> =
            proxies.iter().map(|proxy| (proxy.pod.as_str(), proxy.behind.join(" "))).collect();
        let expected = [("web-5d", "endpoint route"), ("istio-ingressgateway-1", "")];
        assert_eq!(behind, expected.map(|(pod, behind)| (pod, behind.to_owned())));
        assert!(Proxy::read_all("404 page not found").unwrap_err().starts_with("/debug/syncz: "));
    }
}
