use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Missing, Right, Undertaking, is_granting, needed};
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

/// Objects that grant the rights which an undertaking asks for, and no others: a ClusterRole for what has no namespace,
/// a Role in each namespace, their bindings, and the namespaces that the plan brings, or the run itself. What the plan's
/// own roles give is among them: who does not have it may not make these.
pub fn roles(undertaking: &Undertaking<'_>, grantee: &Grantee) -> Vec<Object> {
    let plan = undertaking.plan;
    let given = granting(plan).map(|role| (role.namespace(), role));
    objects(plan, NAME, scopes(&needed(undertaking), given), grantee)
}

/// The same for what a user lacks. Their name is one of their own, by what they give: they stand beside the roles that he
/// has, and do not take the place of these.
pub fn missing_roles(plan: &Plan, missing: &Missing, grantee: &Grantee) -> Vec<Object> {
    let is_denied = |role: &&Object| missing.roles.iter().any(|denied| denied.object == role.id());
    let given = granting(plan).filter(is_denied).map(|role| (role.namespace(), bound(plan, role)));
    let scopes = scopes(&missing.rights, given);
    let digest = Sha256::digest(format!("{scopes:?}"));
    let name = format!("{NAME}-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
    objects(plan, &name, scopes, grantee)
}

/// The rules for each namespace, and for the whole cluster.
type Scopes = BTreeMap<Option<String>, Vec<Value>>;

fn granting(plan: &Plan) -> impl Iterator<Item = &Object> {
    let objects = plan.layers.iter().flat_map(Layer::objects).map(|placed| &placed.object);
    objects.filter(|object| is_granting(object))
}

/// The role itself, or the one of the plan that a binding gives.
fn bound<'a>(plan: &'a Plan, role: &'a Object) -> &'a Object {
    let is_bound = |other: &&Object| {
        role.text("/roleRef/kind") == Some(other.kind())
            && role.text("/roleRef/name") == Some(other.name())
            && (other.namespace().is_none() || other.namespace() == role.namespace())
    };
    granting(plan).find(is_bound).unwrap_or(role)
}

/// Rules for the rights, and for what roles give in these namespaces.
fn scopes<'a>(
    rights: &BTreeSet<Right>,
    given: impl Iterator<Item = (Option<&'a str>, &'a Object)>,
) -> Scopes {
    let mut scopes = Scopes::new();
    for rights in rights.iter().collect::<Vec<_>>().chunk_by(|a, b| a.namespace == b.namespace) {
        scopes.insert(rights[0].namespace.clone(), rules(rights));
    }
    for (namespace, role) in given {
        let given = role.pointer("/rules").and_then(Value::as_array).into_iter().flatten();
        let rules = scopes.entry(namespace.map(str::to_owned)).or_default();
        for rule in given {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    scopes
}

fn objects(plan: &Plan, name: &str, scopes: Scopes, grantee: &Grantee) -> Vec<Object> {
    let mut objects: Vec<Object> = scopes.keys().flatten().filter_map(|name| namespace(plan, name)).collect();
    for (namespace, rules) in scopes {
        let pair = role(name, namespace.as_deref(), rules, grantee);
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

fn role(name: &str, namespace: Option<&str>, rules: Vec<Value>, grantee: &Grantee) -> [Value; 2] {
    let (kind, mut metadata) = ("Role", json!({"name": name}));
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
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": name}, "subjects": [grantee.subject()]}),
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
    use crate::rights::Denied;

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
        let undertaking = Undertaking { plan: &plan, is_pruned: false, is_verified: true, served: &|_| None };
        let objects = roles(&undertaking, &Grantee::of("system:serviceaccount:ci:deployer"));
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
    #[test]
    fn what_is_missing_becomes_roles_that_stand_beside_the_others() {
        let objects = parse_documents(
            "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istiod}
rules: [{nonResourceURLs: [/metrics], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istiod}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: istiod}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: kiali}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
",
        );
        let objects: Vec<Object> =
            objects.unwrap().into_iter().map(|d| Object::new(d.value).unwrap()).collect();
        let binding = Denied { object: objects[1].id(), at: None, lacks: "get /metrics".to_owned() };
        let placed = objects.into_iter().map(Into::into).collect();
        let plan = Plan { layers: vec![Layer::new("istio", placed, Duration::from_secs(1))] };
        let rights = BTreeSet::from([Right::new(Some("shop"), "apps", "deployments", "create")]);
        let missing = Missing { rights, roles: vec![binding], user: None };
        let objects = missing_roles(&plan, &missing, &Grantee::of("jane"));
        let told = objects.iter().map(|object| {
            let rules = object.pointer("/rules").map(ToString::to_string).unwrap_or_default();
            format!("{} {rules}", object.id()).trim_end().to_owned() + "\n"
        });
        insta::assert_snapshot!(told.collect::<String>(), @r#"
        ClusterRole/kubestock-installer-ba18ee91 [{"nonResourceURLs":["/metrics"],"verbs":["get"]}]
        ClusterRoleBinding/kubestock-installer-ba18ee91
        Role/shop/kubestock-installer-ba18ee91 [{"apiGroups":["apps"],"resources":["deployments"],"verbs":["create"]}]
        RoleBinding/shop/kubestock-installer-ba18ee91
        "#);
    }
}
