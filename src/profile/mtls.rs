use super::shape::Shape;
use super::sheet::Field;

pub(super) const MTLS: &str = "permissive or strict: the mode of the layers' policy for the whole mesh";
pub(super) const SHAPE: Shape = Shape::Word(&Mtls::NAMES);

/// What the policy for the whole mesh lets in, in the place of what the layers say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mtls {
    /// Plaintext as well: nobody is cut off.
    Permissive,
    /// Callers with a certificate of the mesh alone.
    Strict,
}

impl Mtls {
    pub const NAMES: [&str; 2] = ["permissive", "strict"];

    /// As a PeerAuthentication writes it.
    pub const fn mode(self) -> &'static str {
        match self {
            Self::Permissive => "PERMISSIVE",
            Self::Strict => "STRICT",
        }
    }
}

pub(super) fn read(field: Field<'_>) -> Option<Mtls> {
    match field.word(&Mtls::NAMES, MTLS)? {
        "strict" => Some(Mtls::Strict),
        _ => Some(Mtls::Permissive),
    }
}
