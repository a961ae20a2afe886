use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Right, is_granting, needed};
use crate::object::Object;
use crate::plan::{Layer, NAMESPACE, Plan, home};

const NAME: &str = "kubestock-installer";
const GROUP: &str = "rbac.authorization.k8s.io";

/// Who is to have the rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantee {
    User(String),
    ServiceAccount { namespace: String, name: String },
}

impl Grantee {
    /// By the name under which the API server knows him: `system:serviceaccount:ci:deployer` is a ServiceAccount.
    pub fn of(user: &str) -> Self {
        let account = user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
        match account {
            Some((namespace, name)) => {
                Self::ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() }
            }
            None => Self::User(user.to_owned()),
        }
    }

    fn subject(&self) -> Value {
        match self {
            Self::User(name) => json!({"apiGroup": GROUP, "kind": "User", "name": name}),
            Self::ServiceAccount { namespace, name } => {
                json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
            }
        }
    }
}

/// Objects that grant the rights which a plan asks for, and no others: a ClusterRole for what has no namespace, a Role
/// in each namespace, their bindings, and the namespaces that the plan brings, or the run itself. What the plan's own
/// roles give is among them: who does not have it may not make these.
pub fn roles(plan: &Plan, grantee: &Grantee) -> Vec<Object> {
    let mut scopes: BTreeMap<Option<String>, Vec<Value>> = BTreeMap::new();
    let needed = needed(plan);
    for rights in needed.iter().collect::<Vec<_>>().chunk_by(|a, b| a.namespace == b.namespace) {
        scopes.insert(rights[0].namespace.clone(), rules(rights));
    }
    for placed in plan.layers.iter().flat_map(Layer::objects).filter(|placed| is_granting(&placed.object)) {
        let given = placed.object.pointer("/rules").and_then(Value::as_array).into_iter().flatten();
        let rules = scopes.entry(placed.object.namespace().map(str::to_owned)).or_default();
        for rule in given {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    let mut objects: Vec<Object> = scopes.keys().flatten().filter_map(|name| namespace(plan, name)).collect();
    for (namespace, rules) in scopes {
        let pair = role(namespace.as_deref(), rules, grantee);
        objects.extend(pair.into_iter().filter_map(|object| Object::new(object).ok()));
    }
    objects
}

/// A namespace that is to be there before its Role: as the plan writes it, for `kubectl apply` takes away labels that
/// are not repeated; or the run's own. One that the plan does not bring is there already.
fn namespace(plan: &Plan, name: &str) -> Option<Object> {
    let mut objects = plan.layers.iter().flat_map(Layer::objects).map(|placed| &placed.object);
    let planned = objects.find(|object| object.is("", "Namespace") && object.name() == name);
    planned.cloned().or_else(|| if name == NAMESPACE { home().ok() } else { None })
}

fn role(namespace: Option<&str>, rules: Vec<Value>, grantee: &Grantee) -> [Value; 2] {
    let (kind, mut metadata) = ("Role", json!({"name": NAME}));
    let kind = match namespace {
        Some(namespace) => {
            metadata["namespace"] = namespace.into();
            kind
        }
        None => "ClusterRole",
    };
    let api_version = format!("{GROUP}/v1");
    [
        json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "rules": rules}),
        json!({"apiVersion": api_version, "kind": format!("{kind}Binding"), "metadata": metadata,
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": NAME}, "subjects": [grantee.subject()]}),
    ]
}

/// One rule for the resources of a group that share their verbs.
fn rules(rights: &[&Right]) -> Vec<Value> {
    let mut verbs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for right in rights {
        verbs.entry((&right.group, &right.resource)).or_default().insert(&right.verb);
    }
    let mut shared: BTreeMap<(&str, BTreeSet<&str>), Vec<&str>> = BTreeMap::new();
    for ((group, resource), verbs) in verbs {
        shared.entry((group, verbs)).or_default().push(resource);
    }
    let rule =
        |((group, verbs), resources)| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    shared.into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::object::yaml::{self, parse_documents};

    #[test]
    fn a_plan_becomes_roles_with_the_fewest_rules_and_what_its_own_roles_give() {
        let objects = parse_documents(
            "
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istiod}
rules: [{nonResourceURLs: [/metrics], verbs: [get]}]
",
        );
        let objects = objects.unwrap().into_iter().map(|d| Object::new(d.value).unwrap().into()).collect();
        let plan = Plan { layers: vec![Layer::new("shop", objects, Duration::from_secs(1))] };
        let objects = roles(&plan, &Grantee::of("system:serviceaccount:ci:deployer"));
        insta::assert_snapshot!(yaml::objects_to_string(&objects), @r#"
        apiVersion: v1
        kind: Namespace
        metadata:
          labels:
            app.kubernetes.io/managed-by: kubestock-install
          name: kubestock-install
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: kubestock-installer
        rules:
        - apiGroups:
          - ""
          resources:
          - namespaces
          verbs:
          - create
          - get
          - patch
        - apiGroups:
          - rbac.authorization.k8s.io
          resources:
          - clusterroles
          verbs:
          - create
          - get
          - patch
        - nonResourceURLs:
          - /metrics
          verbs:
          - get
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: kubestock-installer
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: kubestock-installer
        subjects:
        - kind: ServiceAccount
          name: deployer
          namespace: ci
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: kubestock-installer
          namespace: kubestock-install
        rules:
        - apiGroups:
          - ""
          resources:
          - configmaps
          verbs:
          - create
          - get
          - patch
        - apiGroups:
          - coordination.k8s.io
          resources:
          - leases
          verbs:
          - create
          - get
          - update
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: kubestock-installer
          namespace: kubestock-install
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: kubestock-installer
        subjects:
        - kind: ServiceAccount
          name: deployer
          namespace: ci
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: kubestock-installer
          namespace: shop
        rules:
        - apiGroups:
          - ""
          resources:
          - services
          verbs:
          - create
          - get
          - patch
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: kubestock-installer
          namespace: shop
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: kubestock-installer
        subjects:
        - kind: ServiceAccount
          name: deployer
          namespace: ci
        "#);
        assert_eq!(Grantee::of("jane"), Grantee::User("jane".to_owned()));
    }
}
