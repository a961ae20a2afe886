//! Any bytes as YAML: read or refused, never a panic, and what is read is written so that it is read back.

#![no_main]

use kubestock_install::object::yaml::{self, Annotations, Dialect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for dialect in [Dialect::Apply, Dialect::Kustomize] {
        let _ = yaml::parse_located(text, dialect);
    }
    let _ = yaml::parse_manifests(text, Annotations::TextOrNull);
    for document in yaml::parse_documents(text).unwrap_or_default() {
        let written = yaml::to_string(&document.value);
        let read = yaml::parse_documents(&written).unwrap_or_default();
        assert!(read.len() == 1 && read[0].value == document.value, "{written}");
    }
});
