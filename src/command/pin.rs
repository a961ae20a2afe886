use std::io;
use std::process::ExitCode;

use super::told;
use crate::cli::NetworkArgs;
use crate::failure::Failure;
use crate::istio::release::{Pin, Published, Subject, end_of_support};
use crate::settings;

/// Prints the digests of a version as a profile has them, and says on stderr what they are worth.
pub(super) async fn run(subject: &[String], network: &NetworkArgs) -> ExitCode {
    match pin(subject, network).await {
        Ok(pin) => told::print(&pin.to_yaml()),
        Err(failure) => told::failure(&failure),
    }
}

async fn pin(subject: &[String], network: &NetworkArgs) -> Result<Pin, Failure> {
    let pin = match Subject::read(subject)? {
        Subject::Version(version) => {
            let Published { pin, folder, failures } =
                Pin::published(&version, settings::mirrors(network)?, settings::ca_bundle(network)?.as_ref())
                    .await?;
            for failure in failures {
                told::warning(&format!("{}; asking the next source", Failure::from(failure).text()));
            }
            told::warning(&format!(
                "weaker than digests from elsewhere: this is what {folder} says now, and whoever can change an archive there can change its \
                 digest too; the first use is trusted, and only later changes are noticed"
            ));
            pin
        }
        Subject::Archives { version, archives } => {
            let hashed = tokio::task::spawn_blocking(move || Pin::of_archives(&version, &archives)).await;
            let pin = hashed.map_err(|panic| Failure::Runtime(io::Error::other(panic)))??;
            told::warning(
                &"this vouches for just these files: their digests do not tell whether the Istio project \
                  published them",
            );
            pin
        }
    };
    if let Some(end) = end_of_support(&pin.version) {
        let version = &pin.version;
        told::warning(&format!(
            "Istio {version} reached its end of support on {end}: it is not mended any more"
        ));
    }
    Ok(pin)
}
