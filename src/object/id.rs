use std::fmt;

/// The kind of an object without its version: what stays the same when an API is promoted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKind {
    /// Empty for the core group.
    pub group: String,
    pub kind: String,
}

impl GroupKind {
    /// Of an object as it is written: `apps/v1`, `Deployment`.
    pub fn of(api_version: &str, kind: &str) -> Self {
        Self { group: group_of(api_version).to_owned(), kind: kind.to_owned() }
    }
}

/// The group of `apps/v1`; empty for the core group.
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

impl From<&str> for GroupKind {
    /// From `Deployment.apps`.
    fn from(text: &str) -> Self {
        let (kind, group) = text.split_once('.').unwrap_or((text, ""));
        Self { group: group.to_owned(), kind: kind.to_owned() }
    }
}

impl fmt::Display for GroupKind {
    /// `Deployment.apps`, as kubectl writes it; the core group has no suffix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group.as_str() {
            "" => f.write_str(&self.kind),
            group => write!(f, "{}.{group}", self.kind),
        }
    }
}

/// What names one object in a cluster, whatever version it is read at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    pub group_kind: GroupKind,
    /// None for a cluster-scoped object, or where no namespace is written.
    pub namespace: Option<String>,
    pub name: String,
}

impl ObjectId {
    /// One of the core group, in a namespace.
    pub fn core(kind: &str, namespace: Option<&str>, name: &str) -> Self {
        Self {
            group_kind: GroupKind { group: String::new(), kind: kind.to_owned() },
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }
}

impl fmt::Display for ObjectId {
    /// `Deployment/kubestock-staging/ms-identity`; without a namespace, `Namespace/kubestock-staging`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.group_kind.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}
