//! Random trees of kustomizations: bases, overlays, diamonds, components, and every field that changes objects.

use std::collections::BTreeMap;

use kubestock_install::object::yaml;
use serde_json::{Value, json};

use crate::choices::Choices;
use crate::objects::{self, Known, words};

/// The files of a tree by their path; `layer` is the folder to render.
pub(crate) type Files = BTreeMap<String, String>;

pub(crate) fn tree(c: &mut Choices) -> Files {
    let mut tree = Tree { files: Files::new(), known: Vec::new() };
    tree.layer(c, "base", &[], Role::Base);
    let mut below = vec!["../base"];
    if c.once_in(4) {
        tree.layer(c, "other", &[], Role::Base);
        below.push("../other");
    }
    if c.once_in(3) {
        tree.layer(c, "middle", &below, Role::Overlay);
        below = vec!["../middle"];
        if c.once_in(3) {
            tree.layer(c, "beside", &["../base"], Role::Overlay);
            below.push("../beside");
        }
    }
    tree.layer(c, "layer", &below, Role::Overlay);
    tree.files
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Base,
    Overlay,
    Component,
}

struct Tree {
    files: Files,
    /// The objects of all layers so far.
    known: Vec<Known>,
}

impl Tree {
    fn layer(&mut self, c: &mut Choices, folder: &str, below: &[&str], role: Role) {
        let mut kustomization = json!({});
        let mut resources: Vec<String> = below.iter().map(|path| (*path).to_owned()).collect();
        let count = if role == Role::Base { 1 + c.below(2) } else { usize::from(c.once_in(4)) };
        for at in 0..count {
            let file = format!("objects-{at}.yaml");
            self.objects(c, &format!("{folder}/{file}"));
            resources.push(file);
        }
        if !resources.is_empty() {
            kustomization["resources"] = json!(resources);
        }
        if role == Role::Component {
            kustomization["apiVersion"] = "kustomize.config.k8s.io/v1alpha1".into();
            kustomization["kind"] = "Component".into();
        } else if c.once_in(5) {
            let component = format!("{folder}-component");
            self.layer(c, &component, &[], Role::Component);
            kustomization["components"] = json!([format!("../{component}")]);
        }
        self.transformations(c, folder, &mut kustomization);
        self.files.insert(format!("{folder}/kustomization.yaml"), yaml::to_string(&kustomization));
    }

    fn objects(&mut self, c: &mut Choices, file: &str) {
        let count = 1 + c.below(3);
        let objects: Vec<Known> = (0..count).map(|_| objects::object(c)).collect();
        let text = if c.once_in(10) {
            let items: Vec<&Value> = objects.iter().map(|object| &object.value).collect();
            yaml::to_string(&json!({ "apiVersion": "v1", "kind": "List", "items": items }))
        } else {
            let texts: Vec<String> = objects.iter().map(|object| yaml::to_string(&object.value)).collect();
            texts.join("---\n")
        };
        self.known.extend(objects);
        self.files.insert(file.to_owned(), text);
    }

    fn transformations(&mut self, c: &mut Choices, folder: &str, into: &mut Value) {
        type Make = fn(&mut Tree, &mut Choices, &str) -> Value;
        let fields: &[(&str, usize, Make)] = &[
            ("namePrefix", 4, |_, c, _| c.pick(&["p-", "q-"]).into()),
            ("nameSuffix", 6, |_, c, _| c.pick(&["-s", "-t"]).into()),
            ("namespace", 4, |_, c, _| c.pick(&["one", "two", "default"]).into()),
            ("commonLabels", 8, |_, c, _| label_words(c)),
            ("commonAnnotations", 6, |_, c, _| words(c)),
            ("labels", 5, |_, c, _| labels(c)),
            ("images", 5, |_, c, _| images(c)),
            ("replicas", 12, |tree, c, _| tree.replicas(c)),
            ("patches", 2, Tree::patches),
            ("patchesStrategicMerge", 10, Tree::patches_strategic_merge),
            ("patchesJson6902", 10, |tree, c, _| tree.patches_json6902(c)),
            ("configMapGenerator", 3, |_, c, _| generators(c)),
            ("secretGenerator", 6, |_, c, _| generators(c)),
            ("generatorOptions", 8, |_, c, _| generator_options(c)),
            ("sortOptions", 10, |_, c, _| json!({ "order": c.pick(&["fifo", "legacy"]) })),
        ];
        for (field, rarity, make) in fields {
            if c.once_in(*rarity) {
                into[*field] = make(self, c, folder);
            }
        }
    }

    fn target(&self, c: &mut Choices) -> Option<&Known> {
        (!self.known.is_empty()).then(|| &self.known[c.below(self.known.len())])
    }

    fn replicas(&self, c: &mut Choices) -> Value {
        let name = objects::name(c);
        json!([{ "name": name, "count": c.below(4) }])
    }

    fn patches(&mut self, c: &mut Choices, folder: &str) -> Value {
        let count = 1 + c.below(2);
        (0..count).map(|at| self.patch(c, folder, at)).collect()
    }

    fn patch(&mut self, c: &mut Choices, folder: &str, at: usize) -> Value {
        let Some(object) = self.target(c).cloned() else { return json!({ "patch": "{}" }) };
        let mut entry = json!({});
        let text = match c.below(3) {
            0 | 1 => {
                let patch = strategic(c, &object);
                if c.once_in(3) {
                    entry["target"] = selector(c, &object);
                    if c.once_in(4) {
                        entry["options"] = json!({ "allowNameChange": true });
                    }
                }
                yaml::to_string(&patch)
            }
            _ => {
                entry["target"] = selector(c, &object);
                yaml::to_string(&operations(c, &object))
            }
        };
        if c.once_in(3) {
            let file = format!("patch-{at}.yaml");
            self.files.insert(format!("{folder}/{file}"), text);
            entry["path"] = file.into();
        } else {
            entry["patch"] = text.into();
        }
        entry
    }

    fn patches_strategic_merge(&mut self, c: &mut Choices, folder: &str) -> Value {
        let Some(object) = self.target(c).cloned() else { return json!([]) };
        let text = yaml::to_string(&strategic(c, &object));
        if c.once_in(2) {
            return json!([text]);
        }
        self.files.insert(format!("{folder}/merge.yaml"), text);
        json!(["merge.yaml"])
    }

    fn patches_json6902(&mut self, c: &mut Choices) -> Value {
        let Some(object) = self.target(c).cloned() else { return json!([]) };
        let (group, version) = object.api_version.split_once('/').unwrap_or(("", &object.api_version));
        let target = json!({ "group": group, "version": version, "kind": object.kind, "name": object.name });
        json!([{ "target": target, "patch": yaml::to_string(&operations(c, &object)) }])
    }
}

fn label_words(c: &mut Choices) -> Value {
    let mut labels = json!({ c.pick(&["app", "tier", "a.b/c"]): c.pick(&["x", "1", "true", ""]) });
    if c.once_in(2) {
        labels[c.pick(&["app", "env"])] = "z".into();
    }
    labels
}

fn labels(c: &mut Choices) -> Value {
    let count = 1 + c.below(2);
    let labels = (0..count).map(|_| {
        let mut entry = json!({ "pairs": label_words(c) });
        if c.once_in(3) {
            entry["includeSelectors"] = true.into();
        }
        if c.once_in(3) {
            entry["includeTemplates"] = true.into();
        }
        if c.once_in(5) {
            let path = c.pick(&["spec/selector", "spec/more/labels", "metadata/labels"]);
            entry["fields"] =
                json!([{ "path": path, "kind": c.pick(&["", "Service", "Thing"]), "create": c.once_in(2) }]);
        }
        entry
    });
    labels.collect()
}

fn images(c: &mut Choices) -> Value {
    let count = 1 + c.below(2);
    let images = (0..count).map(|_| {
        let mut image = json!({ "name": c.pick(&["nginx", "busybox", "host:5000/nginx", "library/nginx"]) });
        let fields = [("newName", "r.io/x"), ("newTag", "v9"), ("digest", "sha256:bb"), ("tagSuffix", "-x")];
        for (field, value) in fields {
            if c.once_in(3) {
                image[field] = value.into();
            }
        }
        image
    });
    images.collect()
}

fn generators(c: &mut Choices) -> Value {
    let count = 1 + c.below(2);
    let names = ["web", "settings", "db"];
    let generators = (0..count).map(|at| {
        let mut generator = json!({ "name": names[at] });
        let literals = ["a=1", "b=x y", "c=\"quoted\"", "d=", "e=a=b"];
        let first = c.below(literals.len());
        generator["literals"] = json!([literals[first], "z=2"]);
        if c.once_in(3) {
            generator["behavior"] = c.pick(&["create", "merge", "replace"]).into();
        }
        if c.once_in(4) {
            generator["namespace"] = c.pick(&["one", "two"]).into();
        }
        if c.once_in(4) {
            generator["options"] = generator_options(c);
        }
        generator
    });
    generators.collect()
}

fn generator_options(c: &mut Choices) -> Value {
    let mut options = json!({ "labels": label_words(c) });
    if c.once_in(2) {
        options["annotations"] = json!({ "note": "n" });
    }
    if c.once_in(2) {
        options["disableNameSuffixHash"] = true.into();
    }
    if c.once_in(3) {
        options["immutable"] = true.into();
    }
    options
}

/// A target that surely selects the object, and maybe others.
fn selector(c: &mut Choices, object: &Known) -> Value {
    let mut target = json!({ "kind": object.kind });
    if c.once_in(2) {
        target["name"] = c.pick(&[object.name.as_str(), ".*", "w.b|a"]).into();
    }
    if let (true, Some(namespace)) = (c.once_in(4), &object.namespace) {
        target["namespace"] = namespace.as_str().into();
    }
    if c.once_in(6) {
        target["labelSelector"] = c.pick(&["app=x", "app!=x", "app", "!tier"]).into();
    }
    target
}

/// A patch for a part of the object, with other values, some of them directives.
fn strategic(c: &mut Choices, object: &Known) -> Value {
    let mut patch =
        json!({ "apiVersion": object.api_version, "kind": object.kind, "metadata": { "name": object.name } });
    if let Some(namespace) = &object.namespace {
        patch["metadata"]["namespace"] = namespace.as_str().into();
    }
    if c.once_in(40) {
        patch["$patch"] = "delete".into();
        return patch;
    }
    if c.once_in(3) {
        patch["metadata"]["labels"] = maybe_null(c, words);
    }
    if c.once_in(3) {
        patch["metadata"]["annotations"] = maybe_null(c, words);
    }
    if c.once_in(10) {
        patch["metadata"]["finalizers"] = json!(["g", "h"]);
    }
    for (pointer, rarity) in [
        ("/spec/template/spec", 2),
        ("/spec", 2),
        ("/spec/jobTemplate/spec/template/spec", 2),
        ("/template/spec", 2),
    ] {
        let has_pod = object.value.pointer(pointer).is_some_and(|pod| pod.get("containers").is_some());
        if has_pod && !c.once_in(rarity * 4) {
            set(&mut patch, pointer, pod_patch(c));
        }
    }
    if object.kind == "Service" {
        patch["spec"] = maybe_null(c, objects::service);
    }
    if object.value.get("data").is_some() {
        patch["data"] = maybe_null(c, words);
    }
    for field in ["webhooks", "rules", "subjects", "secrets", "items"] {
        if let (Some(list), true) = (object.value.get(field), c.once_in(2)) {
            patch[field] = list.clone();
            patch[field][0]["more"] = "x".into();
        }
    }
    patch
}

fn maybe_null(c: &mut Choices, make: impl Fn(&mut Choices) -> Value) -> Value {
    if c.once_in(6) { Value::Null } else { make(c) }
}

fn pod_patch(c: &mut Choices) -> Value {
    let mut pod = objects::pod(c);
    for list in ["containers", "volumes", "initContainers"] {
        let Some(items) = pod.get_mut(list).and_then(Value::as_array_mut) else { continue };
        if c.once_in(8) {
            items.insert(0, json!({ "$patch": c.pick(&["replace", "delete", "merge"]) }));
        } else if c.once_in(8) {
            items[0]["$patch"] = c.pick(&["delete", "replace", "merge"]).into();
        } else if c.once_in(8) {
            items[0]["image"] = Value::Null;
        }
    }
    if c.once_in(4) {
        pod["containers"] = Value::Null;
    }
    if c.once_in(8) {
        pod["$patch"] = c.pick(&["merge", "replace"]).into();
    }
    if c.once_in(12) {
        pod["securityContext"] = json!({ "runAsUser": null, "sub": { "x": null, "$patch": "replace" } });
    }
    pod
}

fn operations(c: &mut Choices, object: &Known) -> Value {
    let pod = match object.kind.as_str() {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        "PodTemplate" => "/template/spec",
        _ => "/spec/template/spec",
    };
    let image = format!("{pod}/containers/0/image");
    let more = format!("{pod}/containers/-");
    let count = 1 + c.below(3);
    let operations = (0..count).map(|_| match c.below(9) {
        0 => json!({ "op": "add", "path": "/metadata/labels", "value": { "patched": "yes" } }),
        1 => json!({ "op": "replace", "path": "/metadata/name", "value": "renamed" }),
        2 => json!({ "op": "add", "path": "/metadata/annotations", "value": words(c) }),
        3 => json!({ "op": "replace", "path": image, "value": "patched:1" }),
        4 => json!({ "op": "add", "path": more, "value": { "name": "more", "image": "nginx:3" } }),
        5 => json!({ "op": "remove", "path": c.pick(&["/spec", "/metadata/labels", "/data"]) }),
        6 => json!({ "op": "test", "path": "/kind", "value": object.kind }),
        7 => json!({ "op": "copy", "from": "/metadata/name", "path": "/copied" }),
        _ => json!({ "op": "add", "path": "/spec/replicas", "value": 7 }),
    });
    operations.collect()
}

fn set(value: &mut Value, pointer: &str, new: Value) {
    let place = pointer.split('/').skip(1).fold(value, |value, step| &mut value[step]);
    *place = new;
}
