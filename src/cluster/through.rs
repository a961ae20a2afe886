use std::sync::Arc;

use http::StatusCode;

use super::connect::Cluster;
use super::error::{ApiError, Subject};
use super::request::{self, Call};
use crate::object::ObjectId;

impl Cluster {
    /// Asks for the root page of a Service, by way of the API server. That it leads elsewhere or wants a login is an
    /// answer, too.
    pub async fn through_service(
        &self,
        namespace: &str,
        name: &str,
        port: u16,
    ) -> Result<StatusCode, ApiError> {
        let subject = Arc::new(Subject::Object(ObjectId::core("Service", Some(namespace), name)));
        let service = format!("{name}:{port}");
        let segments = ["api", "v1", "namespaces", namespace, "services", &service, "proxy"];
        let path = request::path(segments, &[])
            .map_err(|error| ApiError::Unreadable { subject: subject.clone(), source: Arc::new(error) })?;
        // Without the slash, the API server answers by itself that it should be there.
        let asked = Call::get(format!("{path}/"), &subject).accepting("*/*").only_once();
        match asked.text(self.client()).await {
            Ok((status, _)) => Ok(status),
            Err(ApiError::Refused { status, .. })
                if status.is_redirection() || status == StatusCode::UNAUTHORIZED =>
            {
                Ok(status)
            }
            Err(error) => Err(error),
        }
    }
}
