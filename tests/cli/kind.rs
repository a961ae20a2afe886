//! A cluster on this machine: what kind and the container engine are asked for. Both are stand-ins that write it down; the
//! API server is one that knows its node and nothing else.

use std::fs::{File, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use insta::assert_snapshot;
use kubestock_install::istio::release::Digest;
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::fetch::{archive_of, profile};
use crate::home::{Home, Told};
use crate::locality::cluster_of;

/// As kind does, with a file for each cluster and a kubeconfig that is there before.
const KIND: &str = r#"#!/bin/sh
echo "kind $*" | sed "s#$TMPDIR/[^ ]*#TMP#" >>"$HOME/asked"
case "$1 $2" in
"version ") echo kind v0.33.0 ;;
"get clusters") ls "$HOME/clusters" ;;
"get nodes") echo "$4-control-plane" ;;
"get kubeconfig") sed "s/NAME/$4/g" "$HOME/of-kind" ;;
"create cluster")
    cat >"$HOME/config"
    echo "Creating cluster ..." >&2
    [ ! -e "$HOME/breaks" ] || { echo "ERROR: failed to create cluster: no space left on device" >&2; exit 1; }
    [ ! -e "$HOME/awaited" ] || timeout 30 cat "$HOME/awaited" || exit 1
    [ ! -e "$HOME/hangs" ] || { echo >"$HOME/hangs"; exec sleep 600 3>"$HOME/holds"; }
    touch "$HOME/clusters/$4" ;;
"delete cluster") rm -f "$HOME/clusters/$4" ;;
esac
"#;

/// An engine on a virtual machine of its own, with one image.
const DOCKER: &str = r#"#!/bin/sh
echo "docker $*" >>"$HOME/asked"
case "$1 $2" in
"info --format") cat "$HOME/info" ;;
"image inspect")
    [ "$5" = shop/web:dev ] || { echo "Error response from daemon: No such image: $5" >&2; exit 1; }
    echo arm64 ;;
"manifest inspect")
    echo '{"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]}' ;;
esac
"#;

/// A home with kind and docker in its bin/, and an API server that clusters lead to.
async fn laptop() -> (Home, MockServer) {
    let ready = json!([{"type": "Ready", "status": "True"}]);
    let node = json!({"metadata": {"name": "kubestock-control-plane"}, "status": {"conditions": ready},
        "spec": {"providerID": "kind://docker/kubestock/kubestock-control-plane"}});
    let server = cluster_of(node).await;
    let home = Home::new();
    install(&home, "kind", KIND);
    install(&home, "docker", DOCKER);
    home.write(
        "info",
        r#"{"MemTotal": 8000000000, "Architecture": "x86_64", "OperatingSystem": "Docker Desktop"}"#,
    );
    home.write("of-kind", &of_kind(&server.uri()));
    std::fs::create_dir(home.path("clusters")).unwrap();
    std::fs::create_dir(home.path("tmp")).unwrap();
    (home, server)
}

fn install(home: &Home, name: &str, script: &str) {
    let path = format!("bin/{name}");
    home.write(&path, script);
    std::fs::set_permissions(home.path(&path), Permissions::from_mode(0o755)).unwrap();
}

fn of_kind(server: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: kind-NAME
contexts: [{{name: kind-NAME, context: {{cluster: kind-NAME, user: kind-NAME}}}}]
clusters: [{{name: kind-NAME, cluster: {{server: '{server}'}}}}]
users: [{{name: kind-NAME, user: {{token: hunter2}}}}]
"
    )
}

/// With the stand-ins before all else on the PATH.
fn command(home: &Home, arguments: &str) -> std::process::Command {
    let mut command = home.command(arguments);
    let path = format!("{}:/usr/bin:/bin", home.path("bin").display());
    command.env("PATH", path).env("TMPDIR", home.path("tmp"));
    command
}

fn run(home: &Home, arguments: &str) -> Told {
    home.told(&command(home, arguments).output().unwrap())
}

/// What kind and docker were asked for, questions left out.
fn asked(home: &Home) -> String {
    let asked = std::fs::read_to_string(home.path("asked")).unwrap_or_default();
    let is_question = |line: &&str| {
        ["kind version", "kind get", " info ", " image inspect ", " manifest "]
            .iter()
            .any(|question| line.contains(question))
    };
    asked.lines().filter(|line| !is_question(line)).map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn a_cluster_is_made_and_used_and_gets_the_images() {
    let (home, server) = laptop().await;
    // It ends with the release, which nobody has: by then all is done that is for kind to do.
    let told = run(&home, "demo --kind --load-image shop/web:dev --offline").with(&server.uri(), "SERVER");
    assert_eq!(told.code, Some(4), "{told}");
    let told = told.to_string();
    assert_snapshot!(told.lines().take(7).collect::<Vec<_>>().join("\n"), @"
    [time] warning[KSI-153]: the image shop/web:dev is for arm64, and this machine is amd64
        hint: its containers may end with `exec format error`; build it for this machine (`--platform linux/amd64`), and have it loaded with --load-image
    [time] cluster: bringing up the kind cluster kubestock
    [time] cluster: done in [time]: kubestock, made, Kubernetes v1.33.4
    [time] demo on kind-kubestock (SERVER)
    [time] load: loading images of this machine
    [time] load: done in [time]: 1 image
    ");
    assert_snapshot!(asked(&home), @"
    kind create cluster --name kubestock --image kindest/node:v1.27.16@sha256:2d21a61643eafc439905e18705b8186f3296384750a835ad7a005dceb9546d20 --config - --kubeconfig TMP
    kind load docker-image --name kubestock shop/web:dev
    ");
    assert_snapshot!(std::fs::read_to_string(home.path("config")).unwrap(), @"
    kind: Cluster
    apiVersion: kind.x-k8s.io/v1alpha4
    nodes:
    - role: control-plane
      kubeadmConfigPatches:
      - |
        kind: KubeletConfiguration
        serializeImagePulls: false
    ");
}

/// kind is held up until somebody asks for the release.
#[tokio::test]
async fn the_release_comes_while_the_cluster_is_made() {
    let (home, _server) = laptop().await;
    let awaited = home.path("awaited");
    mkfifoat(CWD, &awaited, Mode::from_raw_mode(0o600)).unwrap();
    let archive = archive_of(b"#!/bin/sh\nexit 1\n");
    let mirror = MockServer::start().await;
    home.write("mine.yaml", &profile(&mirror.uri(), &Digest::of(&archive).to_string()));
    let answer = move |_: &Request| {
        // Ends once the other end is opened, and lets it go on.
        drop(File::options().write(true).open(&awaited).unwrap());
        ResponseTemplate::new(200).set_body_bytes(archive.clone())
    };
    Mock::given(any()).respond_with(answer).mount(&mirror).await;
    let told = run(&home, "install --profile mine.yaml --kind").to_string();
    let done: Vec<&str> = told.lines().filter(|line| line.contains("done in")).collect();
    assert_snapshot!(done.join("\n"), @"
    [time] cluster: done in [time]: kubestock, made, Kubernetes v1.33.4
    [time] fetch: done in [time]: istio 1.18.0, 107 B
    ");
}

#[tokio::test]
async fn a_cluster_that_is_there_is_started_and_used() {
    let (home, _server) = laptop().await;
    home.write("clusters/shop", "");
    let told = run(&home, "demo --kind shop --yes --offline");
    assert!(told.out.contains(": shop, there already, Kubernetes v1.33.4"), "{told}");
    assert_snapshot!(asked(&home), @"docker start shop-control-plane");
}

#[tokio::test]
async fn the_current_context_stays_what_it_is() {
    let (home, server) = laptop().await;
    home.knows("https://far.example");
    run(&home, "demo --kind --offline");
    let kubeconfig = std::fs::read_to_string(home.path(".kube/config")).unwrap();
    assert!(kubeconfig.contains("current-context: test\n"), "{kubeconfig}");
    assert!(
        kubeconfig.contains("name: kind-kubestock\n") && kubeconfig.contains(&server.uri()),
        "{kubeconfig}"
    );

    // In a file of its own it is the only one.
    run(&home, "demo --kind --kubeconfig own --offline");
    let own = std::fs::read_to_string(home.path("own")).unwrap();
    assert!(own.contains("current-context: kind-kubestock\n"), "{own}");
    assert_eq!(std::fs::read_to_string(home.path(".kube/config")).unwrap(), kubeconfig);
}

#[tokio::test]
async fn a_program_is_told_all_of_it_as_events_and_nothing_of_kinds() {
    let (home, _server) = laptop().await;
    home.write(
        "info",
        r#"{"MemTotal": 2147483648, "Architecture": "aarch64", "OperatingSystem": "Docker Desktop"}"#,
    );
    let told = run(&home, "demo --kind --load-image shop/web:dev --offline --output json");
    let facts: Vec<String> = told
        .events()
        .iter()
        .filter(|event| event["event"] != "step_finished")
        .map(|event| match event["event"].as_str().unwrap() {
            "found" => {
                format!("found {} {}", event["code"].as_str().unwrap(), event["seen"].as_str().unwrap())
            }
            "step_started" => format!("step {} {}", event["step"]["kind"], event["step"]["name"]),
            name => name.to_owned(),
        })
        .take(9)
        .collect();
    assert_snapshot!(facts.join("\n"), @r#"
    found KSI-151 the container engine has 2.0 GiB of memory, and the pods take up to 4 GiB
    found KSI-153 the image docker.io/hashicorp/http-echo:1.0.0 is for amd64, and this machine is arm64
    step "cluster" "kubestock"
    cluster_ready
    run_started
    step "connect" null
    step "load" null
    images_loaded
    step "fetch" null
    "#);
}

#[tokio::test]
async fn all_that_is_missing_is_told_at_once_with_where_to_get_it() {
    let (home, _server) = laptop().await;
    let alone = |home: &Home| {
        let mut command = command(home, "demo --kind");
        home.told(&command.env("PATH", home.path("bin")).output().unwrap())
    };
    std::fs::remove_file(home.path("bin/docker")).unwrap();
    install(&home, "kind", "#!/bin/sh\necho kind v0.33.0\n");
    assert_snapshot!(alone(&home), @"
    stderr: error: a container engine (docker, podman or nerdctl) is not on the PATH
    stderr: hint: get Docker: https://docs.docker.com/get-started/get-docker/, or Podman: https://podman.io/docs/installation
    exit code 3
    ");
    std::fs::remove_file(home.path("bin/kind")).unwrap();
    assert_snapshot!(alone(&home), @"
    stderr: error: kind and a container engine (docker, podman or nerdctl) are not on the PATH
    stderr: hint: get kind: https://kind.sigs.k8s.io/docs/user/quick-start/#installation, or `brew install kind`; and Docker: https://docs.docker.com/get-started/get-docker/, or Podman: https://podman.io/docs/installation
    exit code 3
    ");
    install(&home, "docker", "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2; exit 1\n");
    install(&home, "kind", "#!/bin/sh\necho kind v0.33.0\n");
    assert_snapshot!(alone(&home), @"
    stderr: error: docker does not answer: Cannot connect to the Docker daemon
    stderr: hint: is it running, and may this user use it? start Docker Desktop, or `sudo systemctl start docker`
    exit code 3
    ");
}

#[tokio::test]
async fn podman_is_used_where_docker_does_not_answer() {
    let (home, _server) = laptop().await;
    install(&home, "docker", "#!/bin/sh\nexit 1\n");
    let podman = DOCKER.replace("docker $*", "podman $*").replace("info\"", "info-of-podman\"");
    install(&home, "podman", &podman);
    home.write(
        "info-of-podman",
        r#"{"host": {"memTotal": 8000000000, "arch": "amd64", "serviceIsRemote": true}}"#,
    );
    install(&home, "kind", &KIND.replace("$*", "$* ($KIND_EXPERIMENTAL_PROVIDER)"));
    run(&home, "demo --kind --load-image shop/web:dev --offline");
    let asked = asked(&home).replace(home.path("tmp").to_str().unwrap(), "TMPDIR");
    let temporary = regex::Regex::new(r"TMPDIR/\S+").unwrap();
    assert_snapshot!(temporary.replace_all(&asked, "TMP"), @"
    kind create cluster --name kubestock --image kindest/node:v1.27.16@sha256:2d21a61643eafc439905e18705b8186f3296384750a835ad7a005dceb9546d20 --config - --kubeconfig TMP (podman)
    podman save -o TMP shop/web:dev
    kind load image-archive --name kubestock TMP (podman)
    ");
}

#[tokio::test]
async fn an_image_that_is_not_here_is_told_before_anything_is_made() {
    let (home, _server) = laptop().await;
    let told = run(&home, "demo --kind --load-image shop/wbe:dev");
    assert_eq!(asked(&home), "");
    assert_snapshot!(told, @"
    stderr: error: docker has no image shop/wbe:dev to load: Error response from daemon: No such image: shop/wbe:dev
    stderr: hint: build it or pull it first: --load-image is for images that this machine has
    exit code 2
    ");
}

#[tokio::test]
async fn what_kind_says_is_told_where_it_fails() {
    let (home, _server) = laptop().await;
    home.write("breaks", "");
    let told = run(&home, "demo --kind --kind-image registry.example/node:v1.27.16");
    let temporary = regex::Regex::new(r"HOME/tmp/[^ `]+").unwrap();
    assert_snapshot!(temporary.replace_all(&told.to_string(), "TMP"), @"
    [time] cluster: bringing up the kind cluster kubestock
    the run failed after [time]: nothing was changed
    stderr: error: `kind create cluster --name kubestock --image registry.example/node:v1.27.16 --config - --kubeconfig TMP` failed (exit status: 1): Creating cluster ...
    stderr: ERROR: failed to create cluster: no space left on device
    stderr: hint: https://kind.sigs.k8s.io/docs/user/known-issues/ has what often is the cause
    exit code 3
    ");
}

#[tokio::test]
async fn ctrl_c_ends_kind_and_takes_away_what_was_half_made() {
    let (home, _server) = laptop().await;
    for pipe in ["hangs", "holds"] {
        mkfifoat(CWD, home.path(pipe), Mode::RWXU).unwrap();
    }
    let program =
        command(&home, "demo --kind").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Each waits for the other's end of the pipe.
    let mut begun = String::new();
    File::open(home.path("hangs")).unwrap().read_to_string(&mut begun).unwrap();
    let mut held = File::open(home.path("holds")).unwrap();
    kill_process(Pid::from_raw(i32::try_from(program.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    let told = home.told(&program.wait_with_output().unwrap());
    assert_eq!(told.code, Some(130), "{told}");
    // It ends once nobody has it open any more.
    held.read_to_string(&mut begun).unwrap();
    assert!(asked(&home).ends_with("kind delete cluster --name kubestock\n"), "{}", asked(&home));
}

#[tokio::test]
async fn a_cluster_goes_once_that_is_confirmed() {
    let (home, _server) = laptop().await;
    home.write("clusters/kubestock", "");
    assert_snapshot!(run(&home, "uninstall --kind"), @"
    stderr: error: this needs to be confirmed: the kind cluster `kubestock` is to be deleted
    stderr: hint: give --yes if it is to go, with all that is in it
    exit code 3
    ");
    assert_eq!(asked(&home), "");
    assert_snapshot!(run(&home, "uninstall --kind --yes --kubeconfig own"), @"
    [time] delete: taking the kind cluster kubestock away
    [time] delete: done in [time]: kubestock
    the kind cluster kubestock is deleted, [time]
    exit code 0
    ");
    assert_snapshot!(run(&home, "uninstall --kind --yes"), @"
    [time] delete: taking the kind cluster kubestock away
    [time] delete: done in [time]: kubestock
    nothing to delete: there is no kind cluster kubestock, [time]
    exit code 0
    ");
    assert_snapshot!(asked(&home), @"
    kind delete cluster --name kubestock --kubeconfig own
    kind delete cluster --name kubestock
    ");
}

#[test]
fn what_does_not_go_together_is_told() {
    let home = Home::new();
    let table = [
        ("demo --kind --context prod", "cannot be used with '--context"),
        ("demo --load-image a:b", "--kind"),
        ("demo --kind Shop", "lower-case letters"),
        ("uninstall --kind --purge", "cannot be used with '--purge"),
    ];
    for (arguments, expected) in table {
        let told = home.run(arguments);
        assert!(told.code == Some(2) && told.err.contains(expected), "{arguments}: {told}");
    }
}
