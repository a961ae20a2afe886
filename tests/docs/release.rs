//! What passes for the Istio project: a release and the digests of another, on loopback.

use flate2::{Compression, write::GzEncoder};
use kubestock_install::istio::release::{Digest, Flavour, Platform};
use tar::{Builder, Header};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

const ISTIOCTL: &str = include_str!("../cli/istioctl.sh");

/// Serves the archive of 1.18.0, and `.sha256` files for the other version that a document pins.
pub(crate) struct Release(MockServer);

impl Release {
    pub(crate) async fn serve(pinned: &str) -> Self {
        let server = MockServer::start().await;
        let mut files = vec![("/istio.tar.gz".to_owned(), archive())];
        for flavour in [Flavour::Full, Flavour::Istioctl] {
            let name = flavour.file_name(pinned, Platform::current().unwrap());
            files.push((format!("/{name}.sha256"), format!("{}  {name}\n", "ab".repeat(32)).into_bytes()));
        }
        for (file, bytes) in files {
            Mock::given(path(file))
                .respond_with(ResponseTemplate::new(200).set_body_bytes(bytes))
                .mount(&server)
                .await;
        }
        Self(server)
    }

    pub(crate) fn mirror(&self) -> String {
        self.0.uri()
    }

    /// What is laid over a profile to have its release from there.
    pub(crate) fn part(&self) -> String {
        let (url, sha256) = (self.mirror(), Digest::of(&archive()));
        format!("istio: {{source: {{archive: {{url: '{url}/istio.tar.gz', sha256: {sha256}}}}}}}\n")
    }
}

fn archive() -> Vec<u8> {
    let addon = |name| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: istio-system}}\n")
    };
    let addons = ["prometheus", "grafana", "jaeger", "kiali"]
        .map(|name| (format!("samples/addons/{name}.yaml"), addon(name)));
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (file, text) in [("bin/istioctl".to_owned(), ISTIOCTL.to_owned())].iter().chain(&addons) {
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, format!("istio-1.18.0/{file}"), text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}
