//! Which authorities are trusted.

use crate::case::archive;
use crate::file::File;
use crate::program::Program;
use crate::server::Server;
use crate::tls::Authority;

/// On Linux the system's own are those that OpenSSL's variable names, where it is set.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_bundle_is_trusted_beside_the_systems_own_authorities() {
    let [system, ours, unknown] = ["System", "Ours", "Unknown"].map(Authority::named);
    let bundle = format!("--ca-bundle {}", ours.bundle().display());
    let table = [
        (&system, "", true),
        (&system, bundle.as_str(), true),
        (&ours, "", false),
        (&ours, &bundle, true),
        (&unknown, &bundle, false),
    ];
    for (authority, options, trusted) in table {
        let file = File::of(archive()).served();
        let server = Server::over_tls(authority.server("127.0.0.1"), file).await;
        let program = Program::fetching(&format!("https://{}/istioctl.tar.gz", server.address))
            .with("SSL_CERT_FILE", system.bundle().display());
        let said = program.fetch(options).await;
        assert_eq!(said.code == Some(0), trusted, "{options}: {said:?}");
        assert_eq!(said.err.contains("not signed by an authority that this machine trusts"), !trusted);
    }
}

#[tokio::test]
async fn a_bundle_of_the_environment_is_trusted_too() {
    let ours = Authority::named("Ours");
    let server = Server::over_tls(ours.server("127.0.0.1"), File::of(archive()).served()).await;
    let program = Program::fetching(&format!("https://{}/istioctl.tar.gz", server.address));
    program.with("KUBESTOCK_INSTALL_CA_BUNDLE", ours.bundle().display()).fetch("").await.is_done();
}
