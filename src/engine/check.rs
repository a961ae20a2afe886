//! The checks on the running mesh that a profile asks for, by name or by pinning images. Each looks at what is there, and none
//! changes anything.

use std::collections::BTreeSet;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::gate::has_sidecar;
use super::pinned::{self, Pins};
use super::run::{Patience, Run};
use super::{EngineError, FailedCheck};
use crate::cluster::ApiError;
use crate::event::Event;
use crate::object::{NotAnObject, Object};
use crate::plan::{Layer, Plan};
use crate::profile::Check;

/// How long a check may fail before it has failed: configuration takes a moment to reach a sidecar.
const SETTLING: Duration = Duration::from_secs(20);

/// How long one call may take.
const CALL: Duration = Duration::from_secs(15);

/// What a check saw: Ok where it is what was promised.
pub(super) type Seen = Result<String, String>;

/// What is to be proven.
#[derive(Clone, Copy, Debug)]
pub(super) enum Proof<'a> {
    Mesh(Check),
    /// That what runs has the digests that it is pinned to.
    Pinned(&'a Pins),
}

impl Proof<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Mesh(check) => check.name(),
            Self::Pinned(_) => pinned::CHECK,
        }
    }
}

/// Carries out the checks, all of them, and fails with those that failed.
pub(super) async fn all(run: &Run<'_>, proofs: &[Proof<'_>], plan: &Plan) -> Result<(), EngineError> {
    let meshed = meshed_namespaces(run, plan).await.map_err(EngineError::api("reading the namespaces"))?;
    let mut failed = Vec::new();
    for proof in proofs {
        let mut patience = Patience::until(Instant::now() + SETTLING);
        let seen = loop {
            run.go_on()?;
            let seen = carry_out(run, *proof, plan, &meshed).await?;
            match (&seen, patience.next(None)) {
                (Err(_), Some(wait)) => run.pause(wait).await?,
                _ => break seen,
            }
        };
        let passed = seen.is_ok();
        let seen = seen.unwrap_or_else(|seen| {
            failed.push(FailedCheck { check: proof.name(), seen: seen.clone() });
            seen
        });
        run.say(Event::Checked { check: proof.name().to_owned(), passed, seen });
    }
    if failed.is_empty() { Ok(()) } else { Err(EngineError::Checks(failed)) }
}

async fn carry_out(
    run: &Run<'_>,
    proof: Proof<'_>,
    plan: &Plan,
    meshed: &[String],
) -> Result<Seen, EngineError> {
    let seen = match proof {
        Proof::Pinned(pins) => pinned::check(run, pins).await,
        Proof::Mesh(_) if meshed.is_empty() => {
            Ok(Err("no namespace of the layers is labelled for injection".to_owned()))
        }
        Proof::Mesh(Check::Sidecars) => sidecars(run, meshed).await,
        Proof::Mesh(Check::Injection) => injection(run, meshed).await?,
        Proof::Mesh(Check::Mtls) => mtls(run, plan, meshed).await,
    };
    seen.or_else(|error| if error.passes() { Ok(Err(error.to_string())) } else { Err(error) })
        .map_err(EngineError::api("checking the mesh"))
}

/// Every pod in the mesh has a sidecar, and all its containers are ready.
async fn sidecars(run: &Run<'_>, meshed: &[String]) -> Result<Seen, ApiError> {
    let mut with_sidecar = 0;
    for namespace in meshed {
        for pod in running_pods(run, namespace).await? {
            if pod.label("sidecar.istio.io/inject") == Some("false") {
                continue;
            }
            if !has_sidecar(&pod) {
                return Ok(Err(format!("{} has no sidecar", pod.id())));
            }
            if !is_ready(&pod) {
                return Ok(Err(format!("{} is not ready", pod.id())));
            }
            with_sidecar += 1;
        }
    }
    Ok(Ok(format!("{with_sidecar} pods in {} with a ready sidecar each", meshed.join(", "))))
}

/// A pod that would be made now would get a sidecar.
async fn injection(run: &Run<'_>, meshed: &[String]) -> Result<Result<Seen, ApiError>, NotAnObject> {
    for namespace in meshed {
        let probe = injection_probe(namespace)?;
        let seen = match run.cluster.dry_run_create(&probe).await {
            Ok(pod) if has_sidecar(&pod) => continue,
            Ok(_) => Ok(Err(format!("a new pod in {namespace} would get no sidecar"))),
            // Quotas are counted after all webhooks have answered, and say nothing about them.
            Err(ApiError::Refused { status: StatusCode::FORBIDDEN, message, .. })
                if message.contains("exceeded quota") =>
            {
                continue;
            }
            Err(error) => Err(error),
        };
        return Ok(seen);
    }
    Ok(Ok(Ok(format!("a new pod in {} would get a sidecar", meshed.join(", ")))))
}

/// Limits and a security context such as a strict namespace asks for.
fn injection_probe(namespace: &str) -> Result<Object, NotAnObject> {
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

/// A call in plaintext to every service of the mesh is cut off.
///
/// It is made in a sidecar's own container: what Envoy's user sends is not captured
/// (`tools/istio-iptables`, `--proxy-uid`), so it reaches the other side as a call from outside of
/// the mesh does, and a NetworkPolicy that lets the mesh through lets it through too.
async fn mtls(run: &Run<'_>, plan: &Plan, meshed: &[String]) -> Result<Seen, ApiError> {
    let mut refused = 0;
    for namespace in meshed {
        let Some(caller) = running_pods(run, namespace).await?.into_iter().find(has_sidecar) else {
            continue;
        };
        for (service, port) in services(plan, namespace) {
            let url = format!("http://{service}.{namespace}:{port}/");
            let command = [
                "curl",
                "--silent",
                "--output",
                "/dev/null",
                "--write-out",
                "%{http_code}",
                "--max-time",
                "5",
            ];
            let command = [&command[..], &[&url]].concat();
            let output = run.cluster.exec(namespace, caller.name(), "istio-proxy", &command, CALL).await?;
            match output.code {
                // curl(1): 52 is an empty reply, 56 a failure to receive: the connection was cut off.
                52 | 56 => refused += 1,
                0 => return Ok(Err(format!("{url} answered {} to a call in plaintext", output.stdout))),
                code => {
                    return Ok(Err(format!("curl ended with {code} for {url}: {}", output.stderr.trim())));
                }
            }
        }
    }
    Ok(match refused {
        0 => Err("there is no service to call".to_owned()),
        _ => Ok(format!("{refused} services refuse calls in plaintext")),
    })
}

/// The namespaces of the plan in which pods get a sidecar.
async fn meshed_namespaces(run: &Run<'_>, plan: &Plan) -> Result<Vec<String>, ApiError> {
    let mut meshed = Vec::new();
    for name in plan.namespaces() {
        let Some(namespace) = run.cluster.read("v1", "Namespace", None, name).await? else { continue };
        let is_labelled = namespace.label("istio-injection") == Some("enabled")
            || (namespace.label("istio.io/rev").is_some() && namespace.label("istio-injection").is_none());
        if is_labelled {
            meshed.push(name.to_owned());
        }
    }
    Ok(meshed)
}

pub(super) async fn running_pods(run: &Run<'_>, namespace: &str) -> Result<Vec<Object>, ApiError> {
    let pods = run.cluster.list("v1", "Pod", Some(namespace), None).await?;
    let is_running = |pod: &Object| {
        pod.text("/status/phase") == Some("Running") && pod.pointer("/metadata/deletionTimestamp").is_none()
    };
    Ok(pods.into_iter().filter(is_running).collect())
}

fn is_ready(pod: &Object) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// The plan's Services in a namespace, each with its first TCP port.
fn services<'a>(plan: &'a Plan, namespace: &str) -> BTreeSet<(&'a str, u64)> {
    let objects = plan.layers.iter().flat_map(Layer::objects).map(|placed| &placed.object);
    objects
        .filter(|object| object.is("", "Service") && object.namespace() == Some(namespace))
        .filter_map(|service| {
            let ports = service.pointer("/spec/ports")?.as_array()?;
            let is_tcp = |port: &&Value| port["protocol"].as_str().is_none_or(|protocol| protocol == "TCP");
            let port = ports.iter().find(is_tcp)?["port"].as_u64()?;
            Some((service.name(), port))
        })
        .collect()
}
