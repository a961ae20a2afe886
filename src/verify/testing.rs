//! Meshes for tests, from YAML.

use super::{Promised, Proxy, Report, Seen, judge};
use crate::object::Object;
use crate::object::yaml::parse_documents;
use crate::profile::Check;

/// One service in a mesh with an istiod, a gateway and the namespace `shop`: all is well.
pub(super) const SHOP: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system, labels: {app: istiod}}
spec: {replicas: 1, template: {spec: {containers: [{image: 'istio/pilot:1.18.0'}]}}}
status: &ready
  {replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1,
   conditions: [{type: Available, status: 'True'}, {type: Progressing, status: 'True', reason: NewReplicaSetAvailable}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kiali, namespace: istio-system}
spec: {replicas: 1}
status:
  {replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1,
   conditions: [{type: Available, status: 'True'}, {type: Progressing, status: 'True', reason: NewReplicaSetAvailable}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {replicas: 1, template: {metadata: {labels: {app: web}}}}
status:
  {replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1,
   conditions: [{type: Available, status: 'True'}, {type: Progressing, status: 'True', reason: NewReplicaSetAvailable}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {app: web}}
spec: {serviceAccountName: web, containers: [{name: web}, {name: istio-proxy}]}
status: {phase: Running, containerStatuses: [{name: web, ready: true}, {name: istio-proxy, ready: true}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}
endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]
";

pub(super) fn objects(yaml: &str) -> Vec<Object> {
    let yaml = yaml.replace("&ready", "");
    let documents = parse_documents(&yaml).unwrap();
    documents.into_iter().map(|document| Object::new(document.value).unwrap()).collect()
}

/// The shop as it was promised, and as it is: with `changes` in the place of what has the same names.
pub(super) fn shop(changes: &str) -> (Promised, Seen) {
    let promise = objects(SHOP);
    let mut seen = Seen { objects: promise.iter().cloned().collect(), ..Seen::default() };
    seen.objects.extend(objects(changes));
    let proxy = |pod: &str| Proxy {
        pod: pod.to_owned(),
        namespace: "shop".to_owned(),
        version: "1.18.0".to_owned(),
        behind: Vec::new(),
    };
    seen.proxies = Some(Ok(vec![proxy("web-1")]));
    (Promised::by(&promise, &seen.objects, &[]), seen)
}

/// A report in lines: how it ended and what was seen, then each finding.
pub(super) fn told(check: Check, promised: &Promised, seen: &Seen) -> String {
    let Report { outcome, seen, findings, .. } = judge(check, promised, seen);
    let findings: String =
        findings.iter().map(|finding| format!("{}: {finding}\n", finding.label())).collect();
    format!("{outcome:?}: {seen}\n{findings}")
}
