//! Programs that answer to their own pod alone.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::object::Object;

/// How long the program that asks may take.
const LIMIT: Duration = Duration::from_secs(10);

/// One of them, and the program that comes with it to ask it.
pub(super) struct Within {
    port: u16,
    container: &'static str,
    client: &'static str,
}

/// Envoy's admin address in a sidecar or a gateway.
pub(super) const ENVOY: Within = Within { port: 15000, container: "istio-proxy", client: "pilot-agent" };

/// istiod's debug addresses.
pub(super) const ISTIOD: Within = Within { port: 15014, container: "discovery", client: "pilot-discovery" };

impl Within {
    /// What it answers at an address: `/debug/syncz`. It is asked through a way to its port, or where that cannot be opened
    /// in its container, which takes ten times as long.
    ///
    /// # Errors
    /// In words: that it does not answer is something to tell, and no reason to end.
    pub(super) async fn get(&self, cluster: &Cluster, pod: &Object, address: &str) -> Result<String, String> {
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name());
        let path = format!("/{}", address.trim_start_matches('/'));
        if let Ok(answer) = cluster.get_within_pod(namespace, name, self.port, &path).await {
            return Ok(answer);
        }
        let command = [self.client, "request", "GET", address];
        let output = cluster.exec(namespace, name, self.container, &command, LIMIT).await;
        let output = output.map_err(|error| error.to_string())?;
        if output.code == 0 { Ok(output.stdout) } else { Err(output.stderr.trim().to_owned()) }
    }
}
