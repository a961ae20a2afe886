//! What is rendered as text, and where two texts differ.

use kubestock_install::kustomize::Rendered;
use kubestock_install::object::yaml::objects_to_string;

/// What `render -o yaml` prints.
pub(crate) fn text(rendered: &Rendered) -> String {
    objects_to_string(rendered.objects.iter().map(|located| &located.object))
}

/// The first lines in which two named texts differ, with some before and after.
pub(crate) fn difference([one, other]: [(&str, &str); 2]) -> String {
    let (left, right): (Vec<_>, Vec<_>) = (one.1.lines().collect(), other.1.lines().collect());
    let at = left.iter().zip(&right).take_while(|(left, right)| left == right).count();
    let excerpt =
        |lines: &[&str]| lines[at.saturating_sub(5).min(lines.len())..(at + 6).min(lines.len())].join("\n");
    format!("line {}: {}\n{}\n--- {}\n{}\n", at + 1, one.0, excerpt(&left), other.0, excerpt(&right))
}
