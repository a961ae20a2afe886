//! Another version of Istio is pinned, and installed from what was printed.

use flate2::{Compression, write::GzEncoder};
use insta::assert_snapshot;
use kubestock_install::istio::release::{Digest, Flavour, Platform};
use tar::{Builder, Header};
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::home::{Home, Told, closed};

/// What passes for a full release.
fn archive() -> Vec<u8> {
    let addons =
        ["prometheus", "grafana", "jaeger", "kiali"].map(|addon| format!("samples/addons/{addon}.yaml"));
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for file in ["bin/istioctl".to_owned()].iter().chain(&addons) {
        let mut header = Header::new_gnu();
        header.set_size(file.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, format!("istio-1.19.0/{file}"), file.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// The full archive's name on the machine of the test.
fn name(version: &str) -> String {
    Flavour::Full.file_name(version, Platform::current().unwrap())
}

/// A server that has these files.
async fn mirror(files: &[(&str, &[u8])]) -> MockServer {
    let server = MockServer::start().await;
    for (file, bytes) in files {
        let answer = ResponseTemplate::new(200).set_body_bytes(*bytes);
        Mock::given(path(format!("/{file}"))).respond_with(answer).mount(&server).await;
    }
    server
}

/// As `sha256sum` writes it.
fn checksum(file: &str, bytes: &[u8]) -> Vec<u8> {
    format!("{}  {file}\n", Digest::of(bytes)).into_bytes()
}

/// Run where the Istio project cannot be reached.
fn run(home: &Home, arguments: &str) -> Told {
    let mut command = home.command(arguments);
    command.env("HTTPS_PROXY", format!("http://{}", closed()));
    // Linux and macOS number it differently.
    home.told(&command.output().unwrap()).with(" (os error 111)", "").with(" (os error 61)", "")
}

#[tokio::test]
async fn what_a_release_says_of_itself_is_pinned_and_installed() {
    let (file, archive) = (name("1.19.0"), archive());
    let (istioctl, other) = ("istioctl-1.19.0-osx-arm64.tar.gz", "istio-1.19.0-osx.tar.gz");
    let server = mirror(&[
        (&file, &archive),
        (&format!("{file}.sha256"), &checksum(&file, &archive)),
        (&format!("{other}.sha256"), &checksum(other, b"other")),
        (&format!("{istioctl}.sha256"), &checksum(istioctl, b"istioctl")),
    ])
    .await;
    let home = Home::new();
    let told = run(&home, &format!("pin 1.19.0 --mirror {}", server.uri()));
    home.write("pinned.yaml", &told.out);
    let told = told.with(&server.uri(), "SERVER").with(&file, "FILE");
    assert_snapshot!(told.with(&Digest::of(&archive).to_string(), "DIGEST"), @"
    istio:
      version: 1.19.0
      digests:
        FILE: DIGEST
        istio-1.19.0-osx.tar.gz: d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa
        istioctl-1.19.0-osx-arm64.tar.gz: e36a536b791803995beea0ba95eb9453bd09b8372c6dbc3a1e892f354968bd05
    stderr: warning: weaker than digests from elsewhere: this is what SERVER/ says now, and whoever can change an archive there can change its digest too; the first use is trusted, and only later changes are noticed
    stderr: warning: Istio 1.19.0 reached its end of support on 2024-04-24: it is not mended any more
    exit code 0
    ");

    let fetch = format!("fetch demo -f pinned.yaml --cache-dir cache --mirror {}", server.uri());
    let fetched = run(&home, &fetch).with(&Digest::of(&archive).to_string(), "DIGEST");
    assert_eq!(fetched.code, Some(0), "{fetched}");
    assert!(fetched.out.contains("istio 1.19.0 is proven, sha256 DIGEST"), "{fetched}");
    let shown = home.run("profiles show demo -f pinned.yaml").out;
    assert!(shown.contains("version: 1.19.0  # pinned.yaml:2\n"), "{shown}");
}

#[test]
fn an_archive_that_is_here_is_pinned_by_its_name() {
    let home = Home::new();
    home.write("down/istioctl-1.20.3-linux-arm64.tar.gz", "abc");
    home.write("down/istio-1.20.3-osx.tar.gz", "");
    assert_snapshot!(home.run("pin down/istioctl-1.20.3-linux-arm64.tar.gz down/istio-1.20.3-osx.tar.gz"), @"
    istio:
      version: 1.20.3
      digests:
        istio-1.20.3-osx.tar.gz: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        istioctl-1.20.3-linux-arm64.tar.gz: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
    stderr: warning: this vouches for just these files: their digests do not tell whether the Istio project published them
    stderr: warning: Istio 1.20.3 reached its end of support on 2024-06-25: it is not mended any more
    exit code 0
    ");
    home.write("istio-1.18.0-osx.tar.gz", "not what the Istio project published");
    assert_snapshot!(home.run("pin istio-1.18.0-osx.tar.gz"), @"
    stderr: error: istio-1.18.0-osx.tar.gz comes with SHA-256 0882b9494715ede91d57c2f4133e5f678db907ab1bd6490483fffc856f331bd5, but istio-1.18.0-osx.tar.gz is known to have c795170bac578a1b85e1bb790709179ad06df9b5f7028e31242fea9fbdd97938
    stderr: hint: one of them is another archive under the name of this one: use neither until you know which
    exit code 4
    ");
}

#[test]
fn what_tells_no_version_is_refused() {
    let home = Home::new();
    home.write("istio.tar.gz", "abc");
    assert_snapshot!(home.run("pin istio.tar.gz"), @"
    stderr: error: `istio.tar.gz` is neither a version in full, such as 1.19.0, nor named as the Istio project names its archives: istio-VERSION-PLATFORM.tar.gz or istioctl-VERSION-PLATFORM.tar.gz, where PLATFORM is linux-amd64, linux-arm64, linux-armv7, osx or osx-arm64
    exit code 2
    ");
    assert_snapshot!(home.run("pin 1.20.3 istio-1.20.3-osx.tar.gz"), @"
    stderr: error: `1.20.3` and `istio-1.20.3-osx.tar.gz` are not of one kind: name one version, or archives of one version
    exit code 2
    ");
    assert_snapshot!(home.run("pin istio-1.20.3-osx.tar.gz"), @"
    stderr: error: failed to open file `istio-1.20.3-osx.tar.gz`: No such file or directory (os error 2)
    exit code 2
    ");
    assert_snapshot!(home.run("pin"), @"
    stderr: error: the following required arguments were not provided:
    stderr:   <VERSION|ARCHIVE>...
    stderr:
    stderr: Usage: kubestock-install pin <VERSION|ARCHIVE>...
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
}

#[tokio::test]
async fn a_source_that_says_nothing_right_is_told_and_another_one_asked() {
    let (file, large) = ("istio-1.30.0-linux-amd64.tar.gz", vec![b'a'; 5000]);
    let checksum_file = format!("{file}.sha256");
    let about_another = checksum("istio-1.29.0-osx.tar.gz", b"");
    let page = mirror(&[(&checksum_file, b"<html>Log in</html>")]).await;
    let another = mirror(&[(&checksum_file, &about_another)]).await;
    let endless = mirror(&[(&checksum_file, &large)]).await;
    let broken = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&broken).await;
    let empty = mirror(&[]).await;
    let right = mirror(&[(&checksum_file, &checksum(file, b"right"))]).await;

    let home = Home::new();
    let wrong = [&page, &another, &endless, &broken, &empty]
        .map(|server| format!("--mirror {}", server.uri()))
        .join(" ");
    let named = |told: Told| {
        let servers = [
            (&page, "PAGE"),
            (&another, "ANOTHER"),
            (&endless, "ENDLESS"),
            (&broken, "BROKEN"),
            (&empty, "EMPTY"),
            (&right, "RIGHT"),
        ];
        let told = servers.iter().fold(told, |told, (server, name)| told.with(&server.uri(), name));
        told.with(file, "FILE")
    };
    assert_snapshot!(named(run(&home, &format!("pin 1.30.0 {wrong} --mirror {}", right.uri()))), @"
    istio:
      version: 1.30.0
      digests:
        FILE: 27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9
    stderr: warning: PAGE/FILE.sha256 does not tell the SHA-256 of FILE; asking the next source
    stderr: warning: ANOTHER/FILE.sha256 does not tell the SHA-256 of FILE; asking the next source
    stderr: warning: ENDLESS/FILE.sha256 does not tell the SHA-256 of FILE; asking the next source
    stderr: warning: BROKEN/FILE.sha256 answers 503 Service Unavailable; asking the next source
    stderr: warning: EMPTY/ has no .sha256 file of Istio 1.30.0; asking the next source
    stderr: warning: weaker than digests from elsewhere: this is what RIGHT/ says now, and whoever can change an archive there can change its digest too; the first use is trusted, and only later changes are noticed
    exit code 0
    ");
    assert_snapshot!(named(run(&home, &format!("pin 1.30.0 {wrong}"))), @"
    stderr: error: no source tells the digests of Istio 1.30.0
    stderr:   PAGE/FILE.sha256 does not tell the SHA-256 of FILE
    stderr:   ANOTHER/FILE.sha256 does not tell the SHA-256 of FILE
    stderr:   ENDLESS/FILE.sha256 does not tell the SHA-256 of FILE
    stderr:   BROKEN/FILE.sha256 answers 503 Service Unavailable
    stderr:   EMPTY/ has no .sha256 file of Istio 1.30.0
    stderr:   https://github.com/istio/istio/releases/download/1.30.0/FILE.sha256 cannot be fetched: tunnel error: failed to create underlying connection: tcp connect error: Connection refused
    stderr: hint: check the network and the proxy (HTTPS_PROXY); --mirror names another folder; or give the archives themselves, if they are here
    exit code 4
    ");
}

#[tokio::test]
async fn a_release_that_contradicts_this_program_is_not_believed() {
    let file = "istio-1.18.0-osx.tar.gz";
    let server = mirror(&[(&format!("{file}.sha256"), &checksum(file, b"another"))]).await;
    let told = run(&Home::new(), &format!("pin 1.18.0 --mirror {}", server.uri()));
    assert_snapshot!(told.with(&server.uri(), "SERVER"), @"
    stderr: error: no source tells the digests of Istio 1.18.0
    stderr:   SERVER/istio-1.18.0-osx.tar.gz.sha256 comes with SHA-256 ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5, but istio-1.18.0-osx.tar.gz is known to have c795170bac578a1b85e1bb790709179ad06df9b5f7028e31242fea9fbdd97938
    stderr:   https://github.com/istio/istio/releases/download/1.18.0/istio-1.18.0-linux-amd64.tar.gz.sha256 cannot be fetched: tunnel error: failed to create underlying connection: tcp connect error: Connection refused
    stderr: hint: one of them is another archive under the name of this one: use neither until you know which
    exit code 4
    ");
}

#[test]
fn a_version_without_digests_is_told_how_to_get_them() {
    let home = Home::new();
    assert_snapshot!(home.run("fetch demo --set istio.version=1.19.0"), @"
    stderr: error: --set istio.version=1.19.0: `istio.version` is `1.19.0`, of which no digests are known; `kubestock-install pin 1.19.0` prints them for `istio.digests`
    exit code 2
    ");
}
