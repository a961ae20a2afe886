//! Any text as a profile, as one that is laid over it and, after `%%%`, as values for `--set`: read or refused, never a panic.

#![no_main]

use kubestock_install::profile::{Overrides, ProfileFile, duration, resolve};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let folder = tempfile::tempdir().unwrap();
    let mut parts = text.splitn(3, "%%%");
    let mut part = || parts.next().unwrap_or_default();
    let [profile, over] = ["profile.yaml", "over.yaml"].map(|name| folder.path().join(name));
    std::fs::write(&profile, part()).unwrap();
    std::fs::write(&over, part()).unwrap();
    let set: Vec<String> = part().lines().map(str::to_owned).collect();
    let _ = set.iter().map(|value| duration(value)).count();
    let overrides = Overrides { files: vec![over], set: set.clone(), set_string: set };
    let _ = resolve(&ProfileFile::Path(profile), &overrides);
});
