//! `labels`, `commonLabels` and `commonAnnotations`.

use std::collections::BTreeMap;

use super::Error;
use super::fieldspec::{FieldSpec, Leaf};
use super::kustomization::Kustomization;
use super::resource::Resources;

const OWN_LABELS: FieldSpec = FieldSpec::of("", "", "metadata/labels", true);

/// The labels of an object and of all that it makes (kustomize's metadatalabels table).
const TEMPLATE_LABELS: [FieldSpec; 10] = [
    OWN_LABELS,
    FieldSpec::at_version("", "v1", "ReplicationController", "spec/template/metadata/labels", true),
    FieldSpec::of("", "Deployment", "spec/template/metadata/labels", true),
    FieldSpec::of("", "ReplicaSet", "spec/template/metadata/labels", true),
    FieldSpec::of("", "DaemonSet", "spec/template/metadata/labels", true),
    FieldSpec::of("apps", "StatefulSet", "spec/template/metadata/labels", true),
    FieldSpec::of("apps", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true),
    FieldSpec::of("batch", "Job", "spec/template/metadata/labels", true),
    FieldSpec::of("batch", "CronJob", "spec/jobTemplate/metadata/labels", true),
    FieldSpec::of("batch", "CronJob", "spec/jobTemplate/spec/template/metadata/labels", true),
];

/// Selectors (kustomize's commonlabels table), without those inside of pod templates. A selector that is
/// not required is only added to.
const SELECTORS: [FieldSpec; 12] = [
    FieldSpec::at_version("", "v1", "Service", "spec/selector", true),
    FieldSpec::at_version("", "v1", "ReplicationController", "spec/selector", true),
    FieldSpec::of("", "Deployment", "spec/selector/matchLabels", true),
    FieldSpec::of("", "ReplicaSet", "spec/selector/matchLabels", true),
    FieldSpec::of("", "DaemonSet", "spec/selector/matchLabels", true),
    FieldSpec::of("apps", "StatefulSet", "spec/selector/matchLabels", true),
    FieldSpec::of("batch", "Job", "spec/selector/matchLabels", false),
    FieldSpec::of("batch", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
    FieldSpec::of("policy", "PodDisruptionBudget", "spec/selector/matchLabels", false),
    FieldSpec::of("networking.k8s.io", "NetworkPolicy", "spec/podSelector/matchLabels", false),
    FieldSpec::of("networking.k8s.io", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels", false),
    FieldSpec::of("networking.k8s.io", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels", false),
];

/// Selectors in the pod templates of Deployments and StatefulSets.
const POD_SELECTORS: [&str; 5] = [
    "spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels",
];

const ANNOTATIONS: [FieldSpec; 9] = [
    FieldSpec::of("", "", "metadata/annotations", true),
    FieldSpec::at_version("", "v1", "ReplicationController", "spec/template/metadata/annotations", true),
    FieldSpec::of("", "Deployment", "spec/template/metadata/annotations", true),
    FieldSpec::of("", "ReplicaSet", "spec/template/metadata/annotations", true),
    FieldSpec::of("", "DaemonSet", "spec/template/metadata/annotations", true),
    FieldSpec::of("", "StatefulSet", "spec/template/metadata/annotations", true),
    FieldSpec::of("batch", "Job", "spec/template/metadata/annotations", true),
    FieldSpec::of("batch", "CronJob", "spec/jobTemplate/metadata/annotations", true),
    FieldSpec::of("batch", "CronJob", "spec/jobTemplate/spec/template/metadata/annotations", true),
];

pub(super) fn add(kustomization: &Kustomization, resources: &mut Resources) -> Result<(), Error> {
    for labels in &kustomization.labels {
        let mut specs = labels.fields.clone();
        match (labels.include_selectors, labels.include_templates) {
            (true, _) => specs.extend(with_selectors()),
            (false, true) => specs.extend(TEMPLATE_LABELS),
            (false, false) => specs.push(OWN_LABELS),
        }
        write(&labels.pairs, &specs, resources)?;
    }
    if kustomization.common_labels.is_empty() {
        return Ok(());
    }
    let specs: Vec<FieldSpec> = with_selectors().collect();
    write(&kustomization.common_labels, &specs, resources)
}

pub(super) fn annotate(
    annotations: &BTreeMap<String, String>,
    resources: &mut Resources,
) -> Result<(), Error> {
    write(annotations, &ANNOTATIONS, resources)
}

fn with_selectors() -> impl Iterator<Item = FieldSpec> {
    let in_pods = |kind| POD_SELECTORS.into_iter().map(move |path| FieldSpec::of("apps", kind, path, false));
    SELECTORS.into_iter().chain(in_pods("Deployment")).chain(in_pods("StatefulSet")).chain(TEMPLATE_LABELS)
}

fn write(
    pairs: &BTreeMap<String, String>,
    specs: &[FieldSpec],
    resources: &mut Resources,
) -> Result<(), Error> {
    if pairs.is_empty() {
        return Ok(());
    }
    for resource in &mut resources.list {
        for spec in specs {
            spec.apply(resource, Leaf::Mapping, |value| {
                if let Some(map) = value.as_object_mut() {
                    map.extend(pairs.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
                }
            })?;
        }
    }
    Ok(())
}
