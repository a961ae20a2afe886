use serde_json::{Map, Value};

use crate::object::Object;

const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// A pod, or what a controller makes pods from: metadata, and a spec with containers.
#[derive(Clone, Copy, Debug)]
pub(in crate::plan) struct Pod<'a> {
    metadata: Option<&'a Value>,
    spec: Option<&'a Value>,
}

/// An image in a pod's spec.
#[derive(Debug)]
pub(super) struct Place {
    /// From the top of the object (RFC 6901).
    pub(super) pointer: String,
    /// Of the container that it is for, or of the volume.
    pub(super) container: String,
    pub(super) image: String,
}

/// The pods of an object, each with its place (RFC 6901): wherever a `spec` has `containers`, which is so in
/// every kind that makes pods, and in those that others define. The schemas in a CustomResourceDefinition are none.
pub(in crate::plan) fn pods(object: &Object) -> Vec<(String, Pod<'_>)> {
    let mut found = Vec::new();
    if object.kind() != "CustomResourceDefinition" {
        look_in(object.fields(), "", &mut found);
    }
    found
}

fn look_in<'a>(map: &'a Map<String, Value>, pointer: &str, found: &mut Vec<(String, Pod<'a>)>) {
    let spec = map.get("spec");
    if spec.and_then(|spec| spec.get("containers")).is_some_and(Value::is_array) {
        found.push((pointer.to_owned(), Pod { metadata: map.get("metadata"), spec }));
        return;
    }
    for (name, value) in map {
        look_in_value(value, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), found);
    }
}

fn look_in_value<'a>(value: &'a Value, pointer: &str, found: &mut Vec<(String, Pod<'a>)>) {
    match value {
        Value::Object(map) => look_in(map, pointer, found),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                look_in_value(item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

impl<'a> Pod<'a> {
    /// What has annotations and no containers: a pod that somebody else makes by them.
    pub(super) fn of_metadata(object: &'a Object) -> Self {
        Self { metadata: object.pointer("/metadata"), spec: None }
    }

    /// A pod of which nothing is said.
    pub(super) fn plain() -> Self {
        Self { metadata: None, spec: None }
    }

    /// The images of its containers, and those that it mounts; `pointer` is the pod's own.
    pub(super) fn images(self, pointer: &str) -> Vec<Place> {
        let containers = LISTS.into_iter().flat_map(|list| {
            self.items(list).enumerate().filter_map(move |(index, container)| {
                Some(Place {
                    pointer: format!("{pointer}/spec/{list}/{index}/image"),
                    container: name(container).to_owned(),
                    image: container.get("image")?.as_str()?.to_owned(),
                })
            })
        });
        let volumes = self.items("volumes").enumerate().filter_map(|(index, volume)| {
            Some(Place {
                pointer: format!("{pointer}/spec/volumes/{index}/image/reference"),
                container: format!("volume {}", name(volume)),
                image: volume.pointer("/image/reference")?.as_str()?.to_owned(),
            })
        });
        containers.chain(volumes).collect()
    }

    fn items(self, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.spec.and_then(|spec| spec.get(list)).and_then(Value::as_array).into_iter().flatten()
    }

    pub(super) fn labels(self) -> Option<&'a Map<String, Value>> {
        self.metadata?.get("labels")?.as_object()
    }

    pub(super) fn label(self, key: &str) -> Option<&'a str> {
        self.labels()?.get(key)?.as_str()
    }

    pub(super) fn annotation(self, key: &str) -> Option<&'a str> {
        self.metadata?.get("annotations")?.get(key)?.as_str()
    }

    pub(super) fn is_on_the_hosts_network(self) -> bool {
        self.spec.and_then(|spec| spec.get("hostNetwork")).and_then(Value::as_bool).unwrap_or_default()
    }
}

fn name(item: &Value) -> &str {
    item.get("name").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn images(api_version: &str, kind: &str, fields: Value) -> Vec<String> {
        let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
        json_patch::merge(&mut object, &fields);
        let object = Object::new(object).unwrap();
        let mut found = Vec::new();
        for (pointer, pod) in pods(&object) {
            for place in pod.images(&pointer) {
                assert_eq!(object.text(&place.pointer), Some(place.image.as_str()), "the place is right");
                found.push(format!("{}={}", place.container, place.image));
            }
        }
        found
    }

    #[test]
    fn every_kind_that_makes_pods_is_looked_into() {
        let spec = json!({
            "containers": [{"name": "c", "image": "c:1"}, {"name": "none"}],
            "initContainers": [{"name": "i", "image": "i:1"}],
            "ephemeralContainers": [{"name": "e", "image": "e:1"}],
            "volumes": [{"name": "v", "image": {"reference": "v:1"}}, {"name": "w", "emptyDir": {}}],
        });
        let template = json!({"spec": {"template": {"spec": spec}}});
        let all = ["i=i:1", "c=c:1", "e=e:1", "volume v=v:1"];
        for (api_version, kind) in [
            ("apps/v1", "Deployment"),
            ("apps/v1", "ReplicaSet"),
            ("apps/v1", "StatefulSet"),
            ("apps/v1", "DaemonSet"),
            ("batch/v1", "Job"),
            ("v1", "ReplicationController"),
            ("argoproj.io/v1alpha1", "Rollout"),
        ] {
            assert_eq!(images(api_version, kind, template.clone()), all, "{kind}");
        }
        assert_eq!(images("v1", "Pod", json!({"spec": spec})), all);
        assert_eq!(images("v1", "PodTemplate", json!({"template": {"spec": spec}})), all);
        assert_eq!(images("batch/v1", "CronJob", json!({"spec": {"jobTemplate": template}})), all);
    }

    #[test]
    fn what_only_looks_like_containers_is_passed_over() {
        let schema =
            json!({"spec": {"versions": [{"spec": {"containers": [{"name": "c", "image": "c:1"}]}}]}});
        let cases = [
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", schema),
            ("v1", "ConfigMap", json!({"data": {"pod": "spec: {containers: [{image: c:1}]}"}})),
            ("v1", "Pod", json!({"spec": {"containers": {"image": "c:1"}}})),
        ];
        for (api_version, kind, fields) in cases {
            assert_eq!(images(api_version, kind, fields), [""; 0], "{kind}");
        }
    }
}
