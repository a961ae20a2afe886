use std::collections::BTreeSet;

use serde_json::Value;

use super::super::Live;
use super::super::scene::{Scene, found};
use crate::finding::{Code, Finding, Severity};

/// Definitions of the plan without a version in which the cluster has objects stored: the API server refuses them
/// (`apiextensions-apiserver/pkg/apis/apiextensions/validation`, ValidateCustomResourceDefinitionStoredVersions).
pub(super) fn find(scene: &Scene<'_>, live: &Live) -> Vec<Finding> {
    let planned = scene.planned_of("apiextensions.k8s.io", "CustomResourceDefinition");
    let missing = planned.filter_map(|placed| {
        let stored = live.objects.get(&placed.object.id())?.pointer("/status/storedVersions")?.as_array()?;
        let versions = placed.object.pointer("/spec/versions").and_then(Value::as_array);
        let kept: BTreeSet<&str> =
            versions.into_iter().flatten().filter_map(|version| version["name"].as_str()).collect();
        let gone: Vec<&str> = stored.iter().filter_map(Value::as_str).filter(|name| !kept.contains(name)).collect();
        (!gone.is_empty()).then(|| {
            let seen = format!("has no version {}, in which the cluster may still have objects stored", gone.join(", "));
            let hint = "write every object of the kind once more (`kubectl get` and `kubectl replace`), then take the version \
                        out of `status.storedVersions`; or keep it in `spec.versions`";
            found(placed, Code::StoredVersion, Severity::Error, seen, hint)
        })
    });
    missing.collect()
}
