use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::target::default_paths;
use crate::object::yaml;
use crate::whole::{self, Readers};

/// Keeps the context of a kubeconfig, with its cluster and its user, in this file, or where kubectl would write one: the
/// first file of `KUBECONFIG` that is there, or `~/.kube/config`. It becomes the current one only where none is.
///
/// # Errors
/// Where the file cannot be read or written, or another program is about to.
pub fn keep_context(kubeconfig: &str, file: Option<&Path>) -> io::Result<()> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => usual_path(default_paths(std::env::var_os("KUBECONFIG").as_deref()))?,
    };
    if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
        fs::create_dir_all(folder)?;
    }
    // Of a link, what it leads to is written.
    let path = fs::canonicalize(&path).unwrap_or(path);
    let _lock = Lock::of(&path)?;
    let before = match fs::read_to_string(&path) {
        Ok(text) => read(&text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
        Err(error) => return Err(error),
    };
    let after = merged(before.clone(), &read(kubeconfig)?);
    if after == before {
        return Ok(());
    }
    let text = yaml::to_string(&Value::Object(after));
    whole::write(&path, Readers::Owner, |file| file.write_all(text.as_bytes()))
}

/// As kubectl chooses.
fn usual_path(paths: Vec<PathBuf>) -> io::Result<PathBuf> {
    let is_there = paths.iter().find(|path| path.is_file()).cloned();
    is_there
        .or_else(|| paths.into_iter().next_back())
        .ok_or_else(|| io::Error::other("there is no home folder"))
}

fn read(text: &str) -> io::Result<Map<String, Value>> {
    // What the parser quotes may be a secret.
    let unreadable = || io::Error::other("it is no YAML of one document");
    let documents = yaml::parse_documents(text).map_err(|_| unreadable())?;
    match documents.into_iter().map(|document| document.value).collect::<Vec<_>>().as_slice() {
        [] | [Value::Null] => Ok(Map::new()),
        [Value::Object(fields)] => Ok(fields.clone()),
        _ => Err(unreadable()),
    }
}

/// Entries of the same name are replaced; all else stays as it was.
fn merged(mut kubeconfig: Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    for list in ["clusters", "contexts", "users"] {
        let there = kubeconfig.entry(list).or_insert_with(|| json!([]));
        if there.is_null() {
            *there = json!([]);
        }
        let Some(there) = there.as_array_mut() else { continue };
        for entry in new.get(list).and_then(Value::as_array).into_iter().flatten() {
            match there.iter_mut().find(|old| old["name"] == entry["name"]) {
                Some(old) => *old = entry.clone(),
                None => there.push(entry.clone()),
            }
        }
    }
    let has_current =
        kubeconfig.get("current-context").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    for (field, value) in new {
        if field == "current-context" && !has_current {
            kubeconfig.insert(field.clone(), value.clone());
        }
        kubeconfig.entry(field).or_insert_with(|| value.clone());
    }
    kubeconfig
}

/// The lock that kubectl and kind take: a file beside the kubeconfig.
struct Lock(PathBuf);

impl Lock {
    fn of(path: &Path) -> io::Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).open(&lock) {
            Ok(_) => Ok(Self(lock)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(io::Error::other(format!("another program holds {}", lock.display())))
            }
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    const NEW: &str = "
apiVersion: v1
kind: Config
current-context: kind-shop
clusters: [{name: kind-shop, cluster: {server: 'https://127.0.0.1:40001'}}]
contexts: [{name: kind-shop, context: {cluster: kind-shop, user: kind-shop}}]
users: [{name: kind-shop, user: {token: new}}]
preferences: {}
";

    fn kept_in(before: Option<&str>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/config");
        if let Some(before) = before {
            fs::create_dir(path.parent().unwrap()).unwrap();
            fs::write(&path, before).unwrap();
        }
        keep_context(NEW, Some(&path)).unwrap();
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "the lock is gone");
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_current_context_and_all_others_stay_as_they_are() {
        let before = "
apiVersion: v1
current-context: work
contexts: [{name: work, context: {cluster: far, user: me, namespace: shop}}]
clusters: [{name: far, cluster: {server: 'https://far.example'}}, {name: kind-shop, cluster: {server: old}}]
users: [{name: me, user: {exec: {command: login, env: null}}}]
extensions: [{name: a, extension: {b: 1}}]
";
        assert_snapshot!(kept_in(Some(before)), @r"
        apiVersion: v1
        clusters:
        - cluster:
            server: https://far.example
          name: far
        - cluster:
            server: https://127.0.0.1:40001
          name: kind-shop
        contexts:
        - context:
            cluster: far
            namespace: shop
            user: me
          name: work
        - context:
            cluster: kind-shop
            user: kind-shop
          name: kind-shop
        current-context: work
        extensions:
        - extension:
            b: 1
          name: a
        kind: Config
        preferences: {}
        users:
        - name: me
          user:
            exec:
              command: login
              env: null
        - name: kind-shop
          user:
            token: new
        ");
    }

    #[test]
    fn it_is_the_current_one_where_there_was_none() {
        for before in [None, Some(""), Some("current-context: ''\nclusters: null\n")] {
            let kept = kept_in(before);
            assert!(kept.contains("current-context: kind-shop\n"), "{before:?}: {kept}");
        }
    }

    #[test]
    fn a_file_that_says_all_of_it_is_left_alone() {
        assert_eq!(kept_in(Some(NEW)), NEW);
    }

    #[test]
    fn a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real"), folder.path().join("config"));
        fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        keep_context(NEW, Some(&link)).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(path).unwrap().contains("kind-shop"));
    }

    #[test]
    fn what_cannot_be_read_or_is_being_written_is_told_without_a_word_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, "users: [{user: {token: hunter2\n").unwrap();
        let told = keep_context(NEW, Some(&path)).unwrap_err().to_string();
        assert_eq!(told, "it is no YAML of one document");
        fs::write(folder.path().join("config.lock"), "").unwrap();
        let told = keep_context(NEW, Some(&path)).unwrap_err().to_string();
        assert!(told.starts_with("another program holds "), "{told}");
    }

    #[test]
    fn kubectl_writes_to_the_first_file_that_is_there_or_to_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second, third] = ["first", "second", "third"].map(|name| folder.path().join(name));
        let paths = || vec![first.clone(), second.clone(), third.clone()];
        assert_eq!(usual_path(paths()).unwrap(), third);
        fs::write(&second, "").unwrap();
        assert_eq!(usual_path(paths()).unwrap(), second);
    }
}
