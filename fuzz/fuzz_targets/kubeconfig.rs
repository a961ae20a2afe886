//! Any text as a kubeconfig: a target or an error, never a panic, and no secret in what is logged of it.

#![no_main]

use kubestock_install::cluster::{Target, TargetRequest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, text).unwrap();
    let request = TargetRequest { kubeconfig: Some(path), context: None };
    if let Ok(target) = Target::resolve(&request) {
        let shown = format!("{target:?}");
        assert!(
            !shown.contains("hunter2")
                || target.context.contains("hunter2")
                || target.server.contains("hunter2")
        );
        target.write_kubeconfig().unwrap();
    }
});
