use crate::finding::{Code, Finding};

/// What a sidecar that is not ready says of it in its log, once in a while (istio.io/istio,
/// pilot/cmd/pilot-agent/status/ready/probe.go).
const NOT_READY: &str = "Envoy proxy is NOT ready: ";

/// Tells why a sidecar is not ready, where its log does: istiod does not answer it, or Envoy rejects what istiod
/// sends. Its probe says no more than 503.
pub fn explain_sidecar(finding: &mut Finding, log: &[String]) {
    let said = log.iter().rev().find_map(|line| line.split_once(NOT_READY)).map(|(_, why)| why.trim());
    let (Code::SidecarNotReady, Some(why)) = (finding.code, said) else { return };
    finding.hint = match is_rejected(why) {
        true => {
            "its Envoy rejects what istiod sends: `istioctl proxy-status`, and the EnvoyFilters and other \
             configuration of its namespace"
        }
        false => {
            "istiod must run and be reachable from the pod: its Service, its port 15012, NetworkPolicies"
        }
    }
    .to_owned();
    finding.seen += &format!("; it says: {why}");
}

/// `cds updates: 1 successful, 2 rejected; lds updates: 0 successful, 0 rejected`
fn is_rejected(why: &str) -> bool {
    let counts = why.match_indices(" rejected").filter_map(|(at, _)| why[..at].rsplit(' ').next());
    why.contains("but was rejected") || counts.into_iter().any(|count| count != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: Code, line: &str) -> (String, String) {
        let mut finding = Finding::warning(code, "istio-proxy: 503", "?");
        let log = ["info\tstarted".to_owned(), line.to_owned(), "info\tlater".to_owned()];
        explain_sidecar(&mut finding, &log);
        (finding.seen, finding.hint)
    }

    #[test]
    fn a_sidecar_without_istiod_and_one_that_rejects_what_it_gets_are_told_apart() {
        let unreached = "2026-01-01T00:00:00Z\twarn\tEnvoy proxy is NOT ready: config not received from XDS server (is Istiod running?): cds updates: 0 successful, 0 rejected; lds updates: 0 successful, 0 rejected";
        let (seen, hint) = told(Code::SidecarNotReady, unreached);
        assert!(seen.starts_with("istio-proxy: 503; it says: config not received from XDS server"), "{seen}");
        assert!(hint.starts_with("istiod must run"), "{hint}");
        let rejected = "warn\tEnvoy proxy is NOT ready: config received from XDS server, but was rejected: cds updates: 1 successful, 0 rejected; lds updates: 0 successful, 2 rejected";
        assert!(told(Code::SidecarNotReady, rejected).1.starts_with("its Envoy rejects"));
        let partly = "warn\tEnvoy proxy is NOT ready: cds updates: 1 successful, 3 rejected; lds updates: 1 successful, 0 rejected";
        assert!(told(Code::SidecarNotReady, partly).1.starts_with("its Envoy rejects"));
    }

    #[test]
    fn what_is_no_sidecars_or_says_nothing_stays_as_it_is() {
        let same = ("istio-proxy: 503".to_owned(), "?".to_owned());
        assert_eq!(told(Code::ProbeFailing, "Envoy proxy is NOT ready: x"), same);
        assert_eq!(told(Code::SidecarNotReady, "warn\tca request failed"), same);
    }
}
