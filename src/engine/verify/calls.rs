use std::time::Duration;

use futures::{StreamExt, TryStreamExt};

use crate::cluster::{ApiError, Cluster};
use crate::engine::EngineError;
use crate::object::{Object, Snapshot};
use crate::verify::{self, Answer, Call, Caller, Promised};

/// How many calls are on their way at once.
const CONCURRENT: usize = 8;

/// How long one call may take, with the way to its pod and back.
const LIMIT: Duration = Duration::from_secs(15);

/// Calls every service in plaintext, by the user of a proxy in its namespace.
pub(super) async fn in_plaintext(
    cluster: &Cluster,
    promised: &Promised,
    objects: &Snapshot,
) -> Result<Vec<Call>, EngineError> {
    let calls = promised.callable().filter_map(|(service, url)| {
        let mut pods =
            objects.of_kind("", "Pod").filter(|pod| pod.namespace() == service.namespace.as_deref());
        let caller = pods.find(|pod| verify::is_running(pod) && verify::has_sidecar(pod))?;
        Some(async move {
            let answer = call(cluster, caller, "istio-proxy", &url).await?;
            Ok::<_, ApiError>(Call { caller: Caller::ProxyUser, service, answer })
        })
    });
    let calls: Vec<_> = calls.collect();
    let made = futures::stream::iter(calls).buffered(CONCURRENT).try_collect().await;
    made.map_err(EngineError::api("calling the services"))
}

async fn call(cluster: &Cluster, pod: &Object, container: &str, url: &str) -> Result<Answer, ApiError> {
    let namespace = pod.namespace().unwrap_or_default();
    let output = cluster.exec(namespace, pod.name(), container, &verify::command(url), LIMIT).await?;
    Ok(Answer::read(output.code, &output.stdout, &output.stderr))
}
