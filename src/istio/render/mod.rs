//! What `istioctl install` leaves in a cluster, as objects.
//!
//! istioctl renders the charts; the rest of what `install` does is made here, by the rules of Istio's
//! sources around 1.18 (paths in its repository). They were read in public copies of several dates,
//! not at the tag, and not yet compared with what a real `install` leaves:
//!
//! | what | rule |
//! |---|---|
//! | the namespace | `operator/pkg/helmreconciler/reconciler.go`, CreateNamespace: `namespace` |
//! | labels on every object | the same file, applyLabelsAndAnnotations: `owner` |
//! | the default revision tag's webhooks | `istioctl/pkg/tag/generate.go`, called by ProcessDefaultWebhook: `tag` |
//! | `istio-sidecar-injector` switched off | `istioctl/pkg/tag/util.go`, DeactivateIstioInjectionWebhook: `tag` |
//! | the record `installed-state` | `operator/cmd/mesh/install.go`, savedIOPName: `installed_state` |
//!
//! Left out on purpose: the `last-applied-configuration` annotation, for objects here are applied
//! server-side; and pruning, which is the engine's. `istioctl tag generate` cannot serve: it reads
//! the revision's webhook from the cluster, where it is not before the layer is applied.

mod child;
mod error;
mod installed_state;
mod kept;
mod layer;
mod manifests;
mod manner;
mod namespace;
mod operator;
mod owner;
mod tag;

pub use error::RenderError;
pub use layer::{Cluster, IstioLayer, RenderRequest, render};
pub use owner::COMPONENT;
pub use tag::leave_to_istiod;

#[cfg(test)]
mod tests;
