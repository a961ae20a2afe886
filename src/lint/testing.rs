//! Plans and clusters for tests, from YAML.

use std::time::Duration;

use super::{Live, lint};
use crate::finding::Code;
use crate::object::yaml::parse_documents;
use crate::object::{GroupKind, Object};
use crate::plan::{Layer, Placed, Plan};

pub(super) fn objects(yaml: &str) -> Vec<Object> {
    let documents = parse_documents(yaml).unwrap();
    documents.into_iter().map(|document| Object::new(document.value).unwrap()).collect()
}

/// A plan of one layer.
pub(super) fn plan(yaml: &str) -> Plan {
    layers([("base", objects(yaml).into_iter().map(Placed::from).collect())])
}

pub(super) fn layers<const N: usize>(layers: [(&str, Vec<Placed>); N]) -> Plan {
    let layer = |(name, objects): (&str, _)| Layer::new(name, objects, Duration::from_secs(1));
    Plan::of(layers.map(layer).into()).0
}

/// A cluster with these objects, which serves Istio's kinds and those of the objects.
pub(super) fn cluster(yaml: &str) -> Live {
    let mut live = Live { objects: objects(yaml).into_iter().collect(), ..Live::default() };
    let istio = [
        ("networking.istio.io", "VirtualService"),
        ("networking.istio.io", "DestinationRule"),
        ("networking.istio.io", "Gateway"),
        ("networking.istio.io", "ServiceEntry"),
        ("networking.istio.io", "Sidecar"),
        ("networking.istio.io", "EnvoyFilter"),
        ("security.istio.io", "PeerAuthentication"),
        ("security.istio.io", "AuthorizationPolicy"),
        ("telemetry.istio.io", "Telemetry"),
    ];
    for (group, kind) in istio {
        let kind = GroupKind { group: group.into(), kind: kind.into() };
        live.kinds.insert(kind, ["v1", "v1beta1", "v1alpha3", "v1alpha1"].map(str::to_owned).into());
    }
    let own: Vec<_> =
        live.objects.iter().map(|object| (object.group_kind(), object.version().into())).collect();
    for (kind, version) in own {
        live.kinds.entry(kind).or_default().insert(version);
    }
    live
}

/// What a plan of this YAML is told of one code, beside a cluster with that one: a line a finding.
pub(super) fn told(code: Code, yaml: &str, there: &str) -> String {
    // Without the rules about what a cluster has to bring: those have tests of their own.
    let findings = lint(&plan(yaml), Some(&cluster(there)));
    let told = findings.iter().filter(|finding| finding.code == code);
    told.map(|finding| format!("{}: {finding} ({})\n", finding.severity.name(), finding.hint)).collect()
}
