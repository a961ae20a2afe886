use std::env;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kube::config::{Kubeconfig, KubeconfigError};
use tempfile::NamedTempFile;

use super::target_error::ConnectError;

/// Which cluster is asked for, as a person says it.
#[derive(Clone, Debug, Default)]
pub struct TargetRequest {
    /// In the place of `KUBECONFIG` and `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// In the place of the current context.
    pub context: Option<String>,
}

/// One cluster and one user, resolved once: whoever switches contexts meanwhile changes nothing.
#[derive(Clone)]
pub struct Target {
    pub context: String,
    /// The API server's address, as the kubeconfig has it.
    pub server: String,
    /// Has this context, its cluster and its user, and nothing else; paths in it are absolute.
    pub(super) kubeconfig: Kubeconfig,
}

impl fmt::Debug for Target {
    /// Without the kubeconfig, which holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Target");
        shown.field("context", &self.context).field("server", &self.server).finish_non_exhaustive()
    }
}

impl Target {
    /// Reads the file that is asked for, else those that `KUBECONFIG` lists, else `~/.kube/config`, and keeps
    /// what the context needs. The cluster that a pod runs in is never meant: it has no context to name.
    pub fn resolve(request: &TargetRequest) -> Result<Self, ConnectError> {
        Self::of(read_named(request.kubeconfig.as_deref())?, request.context.as_deref())
    }

    /// Of a kubeconfig that a cluster's own tool has given, for its current context.
    pub fn of_text(kubeconfig: &str) -> Result<Self, ConnectError> {
        let kubeconfig =
            Kubeconfig::from_yaml(kubeconfig).map_err(|source| ConnectError::Unmergeable { source })?;
        Self::of(kubeconfig, None)
    }

    /// The contexts that there are to choose from in the same files; none where they cannot be read.
    pub fn contexts(kubeconfig: Option<&Path>) -> Vec<String> {
        let contexts = read_named(kubeconfig).map(|kubeconfig| kubeconfig.contexts).unwrap_or_default();
        contexts.into_iter().map(|named| named.name).collect()
    }

    /// The kubeconfig of this target alone, readable only by its owner, for a program that wants a file.
    /// Dropping it deletes the file.
    pub fn write_kubeconfig(&self) -> io::Result<NamedTempFile> {
        let mut file = tempfile::Builder::new().prefix("kubestock-").suffix(".kubeconfig").tempfile()?;
        // JSON is YAML, and needs no quoting rules.
        serde_json::to_writer(&mut file, &self.kubeconfig)?;
        file.flush()?;
        Ok(file)
    }

    fn of(mut kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Self, ConnectError> {
        let contexts: Vec<String> = kubeconfig.contexts.iter().map(|named| named.name.clone()).collect();
        let current = kubeconfig.current_context.as_deref();
        let Some(name) = context.or(current).filter(|name| !name.is_empty()).map(str::to_owned) else {
            return Err(ConnectError::NoCurrentContext { contexts });
        };
        kubeconfig.contexts.retain(|named| named.name == name);
        let Some(context) = kubeconfig.contexts.first().and_then(|named| named.context.clone()) else {
            let nearest = nearest(&name, &contexts);
            return Err(ConnectError::UnknownContext { context: name, nearest, contexts });
        };

        kubeconfig.clusters.retain(|named| named.name == context.cluster);
        let Some(cluster) = kubeconfig.clusters.first().and_then(|named| named.cluster.as_ref()) else {
            return Err(ConnectError::UnknownCluster { context: name, cluster: context.cluster });
        };
        let Some(server) = cluster.server.clone().filter(|server| !server.is_empty()) else {
            return Err(ConnectError::NoServer { cluster: context.cluster });
        };

        // A context may have no user: what anyone may do, may be done.
        let user = context.user.filter(|user| !user.is_empty());
        kubeconfig.auth_infos.retain(|named| Some(&named.name) == user.as_ref());
        if let Some(user) = user.filter(|_| kubeconfig.auth_infos.is_empty()) {
            return Err(ConnectError::UnknownUser { context: name, user });
        }

        kubeconfig.current_context = Some(name.clone());
        kubeconfig.kind = Some("Config".to_owned());
        kubeconfig.api_version = Some("v1".to_owned());
        kubeconfig.preferences = None;
        kubeconfig.extensions = None;
        kubeconfig.other.clear();
        Ok(Self { context: name, server, kubeconfig })
    }
}

fn read_named(path: Option<&Path>) -> Result<Kubeconfig, ConnectError> {
    match path {
        Some(path) => read_all(&[path.to_owned()]),
        None => read_all(&default_paths(env::var_os("KUBECONFIG").as_deref())),
    }
}

/// The files that are read where none is asked for. As for kubectl, an empty `KUBECONFIG` is none.
pub(super) fn default_paths(variable: Option<&std::ffi::OsStr>) -> Vec<PathBuf> {
    let listed = variable.into_iter().flat_map(env::split_paths);
    let listed: Vec<PathBuf> = listed.filter(|path| !path.as_os_str().is_empty()).collect();
    if !listed.is_empty() {
        return listed;
    }
    etcetera::home_dir().map(|home| home.join(".kube").join("config")).into_iter().collect()
}

/// The files as one: the first to set a value wins, and a file that is not there is no mistake as long as
/// another one is.
fn read_all(paths: &[PathBuf]) -> Result<Kubeconfig, ConnectError> {
    let mut merged: Option<Kubeconfig> = None;
    for path in paths {
        let Some(next) = read(path)? else { continue };
        merged = Some(match merged {
            Some(first) => first.merge(next).map_err(|source| ConnectError::Unmergeable { source })?,
            None => next,
        });
    }
    merged.ok_or_else(|| ConnectError::NoKubeconfig { looked_at: paths.to_vec() })
}

/// One file, its relative paths made absolute; None where there is no such file.
fn read(path: &Path) -> Result<Option<Kubeconfig>, ConnectError> {
    let unreadable = |source| ConnectError::UnreadableKubeconfig { path: path.to_owned(), source };
    let absolute = std::path::absolute(path)
        .map_err(|error| unreadable(KubeconfigError::ReadConfig(error, path.to_owned())))?;
    match Kubeconfig::read_from(&absolute) {
        Ok(mut kubeconfig) => {
            // client-go takes an empty name for none.
            kubeconfig.current_context = kubeconfig.current_context.filter(|name| !name.is_empty());
            Ok(Some(kubeconfig))
        }
        Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(unreadable(source)),
    }
}

/// The name that was probably meant.
fn nearest(name: &str, names: &[String]) -> Option<String> {
    let scored = names.iter().map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 > 0.8).then(|| best.1.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::yaml;

    const TWO: &str = "
apiVersion: v1
kind: Config
current-context: laptop
preferences: {colors: true}
contexts:
- {name: laptop, context: {cluster: kind, user: me, namespace: work}}
- {name: staging, context: {cluster: far, user: robot}}
- {name: nobody, context: {cluster: far}}
- {name: no-cluster, context: {cluster: gone, user: me}}
- {name: no-user, context: {cluster: kind, user: gone}}
- {name: no-server, context: {cluster: blank, user: me}}
clusters:
- {name: kind, cluster: {server: 'https://127.0.0.1:6443', certificate-authority: pki/ca.crt}}
- {name: far, cluster: {server: 'https://far.example:443'}}
- {name: blank, cluster: {}}
users:
- {name: me, user: {client-certificate: me.crt, client-key: /keys/me.key}}
- {name: robot, user: {token: hunter2}}
";

    fn two() -> Kubeconfig {
        Kubeconfig::from_yaml(TWO).unwrap()
    }

    fn written(target: &Target) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(target.write_kubeconfig().unwrap().path()).unwrap()).unwrap()
    }

    #[test]
    fn the_current_context_is_meant_where_none_is_asked_for() {
        let target = Target::of(two(), None).unwrap();
        assert_eq!((target.context.as_str(), target.server.as_str()), ("laptop", "https://127.0.0.1:6443"));
    }

    #[test]
    fn a_target_keeps_its_own_context_cluster_and_user_and_no_others() {
        let kubeconfig = written(&Target::of(two(), Some("staging")).unwrap());
        insta::assert_snapshot!(yaml::to_string(&kubeconfig), @r"
        apiVersion: v1
        clusters:
        - cluster:
            server: https://far.example:443
          name: far
        contexts:
        - context:
            cluster: far
            user: robot
          name: staging
        current-context: staging
        kind: Config
        users:
        - name: robot
          user:
            token: hunter2
        ");
    }

    #[test]
    fn a_context_without_a_user_is_anonymous() {
        assert!(Target::of(two(), Some("nobody")).unwrap().kubeconfig.auth_infos.is_empty());
    }

    #[test]
    fn a_wrong_reference_is_told_by_name() {
        let told = |context| Target::of(two(), Some(context)).unwrap_err().to_string();
        assert_eq!(
            told("no-cluster"),
            "the context `no-cluster` is for the cluster `gone`, which the kubeconfig does not have"
        );
        assert_eq!(
            told("no-user"),
            "the context `no-user` is for the user `gone`, whom the kubeconfig does not have"
        );
        assert_eq!(told("no-server"), "the cluster `blank` has no server in the kubeconfig");
    }

    #[test]
    fn an_unknown_context_is_told_with_the_nearest_one() {
        let Err(ConnectError::UnknownContext { context, nearest, contexts }) =
            Target::of(two(), Some("stagign"))
        else {
            panic!("the context is unknown");
        };
        assert_eq!((context.as_str(), nearest.as_deref(), contexts.len()), ("stagign", Some("staging"), 6));
        let Err(ConnectError::UnknownContext { nearest, .. }) = Target::of(two(), Some("xyzzy")) else {
            panic!("the context is unknown");
        };
        assert_eq!(nearest, None);
    }

    #[test]
    fn no_context_at_all_is_told_with_those_that_there_are() {
        let kubeconfig = Kubeconfig { current_context: Some(String::new()), ..two() };
        let Err(ConnectError::NoCurrentContext { contexts }) = Target::of(kubeconfig, None) else {
            panic!("no context is current");
        };
        assert_eq!(contexts[..2], ["laptop", "staging"]);
    }

    #[test]
    fn relative_paths_are_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, TWO).unwrap();
        let kubeconfig =
            written(&Target::resolve(&TargetRequest { kubeconfig: Some(path), context: None }).unwrap());
        let ca = kubeconfig.pointer("/clusters/0/cluster/certificate-authority").unwrap();
        assert_eq!(Path::new(ca.as_str().unwrap()), folder.path().join("pki/ca.crt"));
        assert_eq!(kubeconfig.pointer("/users/0/user/client-key").unwrap(), "/keys/me.key");
    }

    #[test]
    fn files_are_merged_as_kubectl_does_and_missing_ones_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second, missing] = ["first", "second", "missing"].map(|name| folder.path().join(name));
        std::fs::write(&first, "current-context: ''\nusers: [{name: robot, user: {token: first}}]").unwrap();
        std::fs::write(&second, TWO).unwrap();
        let merged = read_all(&[missing.clone(), first, second]).unwrap();
        let target = Target::of(merged, Some("staging")).unwrap();
        assert_eq!(written(&target).pointer("/users/0/user/token").unwrap(), "first");

        let Err(ConnectError::NoKubeconfig { looked_at }) = read_all(std::slice::from_ref(&missing)) else {
            panic!("there is no file");
        };
        assert_eq!(looked_at, [missing]);
    }

    #[test]
    fn an_empty_list_of_files_is_none() {
        for empty in ["", ":"] {
            let paths = default_paths(Some(empty.as_ref()));
            assert!(paths.iter().all(|path| path.ends_with(".kube/config")), "{paths:?}");
        }
        assert_eq!(default_paths(Some("/a::/b".as_ref())), [Path::new("/a"), Path::new("/b")]);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_written_kubeconfig() {
        use std::os::unix::fs::PermissionsExt;
        let file = Target::of(two(), None).unwrap().write_kubeconfig().unwrap();
        assert_eq!(file.as_file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_logged_of_a_target_holds_no_secret() {
        let shown = format!("{:?}", Target::of(two(), Some("staging")).unwrap());
        assert_eq!(shown, r#"Target { context: "staging", server: "https://far.example:443", .. }"#);
    }
}
