use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::Value;

use super::connect::Cluster;
use super::error::ApiError;
use super::handover::is_applied_by_kubectl;
use super::objects::Place;
use super::request::{Call, JSON};
use super::seen::Seen;
use super::settled::is_settled;
use super::{FIELD_MANAGER, handover};
use crate::object::Object;

/// Whether what is applied stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Persist,
    /// It stays, and takes the fields that others own with other values.
    Force,
    /// The server does all but store: defaults, webhooks, validation and quotas are asked.
    DryRun,
    /// The same for what would take the fields that others own.
    ForcedDryRun,
}

impl Mode {
    fn stays(self) -> bool {
        matches!(self, Self::Persist | Self::Force)
    }

    fn takes(self) -> bool {
        matches!(self, Self::Force | Self::ForcedDryRun)
    }
}

/// What applying did to an object, or would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Changed,
    Unchanged,
}

/// An object after it was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    pub outcome: Outcome,
    /// None where it was not there. Whole in a dry run, else its metadata alone; so is `live`.
    pub before: Option<Object>,
    pub live: Object,
    /// Who had made it, where it was there before we first applied it.
    pub makers: BTreeSet<String>,
}

/// How often an object is read again because it was written to meanwhile. After that, it is applied whatever
/// it is like, and may be told as changed where somebody else changed it.
const LOCKED_ATTEMPTS: usize = 5;

pub(super) const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// All that is needed to see whether an object changes: some hold hundreds of kilobytes.
pub(super) const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// What only the server sets, and would refuse or take for a wish if it were sent.
const SET_BY_SERVER: [&str; 6] =
    ["managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink"];

impl Cluster {
    /// Applies the object server-side, as [`FIELD_MANAGER`]: fields that others own with other values end in
    /// [`ApiError::Conflict`], unless the mode takes them. What `kubectl apply` owned of it becomes ours first.
    ///
    /// The server warns of fields that its schema does not have and drops them, rather than to refuse the
    /// object: Istio's charts have some that newer or older versions of Kubernetes do not know.
    ///
    /// What is told of the outcome is told of us alone: an object that a controller writes to meanwhile is
    /// read again. The first time that we apply what somebody else made, our ownership is a change.
    pub async fn apply(&self, object: &Object, mode: Mode) -> Result<Applied, ApiError> {
        self.apply_to(Seen::Unknown, object, mode).await
    }

    /// The same to an object that somebody has looked at before ([`Cluster::look`]). What was seen may be old: what has changed
    /// since is read again. Nothing is sent where what was seen is all that we want.
    pub async fn apply_to(&self, seen: Seen<'_>, object: &Object, mode: Mode) -> Result<Applied, ApiError> {
        let place = self.place_of(object).await?;
        let body = body(object);
        let attempt = Attempt { cluster: self, place: &place, body: &body, mode };
        let mut before = match seen {
            Seen::Unknown => attempt.read().await?,
            Seen::Absent => None,
            Seen::There(live) if is_settled(&body, live) => {
                let (live, makers) = (live.clone(), BTreeSet::new());
                let before = Some(live.clone());
                return Ok(Applied { outcome: Outcome::Unchanged, before, live, makers });
            }
            Seen::There(live) => Some(live.clone()),
        };
        for _ in 0..LOCKED_ATTEMPTS {
            match attempt.apply(before, true).await {
                Err(error) if error.is_race() => before = attempt.read().await?,
                outcome => return outcome,
            }
        }
        attempt.apply(before, false).await
    }
}

/// One object on its way into the cluster.
struct Attempt<'a> {
    cluster: &'a Cluster,
    place: &'a Place,
    body: &'a Value,
    mode: Mode,
}

impl Attempt<'_> {
    async fn read(&self) -> Result<Option<Object>, ApiError> {
        let accept = if self.mode.stays() { METADATA_ONLY } else { JSON };
        self.cluster.live(self.place, accept).await
    }

    /// With `locked`, an object that was changed since it was read is a race, and not applied.
    async fn apply(&self, before: Option<Object>, locked: bool) -> Result<Applied, ApiError> {
        let mode = self.mode;
        let Some(before) = before else { return self.create().await };
        if before.is_being_deleted() {
            let finalizers = before.finalizers().into_iter().map(str::to_owned).collect();
            return Err(ApiError::BeingDeleted { subject: self.place.subject.clone(), finalizers });
        }
        if mode.stays() && self.cluster.take_over(self.place, &before).await? {
            return self.apply_over(before).await;
        }

        let mut body = self.body.clone();
        if locked {
            body["metadata"]["resourceVersion"] = before.text("/metadata/resourceVersion").into();
        }
        let (status, live) = match self.patch(&body, mode.takes()).await {
            // A real run would take these over.
            Err(ApiError::Conflict { conflicts, .. })
                if mode == Mode::DryRun
                    && conflicts.iter().all(|conflict| conflict.manager == handover::KUBECTL_APPLY) =>
            {
                self.patch(&body, true).await?
            }
            answer => answer?,
        };
        let outcome = match status {
            // It went away meanwhile.
            StatusCode::CREATED => Outcome::Created,
            _ if !mode.stays() && is_applied_by_kubectl(&before) => Outcome::Changed,
            _ if is_same(&before, &live, mode) => Outcome::Unchanged,
            _ => Outcome::Changed,
        };
        let makers = makers(&before);
        Ok(Applied { outcome, before: Some(before), live, makers })
    }

    /// Applies what was not there. Where somebody has made it since, what kubectl owns of it becomes ours all the same.
    async fn create(&self) -> Result<Applied, ApiError> {
        let (status, live) = self.patch(self.body, self.mode.takes()).await?;
        if status == StatusCode::CREATED || !self.mode.stays() {
            return Ok(Applied { outcome: Outcome::Created, before: None, live, makers: BTreeSet::new() });
        }
        if self.cluster.take_over(self.place, &live).await? {
            return self.apply_over(live).await;
        }
        Ok(Applied { outcome: Outcome::Changed, before: None, live, makers: BTreeSet::new() })
    }

    /// Applies what has just become ours.
    async fn apply_over(&self, before: Object) -> Result<Applied, ApiError> {
        let (_, live) = self.patch(self.body, self.mode.takes()).await?;
        let makers = makers(&before);
        Ok(Applied { outcome: Outcome::Changed, before: Some(before), live, makers })
    }

    async fn patch(&self, body: &Value, force: bool) -> Result<(StatusCode, Object), ApiError> {
        let mut query = vec![
            ("fieldManager", FIELD_MANAGER),
            ("fieldValidation", "Warn"),
            ("force", if force { "true" } else { "false" }),
        ];
        if !self.mode.stays() {
            query.push(("dryRun", "All"));
        }
        // Of a live object nothing but its metadata is looked at again.
        let accept = if self.mode.stays() { METADATA_ONLY } else { JSON };
        let call = Call::get(self.place.path(&query)?, &self.place.subject).with_body(APPLY_PATCH, body);
        let mut call = call.accepting(accept);
        if self.mode == Mode::DryRun {
            call = call.storing_nothing();
        }
        self.cluster.object(Call { method: Method::PATCH, ..call }).await
    }
}

/// What is sent: the object without what is the server's.
fn body(object: &Object) -> Value {
    let mut body = object.clone();
    body.fields_mut().remove("status");
    if let Some(Value::Object(metadata)) = body.fields_mut().get_mut("metadata") {
        SET_BY_SERVER.iter().for_each(|field| {
            metadata.remove(*field);
        });
    }
    body.into_value()
}

/// The managers that own fields of an object which we have not applied yet, status aside. What `kubectl apply` made is
/// ours to take over.
fn makers(before: &Object) -> BTreeSet<String> {
    if before.is_applied_by(FIELD_MANAGER) {
        return BTreeSet::new();
    }
    let entries = before.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let others = entries.filter(|entry| entry["subresource"] != "status");
    let managers = others.filter_map(|entry| entry["manager"].as_str());
    managers.filter(|manager| *manager != handover::KUBECTL_APPLY).map(str::to_owned).collect()
}

/// The server keeps the resource version where nothing changes.
fn is_same(before: &Object, after: &Object, mode: Mode) -> bool {
    if mode.stays() {
        return before.text("/metadata/resourceVersion") == after.text("/metadata/resourceVersion");
    }
    // What is not stored gets no new resource version.
    essence(before) == essence(after)
}

/// An object without what changes whenever it is written.
fn essence(object: &Object) -> Value {
    let mut essence = object.clone();
    if let Some(Value::Object(metadata)) = essence.fields_mut().get_mut("metadata") {
        ["managedFields", "resourceVersion", "generation"].iter().for_each(|field| {
            metadata.remove(*field);
        });
    }
    essence.into_value()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;
    use crate::cluster::testing::{Answer, Asked, cluster, deployment};

    /// The object as the server has it.
    fn live(version: &str, more: &Value) -> Value {
        let mut live = deployment("web").into_value();
        live["metadata"]["resourceVersion"] = version.into();
        live["metadata"]["uid"] = "u".into();
        json_patch::merge(&mut live, more);
        live
    }

    /// A cluster where reading gives `before` and patching `after`; with what it was asked to patch.
    fn server(before: Answer, after: Answer) -> (Cluster, Arc<Mutex<Vec<Asked>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let cluster = cluster(move |asked| {
            if asked.method == Method::GET {
                return before.clone();
            }
            log.lock().unwrap().push(asked);
            after.clone()
        });
        (cluster, asked)
    }

    async fn outcome(before: Answer, after: Answer, mode: Mode) -> Outcome {
        server(before, after).0.apply(&deployment("web"), mode).await.unwrap().outcome
    }

    #[tokio::test]
    async fn the_outcome_is_told_by_the_resource_version() {
        let none = json!({});
        let [first, second] = ["1", "2"].map(|version| live(version, &none));
        let absent = || Answer::not_found("deployments.apps");
        assert_eq!(
            outcome(absent(), Answer::Json(201, first.clone()), Mode::Persist).await,
            Outcome::Created
        );
        let (before, after) = (Answer::ok(first.clone()), Answer::ok(second));
        assert_eq!(outcome(before, after, Mode::Persist).await, Outcome::Changed);
        let (before, after) = (Answer::ok(first.clone()), Answer::ok(first));
        assert_eq!(outcome(before, after, Mode::Persist).await, Outcome::Unchanged);
    }

    #[tokio::test]
    async fn a_dry_run_tells_the_outcome_by_the_content() {
        let before = || Answer::ok(live("1", &json!({"metadata": {"generation": 1, "managedFields": []}})));
        let owned = live("1", &json!({"metadata": {"generation": 2, "managedFields": [{"manager": "x"}]}}));
        assert_eq!(outcome(before(), Answer::ok(owned), Mode::DryRun).await, Outcome::Unchanged);
        let changed = live("1", &json!({"spec": {"replicas": 3}}));
        assert_eq!(outcome(before(), Answer::ok(changed), Mode::DryRun).await, Outcome::Changed);
    }

    #[tokio::test]
    async fn what_is_the_servers_is_not_sent() {
        let (cluster, asked) =
            server(Answer::not_found("deployments.apps"), Answer::Json(201, live("1", &json!({}))));
        let read = live(
            "7",
            &json!({
                "metadata": {"managedFields": [], "generation": 3, "creationTimestamp": "x", "labels": {"a": "b"}},
                "status": {"replicas": 2},
            }),
        );
        cluster.apply(&Object::new(read).unwrap(), Mode::Persist).await.unwrap();
        let asked = asked.lock().unwrap();
        let [patch] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!(
            patch.body,
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "web", "namespace": "ns", "labels": {"a": "b"}}, "spec": {"replicas": 2},
            })
        );
        assert_eq!(patch.path, "/apis/apps/v1/namespaces/ns/deployments/web");
        assert_eq!(patch.headers["content-type"], "application/apply-patch+yaml");
        let query = |name| patch.query(name);
        assert_eq!(query("fieldManager"), Some("kubestock-install"));
        assert_eq!((query("force"), query("dryRun")), (Some("false"), None));
    }

    #[tokio::test]
    async fn a_controller_that_writes_meanwhile_is_not_taken_for_a_change_of_ours() {
        let version = Arc::new(Mutex::new(1));
        let cluster = cluster(move |asked| {
            let mut version = version.lock().unwrap();
            let read = live(&version.to_string(), &json!({}));
            if asked.method == Method::GET {
                // The controller writes after each of the first three reads.
                *version += u32::from(*version < 4);
                return Answer::ok(read);
            }
            if asked.body["metadata"]["resourceVersion"] == read["metadata"]["resourceVersion"] {
                Answer::ok(read)
            } else {
                Answer::status(409, "Conflict", "the object has been modified")
            }
        });
        let applied = cluster.apply(&deployment("web"), Mode::Persist).await.unwrap();
        assert_eq!(applied.outcome, Outcome::Unchanged);
    }

    #[tokio::test]
    async fn an_object_that_is_never_still_is_applied_all_the_same() {
        let read = Answer::ok(live("1", &json!({})));
        let cluster = cluster(move |asked| match asked.body["metadata"]["resourceVersion"].as_str() {
            _ if asked.method == Method::GET => read.clone(),
            Some(_) => Answer::status(409, "Conflict", "the object has been modified"),
            None => Answer::ok(live("9", &json!({}))),
        });
        let applied = cluster.apply(&deployment("web"), Mode::Persist).await.unwrap();
        assert_eq!(applied.outcome, Outcome::Changed);
    }

    #[tokio::test]
    async fn nothing_is_applied_to_an_object_on_its_way_out() {
        let metadata = json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.org/a"]});
        let dying = live("1", &json!({"metadata": metadata}));
        let (cluster, asked) = server(Answer::ok(dying), Answer::Hangs);
        let error = cluster.apply(&deployment("web"), Mode::Persist).await.unwrap_err();
        assert!(matches!(error, ApiError::BeingDeleted { .. }) && error.passes(), "{error:?}");
        assert!(error.to_string().ends_with("is being deleted, and waits for its finalizers: example.org/a"));
        assert!(asked.lock().unwrap().is_empty());
    }

    fn applied_by_kubectl() -> Value {
        live(
            "1",
            &json!({"metadata": {"managedFields": [{
                "manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "apps/v1",
                "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}},
            }]}}),
        )
    }

    #[tokio::test]
    async fn what_kubectl_applied_becomes_ours_before_we_apply_even_if_it_changes_meanwhile() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let asked = log.clone();
        let cluster = cluster(move |request| {
            if request.method == Method::GET {
                return Answer::ok(applied_by_kubectl());
            }
            let kind = request.headers["content-type"].to_str().unwrap().to_owned();
            asked.lock().unwrap().push(kind);
            match asked.lock().unwrap().len() {
                1 => Answer::status(409, "Conflict", "the object has been modified"),
                _ => Answer::ok(live("2", &json!({}))),
            }
        });
        let applied = cluster.apply(&deployment("web"), Mode::Persist).await.unwrap();
        assert_eq!(applied.outcome, Outcome::Changed);
        let (move_, apply) = ("application/json-patch+json", "application/apply-patch+yaml");
        assert_eq!(*log.lock().unwrap(), [move_, move_, apply]);
    }

    #[tokio::test]
    async fn a_dry_run_counts_what_kubectl_owns_as_ours_and_moves_nothing() {
        let forced = Arc::new(Mutex::new(Vec::new()));
        let log = forced.clone();
        let cluster = cluster(move |asked| {
            let Some(force) = asked.query("force") else { return Answer::ok(applied_by_kubectl()) };
            assert_eq!(asked.query("dryRun"), Some("All"));
            log.lock().unwrap().push(force.to_owned());
            if force == "true" {
                return Answer::ok(live("1", &json!({"spec": {"replicas": 3}})));
            }
            let cause = json!({"reason": "FieldManagerConflict", "field": ".spec.replicas",
                               "message": "conflict with \"kubectl-client-side-apply\" using apps/v1"});
            Answer::Json(409, json!({"kind": "Status", "reason": "Conflict", "details": {"causes": [cause]}}))
        });
        let applied = cluster.apply(&deployment("web"), Mode::DryRun).await.unwrap();
        assert_eq!(applied.outcome, Outcome::Changed);
        assert_eq!(*forced.lock().unwrap(), ["false", "true"]);
    }

    #[tokio::test]
    async fn what_kubectl_applied_would_be_changed_even_where_its_fields_stay_as_they_are() {
        let applied = || Answer::ok(applied_by_kubectl());
        assert_eq!(outcome(applied(), applied(), Mode::DryRun).await, Outcome::Changed);
    }

    #[tokio::test]
    async fn an_object_without_a_namespace_goes_where_the_context_says() {
        let (cluster, asked) = server(Answer::not_found("x"), Answer::Json(201, live("1", &json!({}))));
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
        cluster.apply(&Object::new(object).unwrap(), Mode::Persist).await.unwrap();
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a b/c"}});
        cluster.apply(&Object::new(object).unwrap(), Mode::Persist).await.unwrap();
        let paths: Vec<String> = asked.lock().unwrap().iter().map(|asked| asked.path.clone()).collect();
        assert_eq!(paths, ["/api/v1/namespaces/default/configmaps/a", "/api/v1/namespaces/a%20b%2Fc"]);
    }
}
