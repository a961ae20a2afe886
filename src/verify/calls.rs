//! Calls from one pod to a service, made with curl, and what its ends mean (curl(1), EXIT CODES).

use std::fmt;
use std::time::Duration;

use crate::object::ObjectId;

/// How long one call may take, in seconds. Shorter than the 10 s that Istio gives a connection to come about.
const LIMIT: &str = "5";

/// How much of an answer is kept, in characters: enough for what Envoy tells of a failure.
const KEPT: usize = 300;

/// One call, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub caller: Caller,
    pub service: ObjectId,
    pub answer: Answer,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A probe in the mesh with the identity of this ServiceAccount, in the service's namespace.
    Mesh { account: String },
    /// A probe without a sidecar.
    Outside,
    /// The user of a proxy, in its container: what it sends is not captured (`tools/istio-iptables`, `--proxy-uid`),
    /// and reaches the other side as a call from outside of the mesh does.
    ProxyUser,
}

/// `by frontend`
impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mesh { account } => write!(f, "by {account}"),
            Self::Outside => f.write_str("from outside of the mesh"),
            Self::ProxyUser => f.write_str("that goes round a sidecar"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Status {
        code: u16,
        /// Its first words.
        body: String,
        took: Duration,
    },
    /// A connection came about, and was closed without an answer.
    Cut,
    /// No connection came about, or no answer in time: why.
    Nothing(String),
}

/// The command that calls a service.
pub fn command(url: &str) -> Vec<&str> {
    let options =
        ["--silent", "--show-error", "--max-time", LIMIT, "--write-out", "\n%{http_code} %{time_total}"];
    std::iter::once("curl").chain(options).chain([url]).collect()
}

impl Answer {
    /// Reads how [`command`] ended.
    pub fn read(code: i32, stdout: &str, stderr: &str) -> Self {
        match code {
            0 => Self::status(stdout).unwrap_or_else(|| Self::Nothing("curl has told no status".to_owned())),
            52 | 56 => Self::Cut,
            _ => Self::Nothing(match stderr.trim() {
                "" => format!("curl ended with {code}"),
                words => words.trim_start_matches(&format!("curl: ({code}) ")).to_owned(),
            }),
        }
    }

    fn status(stdout: &str) -> Option<Self> {
        let (body, told) = stdout.rsplit_once('\n')?;
        let (code, took) = told.split_once(' ')?;
        let took = Duration::try_from_secs_f64(took.parse().ok()?).ok()?;
        Some(Self::Status { code: code.parse().ok()?, body: body.trim().chars().take(KEPT).collect(), took })
    }

    /// How long a good answer took; None where it is none.
    pub(super) fn success(&self) -> Option<Duration> {
        match self {
            Self::Status { code: 200..400, took, .. } => Some(*took),
            _ => None,
        }
    }

    /// Whether the service itself, or its sidecar, has answered: 503 may be the caller's own.
    pub(super) fn is_from_service(&self) -> bool {
        matches!(self, Self::Status { code, .. } if *code != 503)
    }

    /// `503, upstream connect error`
    pub(super) fn words(&self) -> String {
        match self {
            Self::Status { code, body, .. } if body.is_empty() => code.to_string(),
            Self::Status { code, body, .. } => format!("{code}, {body}"),
            Self::Cut => "the connection was cut off".to_owned(),
            Self::Nothing(why) => why.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_curl_tells_what_became_of_a_call() {
        let status = |code, body: &str, millis| Answer::Status {
            code,
            body: body.to_owned(),
            took: Duration::from_millis(millis),
        };
        let nothing = |why: &str| Answer::Nothing(why.to_owned());
        let cases = [
            (0, "ms-identity\n\n200 0.115000", "", status(200, "ms-identity", 115)),
            (0, "RBAC: access denied\n403 0.004000", "", status(403, "RBAC: access denied", 4)),
            (0, "\n204 0.001000", "", status(204, "", 1)),
            (0, "", "", nothing("curl has told no status")),
            (52, "\n000 0.002", "curl: (52) Empty reply from server", Answer::Cut),
            (56, "\n000 0.002", "curl: (56) Recv failure: Connection reset by peer", Answer::Cut),
            (
                7,
                "\n000 0.002",
                "curl: (7) Failed to connect to web port 80: Connection refused\n",
                nothing("Failed to connect to web port 80: Connection refused"),
            ),
            (28, "\n000 5.001", "", nothing("curl ended with 28")),
        ];
        for (code, stdout, stderr, expected) in cases {
            assert_eq!(Answer::read(code, stdout, stderr), expected, "{code} {stdout:?}");
        }
    }
}
