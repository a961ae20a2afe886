//! Kinds of objects, and which of them a rule is for.

use std::borrow::Cow;
use std::fmt;

use super::resource::ResourceId;

/// Group, version and kind. In a rule an empty word stands for any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Gvk {
    pub(super) group: Cow<'static, str>,
    pub(super) version: Cow<'static, str>,
    pub(super) kind: Cow<'static, str>,
}

impl Gvk {
    pub(super) const fn of(group: &'static str, version: &'static str, kind: &'static str) -> Self {
        Self { group: Cow::Borrowed(group), version: Cow::Borrowed(version), kind: Cow::Borrowed(kind) }
    }

    pub(super) fn of_id(id: &ResourceId) -> Self {
        let word = |text: &str| Cow::Owned(text.to_owned());
        Self { group: word(&id.group), version: word(&id.version), kind: word(&id.kind) }
    }

    /// Whether a rule with these words is for such objects.
    pub(super) fn selects(&self, group: &str, version: &str, kind: &str) -> bool {
        let is = |wanted: &str, actual: &str| wanted.is_empty() || wanted == actual;
        is(&self.kind, kind) && is(&self.group, group) && is(&self.version, version)
    }

    pub(super) fn selects_all_of(&self, other: &Self) -> bool {
        self.selects(&other.group, &other.version, &other.kind)
    }

    /// The place of a kind among others: those that others need come first (kustomize's legacy order).
    pub(super) fn rank(kind: &str) -> isize {
        if let Some(at) = FIRST.iter().position(|first| *first == kind) {
            return at as isize - FIRST.len() as isize;
        }
        LAST.iter().position(|last| *last == kind).map_or(0, |at| at as isize + 1)
    }

    /// What decides between kinds of one rank.
    pub(super) fn sort_text(group: &str, version: &str, kind: &str) -> String {
        let or =
            |text: &str, missing: &str| if text.is_empty() { missing.to_owned() } else { text.to_owned() };
        format!("{}_{}_{}", or(group, "~G"), or(version, "~V"), or(kind, "~K"))
    }
}

impl fmt::Display for Gvk {
    /// `apps/v1 Deployment`, without the words that it does not have.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.group, &*self.version) {
            ("", "") => {}
            ("", version) => write!(f, "{version} ")?,
            (group, "") => write!(f, "{group} ")?,
            (group, version) => write!(f, "{group}/{version} ")?,
        }
        f.write_str(if self.kind.is_empty() { "any kind" } else { &self.kind })
    }
}

/// Kinds that others need, in the order of need.
pub(super) const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

pub(super) const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
