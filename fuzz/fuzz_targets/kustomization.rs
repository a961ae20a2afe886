//! Any bytes as the files of a folder, with `%%%` between the kustomization, its objects, a patch and a component:
//! rendered or refused, never a panic.

#![no_main]

use std::path::Path;

use kubestock_install::kustomize::{MapSource, render};
use libfuzzer_sys::fuzz_target;

const FILES: [&str; 4] =
    ["layer/kustomization.yaml", "layer/objects.yaml", "layer/patch.yaml", "component/kustomization.yaml"];

fuzz_target!(|text: &str| {
    let source: MapSource = FILES.into_iter().zip(text.split("%%%")).collect();
    let _ = render(&source, Path::new("layer"));
});
