use std::io;
use std::path::PathBuf;

use crate::child::ChildError;

/// Why the logins cannot be had. Nothing that is said holds a piece of one.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("{} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },

    /// The parser's own words quote what it found.
    #[error("{}:{line}: this is no configuration of docker's", path.display())]
    NotAConfiguration { path: PathBuf, line: usize },

    #[error("{}: `auths` has an `auth` for {registry} that is not `user:password` in base64", path.display())]
    NotAnAuth { path: PathBuf, registry: String },

    #[error("{}: `{name}` is no name of a credential helper", path.display())]
    NotAHelper { path: PathBuf, name: String },

    #[error("{helper}, asked for {registry}")]
    Helper { helper: String, registry: String, source: ChildError },

    #[error("{helper} gives no login for {registry}: {said}")]
    Refused { helper: String, registry: String, said: String },

    /// What a login in the browser leaves.
    #[error("the login for {registry} is an identity token, which kubelets do not take")]
    IdentityToken { registry: String },
}
