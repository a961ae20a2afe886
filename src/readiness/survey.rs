use std::collections::BTreeSet;

use jiff::Timestamp;

use super::conditions::{condition, list, text, time};
use super::evidence::Evidence;
use super::explain::troubles;
use super::status::{Status, is_workload, status};
use super::trouble::Trouble;
use crate::object::{Object, ObjectId, Snapshot};

/// What is wrong with each workload of a snapshot at a moment. Nobody has watched them: how long a trouble
/// has lasted is read from the objects' own times.
pub fn survey(snapshot: &Snapshot, now: Timestamp) -> Vec<(ObjectId, Trouble)> {
    let workloads: Vec<&Object> = snapshot.iter().filter(|object| is_workload(object)).collect();
    let uids = workloads.iter().filter_map(|workload| workload.text("/metadata/uid")).collect();
    let made_by_none = workloads.into_iter().filter(|workload| !is_made_by_one_of(&uids, workload));
    made_by_none.filter_map(|workload| Some((workload.id(), trouble(workload, snapshot, now)?))).collect()
}

fn trouble(workload: &Object, snapshot: &Snapshot, now: Timestamp) -> Option<Trouble> {
    let verdict = status(workload);
    if verdict.status == Status::Current {
        return None;
    }
    let evidence = Evidence::gather(workload, snapshot);
    let trouble = troubles(workload, &verdict, &evidence, snapshot)
        .into_iter()
        .next()
        .unwrap_or_else(|| Trouble::unexplained(workload.id(), &verdict.message));
    let lasts = onset(workload, &trouble, &evidence, snapshot).map(|since| now.duration_since(since));
    let is_over = lasts.is_some_and(|lasts| lasts.unsigned_abs() >= trouble.grace && lasts.is_positive());
    Some(if is_over || verdict.status == Status::Failed { trouble.for_certain() } else { trouble })
}

/// From when on the trouble lasts: its pod is not ready, or its pods are refused; at the latest since it was made.
fn onset(
    workload: &Object,
    trouble: &Trouble,
    evidence: &Evidence<'_>,
    snapshot: &Snapshot,
) -> Option<Timestamp> {
    let (object, kind) = match trouble.pod.as_ref().and_then(|pod| snapshot.get(pod)) {
        Some(pod) => (pod, "Ready"),
        None => (evidence.creator.unwrap_or(workload), "ReplicaFailure"),
    };
    let turned = condition(object, kind).and_then(|condition| condition.since);
    turned.or_else(|| time(object.text("/metadata/creationTimestamp")?))
}

/// What a workload makes is part of it; a CronJob tries again with another Job.
fn is_made_by_one_of(workloads: &BTreeSet<&str>, object: &Object) -> bool {
    list(object, "/metadata/ownerReferences")
        .any(|owner| text(owner, "kind") == "CronJob" || workloads.contains(text(owner, "uid")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::yaml::parse_documents;
    use crate::readiness::grouped;

    const STATE: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d}
spec: {replicas: 1}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5d, namespace: shop, uid: r, ownerReferences: [{kind: Deployment, uid: d}]}
spec: {replicas: 1}
---
apiVersion: v1
kind: Pod
metadata: {name: web-5d-x, namespace: shop, uid: p, ownerReferences: [{kind: ReplicaSet, uid: r}]}
status:
  phase: Pending
  conditions: [{type: Ready, status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z'}]
  containerStatuses: [{name: app, image: 'shop/web:1', state: {waiting: {reason: ErrImagePull, message: not found}}}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: nightly-1, namespace: shop, ownerReferences: [{kind: CronJob, uid: c}]}
status: {conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, creationTimestamp: '2026-01-01T00:00:00Z'}
spec: {replicas: 1}
";

    fn told(at: &str) -> Vec<String> {
        let documents = parse_documents(STATE).unwrap();
        let snapshot: Snapshot =
            documents.into_iter().map(|document| Object::new(document.value).unwrap()).collect();
        let troubles = survey(&snapshot, at.parse().unwrap());
        let findings = grouped(&troubles);
        findings.iter().map(|finding| format!("{}: {finding}", finding.label())).collect()
    }

    #[test]
    fn each_workload_is_told_once_and_what_has_lasted_is_an_error() {
        let image = "Deployment/shop/web: web-5d-x: container app: cannot pull shop/web:1: not found";
        let set = "StatefulSet/shop/db: 0 of 1 pod created";
        let soon = [format!("warning[KSI-401]: {set}"), format!("warning[KSI-423]: {image}")];
        assert_eq!(told("2026-01-01T00:00:39Z"), soon);
        let later = [format!("error[KSI-423]: {image}"), format!("warning[KSI-401]: {set}")];
        assert_eq!(told("2026-01-01T00:00:40Z"), later);
        let at_last = [format!("error[KSI-401]: {set}"), format!("error[KSI-423]: {image}")];
        assert_eq!(told("2026-01-01T00:10:00Z"), at_last);
    }
}
