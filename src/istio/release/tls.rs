use rustls::{CertificateError, Error};

/// What is wrong with a server's TLS, for a sentence that begins with its URL.
pub(super) fn words(error: &Error) -> String {
    let Error::InvalidCertificate(why) = error else {
        return match error {
            Error::InvalidMessage(_) => "does not speak TLS: is it an http:// address?".to_owned(),
            error => format!("cannot be reached over TLS: {error}"),
        };
    };
    let why = match why {
        // A signature that is wrong is by another authority of the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "is not signed by an authority that this machine trusts".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet".to_owned()
        }
        CertificateError::NotValidForName => "is for another host".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let presented: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            format!("is not for {}, but for {}", expected.to_str(), presented.join(" and "))
        }
        why => format!("is not valid: {why}"),
    };
    format!("cannot be trusted: its certificate {why}")
}

/// The name alone, of what is presented as `DnsName("example.com")` or `IpAddress(192.0.2.1)`.
fn bare(presented: &str) -> &str {
    let inner = presented.split_once('(').map_or(presented, |(_, inner)| inner);
    inner.trim_end_matches(')').trim_matches('"')
}
