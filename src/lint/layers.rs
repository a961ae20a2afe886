//! What it took to fit the layers into one plan.

use crate::finding::{Code, Finding};
use crate::plan::{Homeless, SharedObject};

/// An object of a namespaced kind that names no namespace: a second copy is left out, any other is an error.
pub fn homeless(Homeless { object, layer, at, copy_in }: &Homeless) -> Finding {
    let finding = match copy_in {
        Some(namespace) => {
            let seen = format!(
                "is left out: in layer `{layer}` it names no namespace, and {namespace} has its own; by hand it would \
                 land in whatever namespace the kubeconfig names"
            );
            let hint = "list it in the one overlay that says its namespace, and not in base as well";
            Finding::warning(Code::NoNamespace, seen, hint)
        }
        None => {
            let seen = format!("names no namespace, in layer `{layer}`");
            let hint = "write `namespace:` into it, or into the kustomization file of its folder";
            Finding::error(Code::NoNamespace, seen, hint)
        }
    };
    finding.on(object.clone()).at(at.clone())
}

/// An object that two layers bring, each in its own way.
pub fn shared(SharedObject { object, first, second }: &SharedObject) -> Finding {
    let seen = format!(
        "is in layer `{first}` and in layer `{second}`, and they differ: what `{second}` says is applied"
    );
    let hint = "let one layer bring it; what an overlay changes belongs into a patch";
    Finding::warning(Code::SharedObject, seen, hint).on(object.clone())
}
