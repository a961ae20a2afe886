//! Calls from one pod to a service, made with curl, and what its ends mean (curl(1), EXIT CODES).

use std::fmt;
use std::time::Duration;

use crate::object::ObjectId;

/// How long one call may take, in seconds. Shorter than the 10 s that Istio gives a connection to come about.
const LIMIT: &str = "5";
const CALL: Duration = Duration::from_secs(5);

/// How long it may take until the first one is made.
const STARTING: Duration = Duration::from_secs(10);

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

/// What each call ends with: a line of its own.
const END: &str = "\nkubestock-install-call %{exitcode} %{http_code} %{time_total} %{errormsg}\n";
const MARK: &str = "kubestock-install-call ";

/// The command that calls these, one after the other: to start a program in a container takes longer than a call.
pub fn command<'a>(urls: &[&'a str]) -> Vec<&'a str> {
    let options = ["--silent", "--max-time", LIMIT, "--write-out", END];
    std::iter::once("curl").chain(options).chain(urls.iter().copied()).collect()
}

/// How long [`command`] may take.
pub fn limit(calls: usize) -> Duration {
    STARTING + CALL * u32::try_from(calls).unwrap_or(u32::MAX)
}

impl Answer {
    /// Reads what [`command`] has printed of so many calls, and how it ended.
    pub fn read_all(calls: usize, code: i32, stdout: &str, stderr: &str) -> Vec<Self> {
        let mut answers = Vec::new();
        let mut body = String::new();
        for line in stdout.lines() {
            match line.strip_prefix(MARK) {
                Some(end) => answers.push(Self::read(std::mem::take(&mut body).trim(), end)),
                None => body.extend([line, "\n"]),
            }
        }
        let missing = || match stderr.trim() {
            "" => Self::Nothing(format!("curl ended with {code} before it called")),
            words => Self::Nothing(words.to_owned()),
        };
        answers.resize_with(calls, missing);
        answers
    }

    fn read(body: &str, end: &str) -> Self {
        let mut words = end.splitn(4, ' ');
        let [exit, status, took, error] = [(); 4].map(|()| words.next().unwrap_or_default());
        match exit {
            "0" => Self::status(body, status, took)
                .unwrap_or_else(|| Self::Nothing("curl has told no status".to_owned())),
            "52" | "56" => Self::Cut,
            // Before 7.75 it does not tell.
            "" => Self::Nothing("the curl there is too old to tell how a call ended".to_owned()),
            _ if error.is_empty() => Self::Nothing(format!("curl ended with {exit}")),
            _ => Self::Nothing(error.to_owned()),
        }
    }

    fn status(body: &str, status: &str, took: &str) -> Option<Self> {
        let took = Duration::try_from_secs_f64(took.parse().ok()?).ok()?;
        Some(Self::Status { code: status.parse().ok()?, body: body.chars().take(KEPT).collect(), took })
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
    fn the_end_of_curl_tells_what_became_of_each_call() {
        let status = |code, body: &str, millis| Answer::Status {
            code,
            body: body.to_owned(),
            took: Duration::from_millis(millis),
        };
        let nothing = |why: &str| Answer::Nothing(why.to_owned());
        let cases = [
            ("ms-identity\n\n", "0 200 0.115000 ", status(200, "ms-identity", 115)),
            ("RBAC: access denied", "0 403 0.004000 ", status(403, "RBAC: access denied", 4)),
            ("", "0 204 0.001000 ", status(204, "", 1)),
            ("", "52 000 0.002 Empty reply from server", Answer::Cut),
            ("", "56 000 0.002 Recv failure: Connection reset by peer", Answer::Cut),
            (
                "",
                "7 000 0.002 Failed to connect to web port 80: Connection refused",
                nothing("Failed to connect to web port 80: Connection refused"),
            ),
            ("", "28 000 5.001 ", nothing("curl ended with 28")),
            ("", "0 none", nothing("curl has told no status")),
            ("", " 200 0.1 ", nothing("the curl there is too old to tell how a call ended")),
        ];
        let stdout: String =
            cases.iter().map(|(body, end, _)| format!("{body}\nkubestock-install-call {end}\n")).collect();
        let told = Answer::read_all(cases.len(), 28, &stdout, "");
        for ((body, end, expected), told) in cases.iter().zip(told) {
            assert_eq!(told, *expected, "{body:?} {end}");
        }
    }

    #[test]
    fn calls_that_were_not_made_have_no_answer() {
        let first = "web\nkubestock-install-call 0 200 0.1 \n";
        let told = Answer::read_all(3, 137, first, "");
        assert!(matches!(told[0], Answer::Status { code: 200, .. }));
        let why = Answer::Nothing("curl ended with 137 before it called".to_owned());
        assert_eq!(told[1..], [why.clone(), why]);
        assert_eq!(Answer::read_all(1, 127, "", "no curl\n"), [Answer::Nothing("no curl".to_owned())]);
    }
}
