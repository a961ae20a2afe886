//! The action of GitHub: what it says of itself, and its steps as a runner would take them.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use regex::Regex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::archive::{ARCHIVE, ONE, dist, packed_by};

fn action() -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string("action.yml").unwrap()).unwrap()
}

fn names(of: &Value) -> BTreeSet<String> {
    of.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn its_form_is_that_of_a_composite_action() {
    let action = action();
    let known = ["name", "description", "inputs", "outputs", "runs"];
    assert_eq!(names(&action), known.map(str::to_owned).into());
    assert_eq!(action["runs"]["using"], "composite");
    for (name, input) in action["inputs"].as_object().unwrap() {
        assert!(input["description"].is_string(), "{name}");
        let is_required = input["required"] == true;
        assert!(is_required != input["default"].is_string(), "{name} is required, or has a default");
        let odd: Vec<_> = names(input)
            .into_iter()
            .filter(|key| !["description", "required", "default"].contains(&&**key))
            .collect();
        assert!(odd.is_empty(), "{name}: {odd:?}");
    }
    for step in action["runs"]["steps"].as_array().unwrap() {
        assert_eq!(step["shell"], "bash", "{step}");
        let odd: Vec<_> = names(step)
            .into_iter()
            .filter(|key| !["id", "if", "shell", "run", "env"].contains(&&**key))
            .collect();
        assert!(odd.is_empty(), "{odd:?}");
        // What a workflow gives is a variable, and never part of a script.
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step}");
    }
}

#[test]
fn every_name_in_it_is_one_that_is_there() {
    let (text, action) = (std::fs::read_to_string("action.yml").unwrap(), action());
    let used = |pattern: &str| -> BTreeSet<String> {
        Regex::new(pattern).unwrap().captures_iter(&text).map(|name| name[1].to_owned()).collect()
    };
    assert_eq!(used(r"\binputs\.([\w-]+)"), names(&action["inputs"]));
    // The steps write the outputs that are promised, and read the variables that they are given.
    let script = std::fs::read_to_string("scripts/action").unwrap();
    for name in used(r"steps\.run\.outputs\.([\w-]+)") {
        assert!(script.contains(&format!("echo \"{name}=$")), "{name}");
    }
    for step in action["runs"]["steps"].as_array().unwrap() {
        for variable in names(&step["env"]).into_iter().filter(|name| name != "GH_TOKEN") {
            assert!(script.contains(&format!("${variable}")), "{variable}");
        }
    }
    let page = std::fs::read_to_string("docs/ci.md").unwrap();
    for name in names(&action["inputs"]).union(&names(&action["outputs"])) {
        assert!(page.contains(&format!("| `{name}`")), "docs/ci.md says nothing of {name}");
    }
}

/// A runner with a release to be had from `gh`, which proves what `attested` says.
struct Runner {
    folder: TempDir,
    attested: bool,
}

impl Runner {
    /// With a release of this program, or of what passes for it.
    fn new(attested: bool) -> Self {
        let program = "#!/bin/sh\necho \"kubestock-install with $*\"\n[ \"$1\" != check ] || exit 3\n";
        let folder = packed_by(&ONE, program.as_bytes());
        assert!(dist(folder.path()).arg("sums").output().unwrap().status.success());
        let runner = Self { folder, attested };
        std::fs::create_dir(runner.path("bin")).unwrap();
        let gh = "#!/bin/sh
case \"$1 $2\" in
'release download') cp \"$RELEASE\"/*.tar.gz \"$RELEASE\"/SHA256SUMS . ;;
'attestation verify') $ATTESTED ;;
esac
";
        std::fs::write(runner.path("bin/gh"), gh).unwrap();
        std::fs::set_permissions(runner.path("bin/gh"), PermissionsExt::from_mode(0o755)).unwrap();
        runner
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }

    fn sha256(&self) -> String {
        let digest = Sha256::digest(std::fs::read(self.path(ARCHIVE)).unwrap());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn step(&self, step: &str, variables: &[(&str, &str)]) -> Output {
        // What the steps before have put into the PATH.
        let added = std::fs::read_to_string(self.path("path")).unwrap_or_default();
        let path = format!("{}:{}:/usr/bin:/bin", added.trim(), self.path("bin").display());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/action");
        let mut bash = Command::new(script);
        bash.arg(step).current_dir(self.folder.path()).env_clear().env("PATH", path);
        for (name, value) in [
            ("RUNNER_OS", "Linux"),
            ("RUNNER_ARCH", "X64"),
            ("VERSION", env!("CARGO_PKG_VERSION")),
            ("REPOSITORY", "someone/kubestock-install"),
            ("SHA256", ""),
            ("REPORT", ""),
            ("ATTESTED", if self.attested { "true" } else { "false" }),
        ] {
            bash.env(name, value);
        }
        let folders =
            [("RUNNER_TEMP", "temp"), ("GITHUB_PATH", "path"), ("GITHUB_OUTPUT", "output"), ("RELEASE", "")];
        bash.envs(folders.map(|(name, path)| (name, self.path(path))));
        bash.envs(variables.iter().copied()).output().unwrap()
    }

    /// The error of a step that fails.
    #[track_caller]
    fn refused(&self, variables: &[(&str, &str)]) -> String {
        let output = self.step("install", variables);
        assert!(!output.status.success() && !self.path("path").exists());
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn what_is_proven_is_installed_and_what_is_not_is_not() {
    let runner = Runner::new(true);
    let installed = runner.step("install", &[]);
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    assert!(runner.path("path").exists());

    let runner = Runner::new(false);
    assert!(
        runner
            .refused(&[])
            .contains("::error title=kubestock-install::nothing proves that kubestock-install-")
    );
    assert!(runner.refused(&[("SHA256", &"0".repeat(64))]).contains("is not the one with SHA-256 00"));
    assert!(runner.refused(&[("RUNNER_OS", "Windows")]).contains("there is no release for Windows on X64"));
    assert!(runner.refused(&[("VERSION", "")]).contains("give the action a version"));
    // A digest that is known beforehand needs nobody's word.
    assert!(runner.step("install", &[("SHA256", &runner.sha256())]).status.success());
}

#[test]
fn the_command_is_run_with_its_report_and_its_exit_code_is_told() {
    let runner = Runner::new(true);
    assert!(runner.step("install", &[]).status.success());
    let run = runner.step("run", &[("COMMAND", "demo --yes $(touch x) *"), ("REPORT", "run.xml")]);
    let said = String::from_utf8(run.stdout).unwrap();
    assert_eq!(
        (run.status.code(), said.as_str()),
        (Some(0), "kubestock-install with demo --yes $(touch x) * --report run.xml\n")
    );
    assert_eq!(runner.step("run", &[("COMMAND", "check demo")]).status.code(), Some(3));
    let outputs = std::fs::read_to_string(runner.path("output")).unwrap();
    assert_eq!(outputs, "exit-code=0\nreport=run.xml\nexit-code=3\nreport=\n");
}
