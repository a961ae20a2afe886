use serde_json::Value;

use super::super::mesh::root_namespace;
use super::super::pods::Pods;
use super::super::scene::Scene;
use crate::object::Object;

/// The PeerAuthentications before and after the plan is applied.
#[derive(Debug)]
pub(super) struct Policies<'a> {
    root: String,
    before: Vec<&'a Object>,
    after: Vec<&'a Object>,
}

const STRICT: &str = "STRICT";

/// Whether it is a policy that closes something.
pub(super) fn closes(object: &Object) -> bool {
    let ports = || object.pointer("/spec/portLevelMtls").and_then(Value::as_object).into_iter().flatten();
    is_policy(object)
        && (object.text("/spec/mtls/mode") == Some(STRICT) || ports().any(|(_, port)| port["mode"] == STRICT))
}

fn is_policy(object: &Object) -> bool {
    object.is("security.istio.io", "PeerAuthentication")
}

impl<'a> Policies<'a> {
    pub(super) fn of(scene: &Scene<'a>) -> Self {
        let live = scene.live.into_iter().flat_map(|live| live.objects.iter());
        let oldest_first = |mut policies: Vec<&'a Object>| {
            policies.sort_by_key(|policy| policy.text("/metadata/creationTimestamp").unwrap_or("~"));
            policies
        };
        Self {
            root: root_namespace(scene).into_owned(),
            before: oldest_first(live.filter(|object| is_policy(object)).collect()),
            after: oldest_first(scene.there("security.istio.io", "PeerAuthentication").collect()),
        }
    }

    /// The policy by which a port of these pods is STRICT; without a port, any that no policy names.
    pub(super) fn closing(&self, pods: &Pods<'a>, port: Option<u64>) -> Option<&'a Object> {
        self.deciding(&self.after, pods, port).and_then(|(policy, mode)| (mode == STRICT).then_some(policy))
    }

    pub(super) fn was_closed(&self, pods: &Pods<'a>, port: Option<u64>) -> bool {
        self.deciding(&self.before, pods, port).is_some_and(|(_, mode)| mode == STRICT)
    }

    /// The narrowest policy that says a mode: of the port, the pods, the namespace, the mesh; of several the oldest
    /// (`pilot/pkg/security/authn/policy_applier.go`, ComposePeerAuthentication).
    fn deciding(
        &self,
        policies: &[&'a Object],
        pods: &Pods<'a>,
        port: Option<u64>,
    ) -> Option<(&'a Object, &'a str)> {
        let is_in = |policy: &&&Object, namespace: &str| policy.namespace() == Some(namespace);
        let whole = |policy: &&&Object| policy.pointer("/spec/selector/matchLabels").is_none();
        let selects = |policy: &&&Object| {
            policy.pointer("/spec/selector").is_some_and(|selector| pods.are_selected_by(selector))
        };
        let all = || policies.iter();
        let of_pods = all().find(|it| is_in(it, pods.namespace) && !whole(it) && selects(it));
        let of_namespace = all().find(|it| is_in(it, pods.namespace) && whole(it));
        let of_mesh = all().find(|it| is_in(it, &self.root) && whole(it));
        let of_port = of_pods.and_then(|policy| {
            let mode = policy.pointer("/spec/portLevelMtls")?.get(port?.to_string())?["mode"].as_str();
            Some((*policy, said(mode)?))
        });
        let of_all_ports = |policy: &&'a Object| Some((*policy, said(policy.text("/spec/mtls/mode"))?));
        of_port.or_else(|| [of_pods, of_namespace, of_mesh].into_iter().flatten().find_map(of_all_ports))
    }
}

/// What is unset is inherited.
fn said(mode: Option<&str>) -> Option<&str> {
    mode.filter(|mode| *mode != "UNSET")
}
