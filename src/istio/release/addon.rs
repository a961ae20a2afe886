use std::fmt;

/// An addon whose objects the full release archive carries in `samples/addons/NAME.yaml`.
///
/// No istioctl profile has brought these since Istio 1.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Addon {
    Prometheus,
    Grafana,
    Jaeger,
    Kiali,
}

impl Addon {
    pub const ALL: [Self; 4] = [Self::Prometheus, Self::Grafana, Self::Jaeger, Self::Kiali];

    /// The addon of that name, as a profile writes it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|addon| addon.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Grafana => "grafana",
            Self::Jaeger => "jaeger",
            Self::Kiali => "kiali",
        }
    }

    /// Its file's name, in the archive's `samples/addons` and in the cache.
    pub fn file_name(self) -> String {
        format!("{}.yaml", self.name())
    }
}

impl fmt::Display for Addon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
