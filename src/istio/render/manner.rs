/// How istioctl renders, and what its `install` adds: both changed when the in-cluster operator went
/// (Istio 1.24; `operator/pkg/install` took the place of `operator/pkg/helmreconciler`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// `profile dump` prints the merged operator, `manifest generate -o FOLDER` writes a file a
    /// component, and `install` keeps the record `installed-state`.
    Folder,
    /// There is no `profile dump`, `-o` names a file, and no record is kept.
    Stream,
}

impl Manner {
    /// Of a release's version: `1.18.0`, `1.31-alpha.0123abc`. What is no version is taken for the
    /// newest.
    pub(super) fn of(version: &str) -> Self {
        let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) if (major, minor) < (1, 24) => Self::Folder,
            _ => Self::Stream,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manner_changed_with_1_24() {
        let cases = [
            ("1.18.0", Manner::Folder),
            ("1.23.6", Manner::Folder),
            ("1.24.0", Manner::Stream),
            ("1.31-alpha.eed52ebb66ad", Manner::Stream),
            ("latest", Manner::Stream),
        ];
        for (version, manner) in cases {
            assert_eq!(Manner::of(version), manner, "{version}");
        }
    }
}
