use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::page::Page;
use crate::programs::STAND_INS;
use crate::release::Release;

/// The program as the lines find it in their PATH. What needs a release takes it from loopback.
const WRAPPER: &str = r#"#!/bin/sh
case " $* " in
*" --offline "*) ;;
" fetch "* | " images "* | " bundle "* | " check "*) set -- "$@" -f "$HOME/release.yaml" ;;
esac
exec "$PROGRAM" "$@"
"#;

/// Where the sandbox keeps its state, as a document shows it.
const SANDBOX: &str = "/var/lib/kubestock-sandbox/demo";

/// A home in which the lines of a document are run: in `work`, with the files that they name, a kubeconfig for a
/// cluster that does not answer, and what stands in for the programs of others.
pub(crate) struct Home<'r> {
    folder: TempDir,
    release: &'r Release,
}

impl<'r> Home<'r> {
    pub(crate) fn new(release: &'r Release) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap(), release };
        home.write("release.yaml", &release.part());
        home.write(".kube/config", &kubeconfig());
        for profile in ["work/my.yaml", "work/mine.yaml", "sandbox/profiles/demo.yaml"] {
            home.write(profile, "extends: demo\n");
        }
        for part in ["work/site.yaml", "work/dev.yaml", "secret/addresses.yaml"] {
            home.write(part, "istio: {addons: [kiali]}\n");
        }
        home.write(".docker/config.json", "{}");
        home.write("work/layers/shop/kustomization.yaml", "resources: []\n");
        for tree in ["gitops", "work/gitops"] {
            symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("gitops"), home.folder.path().join(tree))
                .unwrap();
        }
        home.program("kubestock-install", WRAPPER);
        for (name, script) in STAND_INS {
            home.program(name, &format!("#!/bin/sh\n{script}\n"));
        }
        home
    }

    /// With the files that the page shows.
    pub(crate) fn of(page: &Page, release: &'r Release) -> Self {
        let home = Self::new(release);
        for (name, text) in page.files() {
            home.write(&format!("work/{name}"), &text);
        }
        home
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn program(&self, name: &str, script: &str) {
        self.write(&format!("bin/{name}"), script);
        let path = self.folder.path().join("bin").join(name);
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Runs a line in bash, where a pipe ends as the last of its parts that failed.
    pub(crate) fn run(&self, line: &str) -> Output {
        let home = self.folder.path();
        let line = line.replace(SANDBOX, home.join("sandbox").to_str().unwrap());
        // Nothing leaves this machine: who would ask another one asks a proxy that is not there.
        let nowhere = "http://127.0.0.1:1";
        let mut bash = Command::new("bash");
        bash.args(["-o", "pipefail", "-c", &line]).current_dir(home.join("work")).env_clear();
        bash.env("HOME", home).env("PATH", format!("{}:/usr/bin:/bin", home.join("bin").display()));
        bash.env("PROGRAM", env!("CARGO_BIN_EXE_kubestock-install")).env("LANG", "C.UTF-8");
        bash.env("HTTPS_PROXY", nowhere).env("HTTP_PROXY", nowhere).env("NO_PROXY", "127.0.0.1");
        bash.env("KUBESTOCK_INSTALL_MIRROR", self.release.mirror());
        bash.output().unwrap()
    }
}

/// For the contexts that documents name, all of a server that nobody listens at.
fn kubeconfig() -> String {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!(
        "current-context: kind-kubestock
contexts: [{{name: kind-kubestock, context: {{cluster: it, user: me}}}}]
clusters: [{{name: it, cluster: {{server: 'https://{closed}'}}}}]
users: [{{name: me, user: {{token: hunter2}}}}]
"
    )
}
