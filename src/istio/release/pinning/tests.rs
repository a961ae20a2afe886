use insta::assert_snapshot;

use super::*;

fn subject(words: &[&str]) -> Result<Subject, PinError> {
    Subject::read(&words.iter().map(|word| word.to_string()).collect::<Vec<_>>())
}

#[test]
fn a_word_is_a_version_or_the_name_of_an_archive() {
    for version in ["1.19.0", "1.31-alpha.eed52ebb"] {
        assert_eq!(subject(&[version]).unwrap(), Subject::Version(version.to_owned()));
    }
    let words = ["down/istio-1.19.0-osx.tar.gz", "istioctl-1.19.0-linux-amd64.tar.gz"];
    let Subject::Archives { version, archives } = subject(&words).unwrap() else { panic!("no archives") };
    let read: Vec<_> =
        archives.iter().map(|(name, path)| (name.to_string(), path.to_str().unwrap())).collect();
    assert_eq!(version, "1.19.0");
    assert_eq!(read, [("istio-1.19.0-osx.tar.gz".to_owned(), words[0]), (words[1].to_owned(), words[1])]);
}

#[test]
fn what_tells_no_version_or_several_is_refused() {
    for word in
        ["1.19", "v1.19.0", "", "..", "istio.tar.gz", "1.19.0-linux-amd64.tar.gz", "x/1.19.0", "istio-1.19.0"]
    {
        assert!(matches!(subject(&[word]), Err(PinError::Unnamed { .. })), "{word}");
    }
    let (a, b) = ("istio-1.19.0-osx.tar.gz", "istio-1.20.0-osx.tar.gz");
    for words in [[a, b], ["1.19.0", a], [a, "1.19.0"], ["1.19.0", "1.19.0"]] {
        assert!(matches!(subject(&words), Err(PinError::Several { .. })), "{words:?}");
    }
}

#[test]
fn archives_that_are_here_are_pinned_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["istioctl-1.19.0-osx.tar.gz", "istio-1.19.0-linux-amd64.tar.gz"];
    let paths = names.map(|name| folder.path().join(name));
    std::fs::write(&paths[0], "abc").unwrap();
    std::fs::write(&paths[1], "").unwrap();
    let words = paths.each_ref().map(|path| path.to_str().unwrap());
    let Subject::Archives { version, archives } = subject(&words).unwrap() else { panic!("no archives") };
    assert_snapshot!(Pin::of_archives(&version, &archives).unwrap().to_yaml(), @"
    istio:
      version: 1.19.0
      digests:
        istio-1.19.0-linux-amd64.tar.gz: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        istioctl-1.19.0-osx.tar.gz: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
    ");
    std::fs::remove_file(&paths[0]).unwrap();
    let error = Pin::of_archives(&version, &archives).unwrap_err();
    assert!(matches!(&error, PinError::Unreadable(_)) && error.to_string().contains(names[0]), "{error}");
}

#[test]
fn one_archive_has_one_digest() {
    let name: ArchiveName = "istio-1.19.0-osx.tar.gz".parse().unwrap();
    let mut pin = Pin::nothing("1.19.0");
    for (said, is_taken) in [(b"a", true), (b"a", true), (b"b", false)] {
        let added = pin.add(&name, Digest::of(said), || "a file".to_owned());
        assert_eq!(added.is_ok(), is_taken, "{said:?}");
    }
    let known: ArchiveName = "istio-1.18.0-osx.tar.gz".parse().unwrap();
    let error = Pin::nothing("1.18.0").add(&known, Digest::of(b""), || "istio-1.18.0-osx.tar.gz".to_owned());
    assert_snapshot!(error.unwrap_err(), @"istio-1.18.0-osx.tar.gz comes with SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, but istio-1.18.0-osx.tar.gz is known to have c795170bac578a1b85e1bb790709179ad06df9b5f7028e31242fea9fbdd97938");
}

#[test]
fn a_digest_that_looks_like_a_number_stays_text() {
    let digests = BTreeMap::from([("istio-1.19.0-osx.tar.gz".to_owned(), "1".repeat(64).parse().unwrap())]);
    let text = Pin { version: "1.19.0".to_owned(), digests }.to_yaml();
    assert!(
        text.ends_with(&format!("'{}'\n", "1".repeat(64)))
            || text.ends_with(&format!("\"{}\"\n", "1".repeat(64))),
        "{text}"
    );
}
