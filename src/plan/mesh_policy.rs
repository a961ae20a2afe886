use super::{Layer, Placed, Plan};

/// Where a policy is one for the whole mesh: `meshConfig.rootNamespace`, unless somebody set it.
const ROOT: &str = "istio-system";

impl Plan {
    /// The PeerAuthentications that read as meant for the whole mesh (the name `default`, STRICT, no
    /// selector) and hold for one namespace alone, where the plan has none for the mesh.
    ///
    /// A `namespace:` in the kustomization file of a folder with one does that without a word.
    pub fn misplaced_mesh_policies(&self) -> Vec<&Placed> {
        let objects = self.layers.iter().flat_map(Layer::objects);
        let meant: Vec<&Placed> = objects.filter(|placed| is_meant_for_the_mesh(placed)).collect();
        match meant.iter().any(|placed| placed.object.namespace() == Some(ROOT)) {
            true => Vec::new(),
            false => meant,
        }
    }
}

fn is_meant_for_the_mesh(Placed { object, .. }: &Placed) -> bool {
    object.is("security.istio.io", "PeerAuthentication")
        && object.name() == "default"
        && object.pointer("/spec/selector").is_none()
        && object.text("/spec/mtls/mode") == Some("STRICT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Object;
    use serde_json::json;
    use std::time::Duration;

    fn policy(namespace: &str, name: &str, mode: &str) -> Placed {
        let policy = json!({"apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
            "metadata": {"name": name, "namespace": namespace}, "spec": {"mtls": {"mode": mode}}});
        Object::new(policy).unwrap().into()
    }

    #[test]
    fn a_mesh_policy_outside_of_the_root_namespace_is_found() {
        let cases = [
            (vec![policy("kubestock-staging", "default", "STRICT")], 1, "moved"),
            (vec![policy("istio-system", "default", "STRICT")], 0, "in its place"),
            (
                vec![policy("istio-system", "default", "STRICT"), policy("legacy", "default", "STRICT")],
                0,
                "one for the mesh, and one more",
            ),
            (vec![policy("legacy", "default", "PERMISSIVE")], 0, "an exception for a namespace"),
            (vec![policy("legacy", "only-shop", "STRICT")], 0, "named as what it is"),
        ];
        for (objects, found, why) in cases {
            let (plan, _) = Plan::of(vec![Layer::new("base", objects, Duration::from_secs(1))]);
            assert_eq!(plan.misplaced_mesh_policies().len(), found, "{why}");
        }
    }
}
