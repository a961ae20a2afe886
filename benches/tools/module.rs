//! Programs out of Go modules, which the benches are measured beside.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds a package that the module in `folder` names as its tool, where that has not been done before.
pub(crate) fn built(folder: &str, name: &str, package: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers").join(name);
    let mut command = Command::new("go");
    command.args(["build", "-trimpath", "-o"]).arg(&program).arg(package);
    let built = command.current_dir(folder).status().unwrap();
    assert!(built.success(), "{package} cannot be built");
    program
}
