use std::env;
use std::net::IpAddr;

use http::Uri;
use kube::config::Kubeconfig;

/// Whether the server is to be reached without the proxy that the environment names.
///
/// kube takes `HTTPS_PROXY`, but compares `NO_PROXY` with the proxy's own address. kubectl (Go's
/// `httpproxy`) compares it with the server's, and never goes to this machine through a proxy.
pub(super) fn goes_direct(kubeconfig: &Kubeconfig, server: &Uri) -> bool {
    let written = kubeconfig.clusters.iter().filter_map(|named| named.cluster.as_ref()?.proxy_url.as_deref());
    if written.into_iter().any(|proxy| !proxy.is_empty()) {
        return false;
    }
    let excepted = ["NO_PROXY", "no_proxy"].iter().find_map(|name| env::var(name).ok());
    is_excepted(server, excepted.as_deref().unwrap_or_default())
}

/// `excepted` is a list of `*`, addresses, networks, and domains with or without a leading dot, each with or
/// without a port.
fn is_excepted(server: &Uri, excepted: &str) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
    excepted.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let Some((network, bits)) = entry.split_once('/') {
            return address.is_some_and(|address| is_within(address, network, bits));
        }
        let (name, wanted_port) = match entry.rsplit_once(':') {
            Some((name, digits)) if !name.contains(':') => (name, digits.parse().ok()),
            _ => (entry, None),
        };
        if wanted_port.is_some_and(|wanted: u16| wanted != port) {
            return false;
        }
        let name = name.trim_start_matches("*.").trim_matches(['[', ']']).to_ascii_lowercase();
        match name.strip_prefix('.') {
            Some(_) => host.ends_with(&name),
            None => host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.')),
        }
    })
}

fn is_within(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            bits <= 32 && same_prefix(a.to_bits().into(), n.to_bits().into(), 32 - bits)
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => bits <= 128 && same_prefix(a.to_bits(), n.to_bits(), 128 - bits),
        _ => false,
    }
}

/// Whether two numbers are equal but for their last `rest` bits.
fn same_prefix(a: u128, b: u128, rest: u32) -> bool {
    (a ^ b).checked_shr(rest).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_reached_directly_where_no_proxy_excepts_it() {
        for (server, excepted, direct) in [
            ("https://127.0.0.1:6443", "", true),
            ("https://localhost:6443", "", true),
            ("https://[::1]:6443", "", true),
            ("https://10.1.2.3:6443", "", false),
            ("https://10.1.2.3:6443", "10.1.2.3", true),
            ("https://10.1.2.3:6443", "example.com, 10.0.0.0/8", true),
            ("https://11.1.2.3:6443", "10.0.0.0/8", false),
            ("https://10.1.2.3:6443", "0.0.0.0/0", true),
            ("https://10.1.2.3:6443", "10.1.2.3:6443", true),
            ("https://10.1.2.3:6443", "10.1.2.3:443", false),
            ("https://[fd00::1]:6443", "fd00::/8", true),
            ("https://[fd00::1]:6443", "fd00::1", true),
            ("https://k8s.example.com", "example.com", true),
            ("https://k8s.example.com", ".example.com", true),
            ("https://k8s.example.com", "*.example.com", true),
            ("https://K8S.example.com", "k8s.EXAMPLE.com:443", true),
            ("https://badexample.com", "example.com", false),
            ("https://example.com", ".example.com", false),
            ("https://k8s.example.com", "*", true),
            ("https://k8s.example.com", "10.0.0.0/8,nonsense/x", false),
        ] {
            let uri: Uri = server.parse().unwrap();
            assert_eq!(is_excepted(&uri, excepted), direct, "{server} with NO_PROXY={excepted}");
        }
    }
}
