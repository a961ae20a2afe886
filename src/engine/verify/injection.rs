use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::cluster::{ApiError, Cluster};
use crate::engine::EngineError;
use crate::object::{NotAnObject, Object};
use crate::verify::{self, Injection};

/// What becomes of a new pod in each namespace; none is made.
pub(super) async fn in_each(
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
) -> Result<BTreeMap<String, Injection>, EngineError> {
    let asked = namespaces.iter().map(async |namespace| {
        let pod = pod(namespace)?;
        Ok((namespace.clone(), read(cluster.dry_run_create(&pod).await)))
    });
    futures::future::try_join_all(asked).await.map(|answers| answers.into_iter().collect())
}

fn read(answer: Result<Object, ApiError>) -> Injection {
    match answer {
        Ok(pod) if verify::has_sidecar(&pod) => Injection::Sidecar,
        Ok(_) => Injection::NoSidecar,
        // The injector is not the reason.
        Err(error) if error.is_exceeded_quota() => Injection::Sidecar,
        Err(error) => Injection::Refused(super::words(&error)),
    }
}

/// Limits and a security context such as a strict namespace asks for.
fn pod(namespace: &str) -> Result<Object, NotAnObject> {
    Object::new(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "kubestock-install-injection-probe", "namespace": namespace},
        "spec": {"containers": [{
            "name": "probe",
            "image": "probe",
            "resources": {"limits": {"cpu": "1m", "memory": "1Mi"}},
        }]},
    }))
}
