use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::json;
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::manifest::FILE_NAME;
use super::*;
use crate::istio::release::Digest;
use crate::kustomize;
use crate::object::Object;

fn contents(folder: &TempDir) -> Contents {
    let archive = folder.path().join("downloaded");
    std::fs::write(&archive, b"a release").unwrap();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    Contents {
        name: "demo".into(),
        profile: "layers: [{name: base, path: ./layers/base}]\n".into(),
        layers: vec![("base".into(), vec![Object::new(namespace).unwrap()])],
        release: Some(("istio-1.18.0-linux-amd64.tar.gz".into(), archive)),
        images: vec!["docker.io/istio/pilot:1.18.0".into(), "shop:1".into()],
    }
}

#[test]
fn what_is_written_is_what_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.bundle");
    write(&contents(&folder), &path).unwrap();
    let opened = open(&path).unwrap();
    let profile = std::fs::read_to_string(opened.profile()).unwrap();
    assert_eq!(profile, "layers: [{name: base, path: ./layers/base}]\n");
    assert_eq!(
        std::fs::read(opened.release(&["istio-1.18.0-linux-amd64.tar.gz".into()]).unwrap()).unwrap(),
        b"a release"
    );
    let unpacked = opened.profile().parent().unwrap().to_owned();
    let layer = kustomize::render(&kustomize::DirSource, &unpacked.join("layers/base")).unwrap();
    assert_eq!(layer.objects[0].object.name(), "shop");
    drop(opened);
    assert!(!unpacked.exists());
}

#[test]
fn a_release_for_another_machine_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.bundle");
    write(&contents(&folder), &path).unwrap();
    let error = open(&path).unwrap().release(&["istio-1.18.0-osx.tar.gz".into()]).unwrap_err();
    let told = error.to_string().replace(&path.display().to_string(), "FILE");
    assert_eq!(
        told,
        "the bundle FILE holds istio-1.18.0-linux-amd64.tar.gz, and istio-1.18.0-osx.tar.gz is needed here"
    );
}

#[test]
fn nobody_else_may_read_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.bundle");
    write(&contents(&folder), &path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_same_contents_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["a", "b"].map(|name| {
        let path = folder.path().join(name);
        write(&contents(&folder), &path).unwrap();
        std::fs::read(path).unwrap()
    });
    assert_eq!(first, second);
}

#[test]
fn tar_itself_unpacks_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.bundle");
    write(&contents(&folder), &path).unwrap();
    let listed = std::process::Command::new("tar").arg("tf").arg(&path).output().unwrap();
    assert_eq!(
        String::from_utf8(listed.stdout).unwrap(),
        "bundle.json\n\
         demo.yaml\n\
         images.txt\n\
         istio/istio-1.18.0-linux-amd64.tar.gz\n\
         layers/base/kustomization.yaml\n\
         layers/base/objects.yaml\n"
    );
}

#[test]
fn a_path_that_could_not_be_opened_again_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut contents = contents(&folder);
    contents.layers[0].0 = "../elsewhere".into();
    assert!(write(&contents, &folder.path().join("x")).is_err());
    assert!(!folder.path().join("x").exists());
}

#[test]
fn a_bundle_takes_the_place_of_no_device() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert!(write(&contents(&folder), &socket).is_err());
    assert!(!socket.metadata().unwrap().is_file());
}

#[test]
fn a_bundle_that_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut contents = contents(&folder);
    contents.release = Some(("gone.tar.gz".into(), folder.path().join("gone")));
    let target = folder.path().join("out");
    std::fs::create_dir(&target).unwrap();
    assert!(write(&contents, &target.join("x")).is_err());
    assert_eq!(std::fs::read_dir(&target).unwrap().count(), 0);
}

/// A bundle as an attacker, or a broken disk, would write it.
struct Forged(Builder<Vec<u8>>);

impl Forged {
    fn with_manifest(manifest: &str) -> Self {
        let mut forged = Self(Builder::new(Vec::new()));
        forged.add(FILE_NAME, EntryType::Regular, manifest.as_bytes());
        forged
    }

    /// A manifest that lists `a.txt` with the content `a`.
    fn listing_a() -> Self {
        Self::with_manifest(&format!(
            r#"{{"format": 1, "madeBy": "me", "profile": "demo.yaml", "release": null,
                "files": {{"a.txt": {{"sha256": "{}", "bytes": 1}}}}}}"#,
            Digest::of(b"a")
        ))
    }

    fn add(&mut self, name: &str, kind: EntryType, content: &[u8]) {
        let mut header = Header::new_ustar();
        header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        self.0.append(&header, content).unwrap();
    }

    fn and(mut self, name: &str, kind: EntryType, content: &[u8]) -> Self {
        self.add(name, kind, content);
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn refusal(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("x.bundle");
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    let error = open(&path).map(|_| ()).unwrap_err();
    error.to_string().replace(&path.display().to_string(), "FILE")
}

#[test]
fn what_is_not_as_the_manifest_says_is_refused() {
    let file = EntryType::Regular;
    let a = || Forged::listing_a().and("a.txt", file, b"a");
    let listing = |name: &str| {
        let manifest = format!(
            r#"{{"format": 1, "madeBy": "me", "profile": "demo.yaml", "release": null,
                "files": {{"{name}": {{"sha256": "{}", "bytes": 1}}}}}}"#,
            Digest::of(b"a")
        );
        Forged::with_manifest(&manifest).and(name, file, b"a")
    };
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("no tar file", b"a bundle, honestly".repeat(100)),
        ("no manifest", Forged(Builder::new(Vec::new())).and("a.txt", file, b"a").bytes()),
        ("no JSON", Forged::with_manifest("{").bytes()),
        ("newer", Forged::with_manifest(r#"{"format": 2, "madeBy": "kubestock-install 9.0.0"}"#).bytes()),
        ("not listed", a().and("b.txt", file, b"b").bytes()),
        ("twice", a().and("a.txt", file, b"a").bytes()),
        ("missing", Forged::listing_a().bytes()),
        ("longer", Forged::listing_a().and("a.txt", file, b"aa").bytes()),
        ("other content", Forged::listing_a().and("a.txt", file, b"b").bytes()),
        ("a link", Forged::listing_a().and("a.txt", EntryType::Symlink, b"").bytes()),
        ("a long name", a().and("././@LongLink", EntryType::GNULongName, b"../x").bytes()),
        ("outside", listing("../x").bytes()),
        ("absolute", listing("/tmp/x").bytes()),
        ("cut", a().bytes()[..1024 + 512].to_vec()),
        ("more at the end", [a().bytes(), b"more".to_vec()].concat()),
    ];
    let told: Vec<String> = table.iter().map(|(name, bytes)| format!("{name}: {}", refusal(bytes))).collect();
    assert_snapshot!(told.join("\n"));
}

#[test]
fn a_profile_is_called_in_a_bundle_as_files_may_be() {
    let contents = Contents { name: "my shop/x".into(), ..Contents::default() };
    assert_eq!(contents.profile_path(), "my-shop-x.yaml");
}
