use tokio::time::Instant;

use super::EngineError;
use super::layer::since;
use super::run::{Patience, Run};
use crate::cluster::ApiError;
use crate::event::Event;
use crate::plan::{Gate, Layer};
use crate::verify::has_sidecar;

/// Waits until each webhook is seen to do its work.
pub(super) async fn all_open(
    run: &Run<'_>,
    layer: &Layer,
    gates: &[Gate],
    deadline: Instant,
) -> Result<(), EngineError> {
    let gates = gates.iter().map(|gate| open(run, layer, gate, deadline));
    futures::future::try_join_all(gates).await.map(drop)
}

async fn open(run: &Run<'_>, layer: &Layer, gate: &Gate, deadline: Instant) -> Result<(), EngineError> {
    let (Gate::Validation { webhook, .. } | Gate::Injection { webhook, .. }) = gate;
    let name = || (layer.name.clone(), webhook.clone());
    let mut patience = Patience::until(deadline);
    let mut told = false;
    loop {
        run.go_on()?;
        let last = match ask(run, gate).await {
            Ok(()) => break,
            Err(silence) => silence,
        };
        if !told {
            let (layer, webhook) = name();
            run.say(Event::WebhookAwaited { layer, webhook });
            told = true;
        }
        let Some(wait) = patience.next(None) else {
            let (name, webhook) = name();
            return Err(EngineError::Silent { layer: name, webhook, after: since(layer, deadline), last });
        };
        run.pause(wait).await?;
    }
    let (layer, webhook) = name();
    run.say(Event::WebhookAnswered { layer, webhook });
    Ok(())
}

/// Asks once; else what came instead of the answer.
async fn ask(run: &Run<'_>, gate: &Gate) -> Result<(), String> {
    match gate {
        Gate::Validation { invalid, .. } => match run.cluster.dry_run_create(invalid).await {
            Err(error) if is_denial(&error) => Ok(()),
            Err(error) => Err(error.to_string()),
            Ok(_) => Err("an invalid configuration was let pass".to_owned()),
        },
        Gate::Injection { pod, .. } => match run.cluster.dry_run_create(pod).await {
            Ok(pod) if has_sidecar(&pod) => Ok(()),
            Ok(_) => Err("a pod came back without a sidecar".to_owned()),
            // The injector is not the reason.
            Err(error) if error.is_exceeded_quota() => Ok(()),
            Err(error) => Err(error.to_string()),
        },
    }
}

/// The API server's words where a webhook said no, and not where it could not be asked
/// (`k8s.io/apiserver/pkg/admission/plugin/webhook/errors`, ToStatusErr).
fn is_denial(error: &ApiError) -> bool {
    matches!(error, ApiError::Refused { message, .. }
        if message.starts_with("admission webhook") && message.contains("denied the request"))
}
