use serde_json::{Value, json};

use super::Placed;
use crate::profile::{Mtls, Profile};

/// Where a policy without a selector is one for the whole mesh, unless the profile's overlay says otherwise.
const ROOT: &str = "istio-system";

/// Gives the policies for the whole mesh the mode that the profile says, in the place of their own.
pub(super) fn set(mtls: Mtls, profile: &Profile, objects: &mut [Placed]) {
    let root = root(profile);
    for Placed { object, .. } in objects {
        let is_for_the_mesh = object.is("security.istio.io", "PeerAuthentication")
            && object.namespace() == Some(root)
            && object.pointer("/spec/selector").is_none();
        if is_for_the_mesh
            && let Some(spec) = object.fields_mut().get_mut("spec").and_then(Value::as_object_mut)
        {
            spec.insert("mtls".to_owned(), json!({"mode": mtls.mode()}));
        }
    }
}

fn root(profile: &Profile) -> &str {
    let overlay = profile.istio.as_ref().map(|istio| &istio.overlay);
    let said = |place: &str| overlay?.pointer(place)?.as_str();
    said("/spec/meshConfig/rootNamespace")
        .or_else(|| said("/spec/values/global/istioNamespace"))
        .unwrap_or(ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Object;
    use crate::profile::load;

    fn policy(namespace: &str, spec: Value) -> Placed {
        let policy = json!({"apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
            "metadata": {"name": "default", "namespace": namespace}, "spec": spec});
        Object::new(policy).unwrap().into()
    }

    #[test]
    fn the_policy_for_the_whole_mesh_gets_the_mode_and_no_other_does() {
        let strict = json!({"mtls": {"mode": "STRICT"}});
        let narrowed = json!({"selector": {"matchLabels": {"app": "web"}}, "mtls": {"mode": "STRICT"}});
        let mut mesh_root = load("demo").unwrap();
        mesh_root.istio.as_mut().unwrap().overlay["spec"]["meshConfig"] = json!({"rootNamespace": "mesh"});
        let demo = load("demo").unwrap();
        let table = [
            (&demo, policy("istio-system", strict.clone()), "PERMISSIVE", "for the whole mesh"),
            (&demo, policy("istio-system", json!({})), "PERMISSIVE", "which says no mode"),
            (&demo, policy("shop", strict.clone()), "STRICT", "for one namespace"),
            (&demo, policy("istio-system", narrowed), "STRICT", "for some pods"),
            (&mesh_root, policy("mesh", strict.clone()), "PERMISSIVE", "in another root namespace"),
            (&mesh_root, policy("istio-system", strict), "STRICT", "which is not the root namespace"),
        ];
        for (profile, policy, expected, why) in table {
            let mut objects = [policy];
            set(Mtls::Permissive, profile, &mut objects);
            assert_eq!(objects[0].object.text("/spec/mtls/mode"), Some(expected), "{why}");
        }
    }
}
