use std::io;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::connect::Cluster;
use super::error::{ApiError, Subject};
use super::request::{self, Call};
use crate::object::{GroupKind, ObjectId};

/// How much of a log is read at most, in bytes.
const LOG_LIMIT: &str = "262144";

/// Bytes. What a proxy runs in a mesh of a thousand services is a tenth of that.
pub(super) const LONGEST_OUTPUT: u64 = 64 << 20;

/// What a command in a container wrote, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    /// Its exit code; 0 is success.
    pub code: i32,
}

impl Cluster {
    /// The last lines that a container logged; with `previous`, those of its last run but this one.
    pub async fn log_tail(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        lines: i64,
    ) -> Result<Vec<String>, ApiError> {
        let subject = subject(namespace, pod);
        let lines = lines.to_string();
        let previous = if previous { "true" } else { "false" };
        let query = [
            ("container", container),
            ("tailLines", &lines),
            ("previous", previous),
            ("limitBytes", LOG_LIMIT),
        ];
        let segments = ["api", "v1", "namespaces", namespace, "pods", pod, "log"];
        let path = request::path(segments, &query)
            .map_err(|error| ApiError::Unreadable { subject: subject.clone(), source: Arc::new(error) })?;
        let (_, log) = Call::get(path, &subject).accepting("*/*").text(self.client()).await?;
        Ok(String::from_utf8_lossy(&log).lines().map(str::to_owned).collect())
    }

    /// Runs a command in a container and waits for its end, for `limit` at most. Its standard input is empty.
    pub async fn exec(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        command: &[&str],
        limit: Duration,
    ) -> Result<Output, ApiError> {
        let subject = subject(namespace, pod);
        let run = self.run(namespace, pod, container, command, &subject);
        match tokio::time::timeout(limit, run).await {
            Ok(output) => output,
            Err(_) => Err(ApiError::TimedOut { subject, after: limit }),
        }
    }

    async fn run(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        command: &[&str],
        subject: &Arc<Subject>,
    ) -> Result<Output, ApiError> {
        let pods: Api<Pod> = Api::namespaced(self.client().clone(), namespace);
        let params = AttachParams::default().container(container);
        let mut process = pods
            .exec(pod, command.iter().copied(), &params)
            .await
            .map_err(|error| request::from_kube(error, subject))?;
        let lost = |error: io::Error| ApiError::Lost { subject: subject.clone(), source: Arc::new(error) };
        let (stdout, stderr, status) = (process.stdout(), process.stderr(), process.take_status());
        // Both at once: whichever is not read would hold up the other.
        let (stdout, stderr) = tokio::try_join!(read(stdout), read(stderr)).map_err(lost)?;
        let status = match status {
            Some(status) => status.await,
            None => None,
        };
        let Some(status) = status else {
            return Err(lost(io::ErrorKind::UnexpectedEof.into()));
        };
        let code = exit_code(&status).ok_or_else(|| ApiError::NotRun {
            subject: subject.clone(),
            message: status.message.unwrap_or_default(),
        })?;
        Ok(Output { stdout, stderr, code })
    }
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(LONGEST_OUTPUT + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() as u64 > LONGEST_OUTPUT {
        return Err(io::Error::other(format!("it writes more than {LONGEST_OUTPUT} bytes")));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How a command ended; None where it never began. The code is a cause of the status' details
/// (remotecommand's v4 protocol).
fn exit_code(status: &Status) -> Option<i32> {
    if status.status.as_deref() == Some("Success") {
        return Some(0);
    }
    let causes = status.details.as_ref()?.causes.as_ref()?;
    let code = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"))?;
    code.message.as_deref()?.parse().ok()
}

pub(super) fn subject(namespace: &str, pod: &str) -> Arc<Subject> {
    Arc::new(Subject::Object(ObjectId {
        group_kind: GroupKind { group: String::new(), kind: "Pod".to_owned() },
        namespace: Some(namespace.to_owned()),
        name: pod.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::testing::{Answer, cluster};

    #[test]
    fn a_command_ends_with_the_code_that_its_status_gives() {
        let code = |status| exit_code(&serde_json::from_value(status).unwrap());
        assert_eq!(code(json!({"status": "Success"})), Some(0));
        let failed = json!({
            "status": "Failure", "reason": "NonZeroExitCode",
            "message": "command terminated with non-zero exit code: exit status 56",
            "details": {"causes": [{"reason": "ExitCode", "message": "56"}]},
        });
        assert_eq!(code(failed), Some(56));
        let never_ran = json!({
            "status": "Failure", "reason": "InternalError", "code": 500,
            "message": "OCI runtime exec failed: exec: \"curl\": executable file not found in $PATH",
        });
        assert_eq!(code(never_ran), None);
    }

    #[tokio::test]
    async fn the_tail_of_a_log_comes_as_lines() {
        let cluster = cluster(|asked| {
            assert_eq!(asked.path, "/api/v1/namespaces/ns/pods/web-0/log");
            let query = ["container", "tailLines", "previous"].map(|name| asked.query(name).unwrap());
            assert_eq!(query, ["app", "2", "true"]);
            Answer::Text(200, "one\ntwo\n".to_owned(), http::HeaderMap::new())
        });
        assert_eq!(cluster.log_tail("ns", "web-0", "app", true, 2).await.unwrap(), ["one", "two"]);
    }
}
