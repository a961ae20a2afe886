use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::BackoffBuilder;
use futures::{Stream, StreamExt};
use kube::Api;
use kube::core::{ApiResource, DynamicObject};
use kube::runtime::watcher;
use tokio::sync::watch as signal;
use tokio_util::task::AbortOnDropHandle;

use super::REQUEST_LIMIT;
use super::connect::Cluster;
use super::error::{ApiError, Subject};
use super::kinds::Resource;
use super::objects::typed;
use super::request;
use crate::object::{GroupKind, Object, ObjectId, Packed, Snapshot};

/// What is watched: the objects of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub api_version: String,
    pub kind: String,
    /// None for all namespaces, and for a kind that has none.
    pub namespace: Option<String>,
    /// A label selector: `app=web,tier!=test`.
    pub selector: Option<String>,
    /// A field selector: `metadata.name=web`.
    pub fields: Option<String>,
}

/// Objects that are kept up to date by watches. Dropping it ends the watches.
pub struct Watching {
    cluster: Cluster,
    essence: fn(Object) -> Object,
    board: Arc<Board>,
    changes: signal::Receiver<u64>,
    tasks: Vec<AbortOnDropHandle<()>>,
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watching").field("scopes", &self.board.state().scopes.len()).finish_non_exhaustive()
    }
}

/// A watch is renewed this often, in seconds. A connection that died in silence is noticed 5 s later.
const WATCH_SECONDS: u32 = 55;

impl Cluster {
    /// Watches each scope on its own: what goes wrong with one is [told](Watching::trouble), is tried again,
    /// and does not disturb the others.
    pub fn watch(&self, scopes: Vec<Scope>) -> Watching {
        self.watch_for(scopes, |object| object)
    }

    /// The same, for what `essence` leaves of each object.
    pub fn watch_for(&self, scopes: Vec<Scope>, essence: fn(Object) -> Object) -> Watching {
        let (changed, mut changes) = signal::channel(0);
        changes.mark_unchanged();
        let board = Arc::new(Board { state: Mutex::default(), changed });
        let mut watching = Watching { cluster: self.clone(), essence, board, changes, tasks: Vec::new() };
        watching.widen(scopes);
        watching
    }
}

impl Watching {
    /// Watches these scopes as well.
    pub fn widen(&mut self, scopes: Vec<Scope>) {
        for scope in scopes {
            let index = self.board.state().add_scope();
            let slot = Slot { board: self.board.clone(), index, essence: self.essence };
            let watching = tokio::spawn(keep_watching(self.cluster.clone(), scope, slot));
            self.tasks.push(AbortOnDropHandle::new(watching));
        }
    }

    /// Resolves when an object, or what is known about the scopes, has changed since the last time; many
    /// changes at once are one.
    pub async fn changed(&mut self) {
        // The board holds the sender, and we hold the board: this cannot end.
        let _ = self.changes.changed().await;
    }

    /// All objects of all scopes, as far as they are known now.
    pub fn snapshot(&self) -> Snapshot {
        self.board.state().snapshot.clone()
    }

    /// Reads the objects where they are, with those that have changed or gone since the last reading as they were last. Who
    /// reads many may [pack](Snapshot::pack) them in between.
    pub fn read<T>(&self, read: impl FnOnce(&mut Snapshot, Vec<Packed>) -> T) -> T {
        let mut state = self.board.state();
        let changed = std::mem::take(&mut state.changed);
        let read = read(&mut state.snapshot, changed.into_values().collect());
        state.snapshot.pack();
        read
    }

    /// Lets go of these objects; each is known again once it changes, or is listed anew.
    pub fn forget(&self, ids: &BTreeSet<ObjectId>) {
        let mut state = self.board.state();
        for id in ids {
            state.snapshot.remove(id);
            state.scopes.iter_mut().for_each(|scope| _ = scope.members.remove(id));
        }
    }

    /// Resolves when every scope is listed. A scope that the server will not list ends it with the reason; the
    /// others go on. How long to wait for a server that is out of reach is the caller's to say.
    pub async fn synced(&mut self) -> Result<(), ApiError> {
        let board = self.board.clone();
        let mut changes = self.changes.clone();
        loop {
            changes.mark_unchanged();
            if let Some(outcome) = board.state().listed() {
                return outcome;
            }
            let _ = changes.changed().await;
        }
    }

    /// What is wrong with a scope, while it lasts.
    pub fn trouble(&self) -> Option<String> {
        let state = self.board.state();
        state.scopes.iter().find_map(|scope| scope.trouble.as_ref()).map(ToString::to_string)
    }
}

/// Where the watches write, and the reader reads.
struct Board {
    state: Mutex<State>,
    changed: signal::Sender<u64>,
}

#[derive(Default)]
struct State {
    snapshot: Snapshot,
    /// What has been written since it was last read.
    changed: BTreeMap<Arc<ObjectId>, Packed>,
    scopes: Vec<ScopeState>,
}

#[derive(Default)]
struct ScopeState {
    /// An object may be in several scopes.
    members: BTreeSet<Arc<ObjectId>>,
    listed: bool,
    trouble: Option<ApiError>,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Where the scope is among all.
    fn add_scope(&mut self) -> usize {
        self.scopes.push(ScopeState::default());
        self.scopes.len() - 1
    }

    /// None while a scope may still be listed.
    fn listed(&self) -> Option<Result<(), ApiError>> {
        let refused = self.scopes.iter().filter(|scope| !scope.listed).find_map(|scope| {
            let trouble = scope.trouble.as_ref()?;
            (!trouble.passes() || matches!(trouble, ApiError::UnknownKind { .. })).then(|| trouble.clone())
        });
        match refused {
            Some(trouble) => Some(Err(trouble)),
            None => self.scopes.iter().all(|scope| scope.listed).then_some(Ok(())),
        }
    }

    fn put(&mut self, object: Packed) {
        self.changed.insert(object.id().clone(), object.clone());
        self.snapshot.insert(object);
    }

    fn remove(&mut self, index: usize, id: &ObjectId) {
        self.scopes[index].members.remove(id);
        if self.scopes.iter().any(|scope| scope.members.contains(id)) {
            return;
        }
        if let Some(object) = self.snapshot.remove(id) {
            self.changed.insert(object.id().clone(), object);
        }
    }
}

/// One scope's place on the board.
struct Slot {
    board: Arc<Board>,
    index: usize,
    essence: fn(Object) -> Object,
}

impl Slot {
    fn put(&self, object: Packed) {
        self.change(|state, index| {
            state.scopes[index].members.insert(object.id().clone());
            state.put(object);
        });
    }

    fn remove(&self, object: &Packed) {
        self.change(|state, index| state.remove(index, object.id()));
    }

    /// Puts a whole list in the place of what was known: what it does not hold has vanished.
    fn replace(&self, objects: Vec<Packed>) {
        self.change(|state, index| {
            let listed: BTreeSet<Arc<ObjectId>> = objects.iter().map(|object| object.id().clone()).collect();
            let vanished: Vec<Arc<ObjectId>> =
                state.scopes[index].members.difference(&listed).cloned().collect();
            vanished.iter().for_each(|id| state.remove(index, id));
            state.scopes[index] = ScopeState { members: listed, listed: true, trouble: None };
            objects.into_iter().for_each(|object| state.put(object));
        });
    }

    fn trouble(&self, trouble: ApiError) {
        self.change(|state, index| state.scopes[index].trouble = Some(trouble));
    }

    fn change(&self, change: impl FnOnce(&mut State, usize)) {
        change(&mut self.board.state(), self.index);
        self.board.changed.send_modify(|count| *count += 1);
    }
}

/// Watches a scope until it is aborted. After an error, whatever it was, the scope is listed anew: that is
/// right also where the server has forgotten what happened meanwhile (410), and where the kind is gone.
async fn keep_watching(cluster: Cluster, scope: Scope, slot: Slot) {
    let mut delays = delays();
    loop {
        let error = match watch_once(&cluster, &scope, &slot, || delays = self::delays()).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        tracing::debug!(?scope, %error, "a watch ended");
        let asked = error.retry_after();
        slot.trouble(error);
        let delay = asked.or_else(|| delays.next()).unwrap_or(MAX_DELAY);
        tokio::time::sleep(delay).await;
    }
}

const MAX_DELAY: Duration = Duration::from_secs(5);

fn delays() -> impl Iterator<Item = Duration> + use<> {
    backon::ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(MAX_DELAY)
        .with_jitter()
        .without_max_times()
        .build()
}

/// Lists and watches until something goes wrong.
async fn watch_once(
    cluster: &Cluster,
    scope: &Scope,
    slot: &Slot,
    mut listed: impl FnMut(),
) -> Result<std::convert::Infallible, ApiError> {
    let resource = cluster.resource(&scope.api_version, &scope.kind).await?;
    let subject = subject(scope);
    let kept = |object| kept(object, &resource, &subject).map(|object| Packed::from(&(slot.essence)(object)));
    let mut events = std::pin::pin!(events(cluster, scope, &resource));
    // Some while a list is coming in.
    let mut list: Option<Vec<Packed>> = None;
    loop {
        let event = match &list {
            // Each page within its time. The watch itself may be silent for long.
            Some(_) => tokio::time::timeout(REQUEST_LIMIT, events.next())
                .await
                .map_err(|_| ApiError::TimedOut { subject: subject.clone(), after: REQUEST_LIMIT })?,
            None => events.next().await,
        };
        // The stream of a watcher has no end.
        let Some(event) = event else { continue };
        match event.map_err(|error| from_watcher(error, &subject))? {
            watcher::Event::Init => list = Some(Vec::new()),
            watcher::Event::InitApply(object) => list.get_or_insert_default().push(kept(object)?),
            watcher::Event::InitDone => {
                slot.replace(list.take().unwrap_or_default());
                listed();
            }
            watcher::Event::Apply(object) => slot.put(kept(object)?),
            watcher::Event::Delete(object) => slot.remove(&kept(object)?),
        }
    }
}

fn events(
    cluster: &Cluster,
    scope: &Scope,
    resource: &Resource,
) -> impl Stream<Item = watcher::Result<watcher::Event<DynamicObject>>> + use<> {
    let (group, version) = resource.api_version.split_once('/').unwrap_or(("", &resource.api_version));
    let kind = ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: resource.api_version.clone(),
        kind: resource.kind.clone(),
        plural: resource.plural.clone(),
    };
    let client = cluster.client().clone();
    let api: Api<DynamicObject> = match scope.namespace.as_deref().filter(|_| resource.namespaced) {
        Some(namespace) => Api::namespaced_with(client, namespace, &kind),
        None => Api::all_with(client, &kind),
    };
    let mut config = watcher::Config::default().timeout(WATCH_SECONDS);
    config.label_selector = scope.selector.clone();
    config.field_selector = scope.fields.clone();
    watcher(api, config)
}

/// An object as it is kept: without its `managedFields`, which are often the larger part and say nothing about
/// its state.
fn kept(object: DynamicObject, resource: &Resource, subject: &Arc<Subject>) -> Result<Object, ApiError> {
    let unreadable = |source| ApiError::Unreadable { subject: subject.clone(), source };
    let DynamicObject { mut metadata, data: mut fields, .. } = object;
    metadata.managed_fields = None;
    // Only the metadata has a type of its own: the rest is as it came, and most of the object.
    fields["metadata"] = serde_json::to_value(metadata).map_err(|error| unreadable(Arc::new(error)))?;
    typed(fields, resource).map_err(|error| unreadable(Arc::new(error)))
}

fn from_watcher(error: watcher::Error, subject: &Arc<Subject>) -> ApiError {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => request::from_kube(error, subject),
        watcher::Error::WatchError(status) => request::from_kube(kube::Error::Api(status), subject),
        watcher::Error::NoResourceVersion => {
            ApiError::Unreadable { subject: subject.clone(), source: Arc::new(error) }
        }
    }
}

fn subject(scope: &Scope) -> Arc<Subject> {
    let group_kind = GroupKind::of(&scope.api_version, &scope.kind);
    Arc::new(Subject::Kind { group_kind, namespace: scope.namespace.clone() })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::testing::{Answer, cluster};

    fn scope(kind: &str) -> Scope {
        let namespace = Some("ns".to_owned());
        let api_version = if kind == "Deployment" { "apps/v1" } else { "v1" }.to_owned();
        Scope { api_version, kind: kind.to_owned(), namespace, selector: None, fields: None }
    }

    fn map(name: &str, version: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": name, "namespace": "ns", "resourceVersion": version,
                "managedFields": [{"manager": "somebody"}],
            },
        })
    }

    /// A list as the server gives it: its items have no type.
    fn list(items: &[Value], version: &str) -> Answer {
        let mut items = items.to_vec();
        items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| {
            item.remove("kind");
            item.remove("apiVersion");
        });
        let metadata = json!({"resourceVersion": version});
        Answer::ok(json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": items}))
    }

    fn names(watching: &Watching) -> Vec<String> {
        watching.snapshot().iter().map(|object| object.name().to_owned()).collect()
    }

    async fn until(watching: &mut Watching, wanted: &[&str]) {
        while names(watching) != wanted {
            watching.changed().await;
        }
    }

    /// A cluster in which `a` goes and `c` comes after the list.
    fn moved_on() -> Cluster {
        let watches = AtomicUsize::new(0);
        cluster(move |asked| match asked.query("watch") {
            None => list(&[map("a", "1"), map("b", "2")], "2"),
            Some(_) if watches.fetch_add(1, Ordering::Relaxed) == 0 => {
                Answer::events(&[("ADDED", map("c", "3")), ("DELETED", map("a", "4"))])
            }
            Some(_) => Answer::Hangs,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn events_move_the_snapshot_on() {
        let mut watching = moved_on().watch(vec![scope("ConfigMap")]);
        watching.synced().await.unwrap();
        until(&mut watching, &["b", "c"]).await;
        assert_eq!(watching.trouble(), None);
        let snapshot = watching.snapshot();
        assert_eq!(snapshot.of_kind("", "ConfigMap").count(), 2);
        assert!(snapshot.iter().all(|object| object.pointer("/metadata/managedFields").is_none()));
    }

    #[tokio::test(start_paused = true)]
    async fn each_reading_tells_what_has_changed_or_gone_since_the_one_before() {
        let mut watching = moved_on().watch(vec![scope("ConfigMap")]);
        let changed = |watching: &Watching| {
            let changed = watching.read(|_, changed| changed);
            changed.iter().map(|object| object.id().name.clone()).collect::<Vec<_>>()
        };
        until(&mut watching, &["b", "c"]).await;
        assert_eq!(changed(&watching), ["a", "b", "c"]);
        assert_eq!(changed(&watching), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_forgotten_is_known_again_once_it_changes() {
        let changes = Arc::new(AtomicBool::new(false));
        let changing = changes.clone();
        let cluster = cluster(move |asked| match asked.query("watch") {
            None => list(&[map("a", "1"), map("b", "2")], "2"),
            Some(_) if changing.swap(false, Ordering::Relaxed) => {
                Answer::events(&[("MODIFIED", map("a", "3"))])
            }
            Some(_) => Answer::events(&[]),
        });
        let mut watching = cluster.watch(vec![scope("ConfigMap")]);
        watching.synced().await.unwrap();
        let all = watching.snapshot().iter().map(Object::id).collect();
        watching.forget(&all);
        assert_eq!(names(&watching), [""; 0]);
        changes.store(true, Ordering::Relaxed);
        until(&mut watching, &["a"]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_relist_after_410_takes_away_what_vanished_meanwhile() {
        let expired = json!({"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired",
                             "message": "too old resource version"});
        // The server says so in the stream, or in the place of it.
        let ways = [Answer::events(&[("ERROR", expired.clone())]), Answer::Json(410, expired)];
        for gone in ways {
            let (lists, watches) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let cluster = cluster(move |asked| match asked.query("watch") {
                None => match lists.fetch_add(1, Ordering::Relaxed) {
                    0 => list(&[map("a", "1"), map("b", "2")], "2"),
                    _ => list(&[map("b", "2"), map("c", "9")], "9"),
                },
                Some(_) if watches.fetch_add(1, Ordering::Relaxed) == 0 => gone.clone(),
                Some(_) => Answer::Hangs,
            });
            let mut watching = cluster.watch(vec![scope("ConfigMap")]);
            watching.synced().await.unwrap();
            until(&mut watching, &["b", "c"]).await;
            assert_eq!(watching.trouble(), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_ends_goes_on_from_its_last_bookmark() {
        let lists = Arc::new(AtomicUsize::new(0));
        let listed = lists.clone();
        let cluster = cluster(move |asked| match (asked.query("watch"), asked.query("resourceVersion")) {
            (None, _) => {
                listed.fetch_add(1, Ordering::Relaxed);
                list(&[map("a", "1")], "1")
            }
            (Some(_), Some("1")) => {
                let bookmark =
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"resourceVersion": "7"}});
                Answer::events(&[("BOOKMARK", bookmark)])
            }
            (Some(_), Some("7")) => Answer::events(&[("ADDED", map("b", "8"))]),
            (Some(_), _) => Answer::Hangs,
        });
        let mut watching = cluster.watch(vec![scope("ConfigMap")]);
        until(&mut watching, &["a", "b"]).await;
        assert_eq!(lists.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_scope_that_is_forbidden_does_not_disturb_the_others() {
        let cluster = cluster(|asked| match asked.query("watch") {
            _ if asked.path.contains("deployments") => {
                Answer::status(403, "Forbidden", "deployments.apps is forbidden: User \"me\" cannot list")
            }
            None => list(&[map("a", "1")], "1"),
            Some(_) => Answer::Hangs,
        });
        let mut watching = cluster.watch(vec![scope("Deployment"), scope("ConfigMap")]);
        let error = watching.synced().await.unwrap_err();
        assert!(matches!(&error, ApiError::Refused { reason, .. } if reason == "Forbidden"), "{error:?}");
        until(&mut watching, &["a"]).await;
        let trouble = watching.trouble().unwrap();
        assert_eq!(trouble, "Deployment.apps in ns: deployments.apps is forbidden: User \"me\" cannot list");
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_ends_when_the_server_is_back() {
        let lists = AtomicUsize::new(0);
        let cluster = cluster(move |asked| match asked.query("watch") {
            None => match lists.fetch_add(1, Ordering::Relaxed) {
                0 => Answer::Hangs,
                1 => Answer::status(503, "ServiceUnavailable", "not now"),
                _ => list(&[map("a", "1")], "1"),
            },
            Some(_) => Answer::Hangs,
        });
        let mut watching = cluster.watch(vec![scope("ConfigMap")]);
        watching.changed().await;
        assert_eq!(watching.trouble().unwrap(), "ConfigMap in ns: the API server did not answer within 15 s");
        watching.changed().await;
        assert_eq!(watching.trouble().unwrap(), "ConfigMap in ns: not now");
        watching.synced().await.unwrap();
        assert_eq!((watching.trouble(), names(&watching)), (None, vec!["a".to_owned()]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_kind_that_the_server_does_not_know_ends_the_wait_for_the_lists() {
        let cluster = cluster(|_| Answer::Hangs);
        let mut watching = cluster.watch(vec![scope("VirtualService")]);
        assert!(matches!(watching.synced().await, Err(ApiError::UnknownKind { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn an_object_of_two_scopes_stays_until_both_have_lost_it() {
        let watches = AtomicUsize::new(0);
        let cluster = cluster(move |asked| match (asked.query("watch"), asked.query("labelSelector")) {
            (None, _) => list(&[map("a", "1")], "1"),
            (Some(_), Some(_)) if watches.fetch_add(1, Ordering::Relaxed) == 0 => {
                Answer::events(&[("DELETED", map("a", "2")), ("ADDED", map("b", "3"))])
            }
            (Some(_), _) => Answer::Hangs,
        });
        let labelled = Scope { selector: Some("app=web".to_owned()), ..scope("ConfigMap") };
        let mut watching = cluster.watch(vec![scope("ConfigMap"), labelled]);
        until(&mut watching, &["a", "b"]).await;
    }
}
