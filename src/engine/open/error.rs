use std::io;

use crate::cluster::ApiError;
use crate::object::ObjectId;

/// Why there is no way to a Service.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no Service `{name}`{}", place(namespace.as_deref()))]
    NoService {
        name: String,
        namespace: Option<String>,
        nearest: Option<String>,
        /// All that could be opened.
        others: Vec<ObjectId>,
    },

    #[error("there are {} Services `{name}`", found.len())]
    Ambiguous { name: String, found: Vec<ObjectId> },

    /// It has no selector: its pods, if it has any, are somebody else's to know.
    #[error("{service} selects no pods")]
    NoPods { service: ObjectId },

    #[error("{service} has no port for TCP")]
    NoPort { service: ObjectId },

    /// 0 where any would have done.
    #[error("port {port} of this machine cannot be listened at")]
    Taken { port: u16, source: io::Error },

    #[error(transparent)]
    Api(#[from] ApiError),
}

fn place(namespace: Option<&str>) -> String {
    namespace.map(|namespace| format!(" in {namespace}")).unwrap_or_default()
}
