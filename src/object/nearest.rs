/// The candidate that a misspelt word most likely meant, if one is near enough.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (likeness(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.to_owned())
}

/// From 0 to 1. One slip of the finger counts little, even in a short word.
fn likeness(a: &str, b: &str) -> f64 {
    let is_slip = a.chars().count() > 2 && strsim::osa_distance(a, b) == 1;
    if is_slip { 0.95 } else { strsim::jaro_winkler(a, b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_one_that_is_near() {
        let known = ["sidecars", "injection", "mtls", "connectivity"];
        let table = [
            ("sidecar", Some("sidecars")),
            ("Injections", Some("injection")),
            ("mlts", Some("mtls")),
            ("conectivity", Some("connectivity")),
            ("everything", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, known).as_deref(), expected, "{word}");
        }
    }
}
