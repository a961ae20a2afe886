use std::collections::BTreeSet;

use serde_json::Value;

use super::super::Live;
use super::super::pods::Pods;
use super::super::scene::Scene;
use crate::object::{GroupKind, Object, ObjectId};

/// The Secrets that pods pull with: their own, or else those of their ServiceAccount
/// (`plugin/pkg/admission/serviceaccount/admission.go`). None where the account is not known.
pub(super) fn secrets_of_pods<'a>(scene: &Scene<'a>, pods: &Pods<'a>) -> Option<Vec<&'a str>> {
    let spec = pods.spec?;
    let own = names(&spec["imagePullSecrets"]);
    if !own.is_empty() {
        return Some(own);
    }
    let account = spec["serviceAccountName"].as_str().unwrap_or("default");
    if let Some(account) = scene.get("", "ServiceAccount", pods.namespace, account) {
        return Some(account.pointer("/imagePullSecrets").map(names).unwrap_or_default());
    }
    // A new namespace gets an account without any; one that was not read may have some.
    let kind = GroupKind { group: String::new(), kind: "ServiceAccount".to_owned() };
    scene.live.is_some_and(|live| !live.unread.contains_key(&kind)).then(Vec::new)
}

/// The pull secrets of the cluster's ServiceAccounts.
pub(in super::super) fn secrets_of_accounts(live: &Live) -> BTreeSet<ObjectId> {
    let accounts = live.objects.of_kind("", "ServiceAccount");
    let of = |account: &Object| {
        let secrets = account.pointer("/imagePullSecrets").map(names).unwrap_or_default();
        let id = |name| ObjectId::core("Secret", account.namespace(), name);
        secrets.into_iter().map(id).collect::<Vec<_>>()
    };
    accounts.flat_map(of).collect()
}

fn names(secrets: &Value) -> Vec<&str> {
    secrets.as_array().into_iter().flatten().filter_map(|secret| secret["name"].as_str()).collect()
}
