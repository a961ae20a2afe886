use crate::object::Object;

/// Whose machine a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine<'a> {
    /// One that a tool for clusters on one machine made.
    Local,
    /// The scheme of its `spec.providerID`: `aws`, `gce`, `azure`.
    Of(&'a str),
    /// It does not say.
    Unknown,
}

/// The schemes of `spec.providerID` that tools for clusters on one machine set.
const LOCAL_PROVIDERS: [&str; 3] = ["kind", "k3s", "minikube"];

/// Labels that those tools put on nodes.
const LOCAL_LABELS: [(&str, Option<&str>); 2] =
    [("minikube.k8s.io/name", None), ("node.kubernetes.io/instance-type", Some("k3s"))];

impl<'a> Machine<'a> {
    /// By what made the node, never by its name.
    pub fn of(node: &'a Object) -> Self {
        let is_labelled = |(key, value): &(&str, Option<&str>)| {
            node.label(key).is_some_and(|label| value.is_none_or(|value| label == value))
        };
        match node.text("/spec/providerID").and_then(|id| id.split_once("://")) {
            Some((scheme, _)) if LOCAL_PROVIDERS.contains(&scheme) => Self::Local,
            Some((scheme, _)) => Self::Of(scheme),
            None if LOCAL_LABELS.iter().any(is_labelled) => Self::Local,
            None => Self::Unknown,
        }
    }
}
