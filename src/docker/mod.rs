//! What docker and its like keep of logins: a configuration, and the helpers that it names. Knows nothing of clusters.

mod config;
mod error;
mod helper;

pub use config::logins;
pub use error::LoginError;
