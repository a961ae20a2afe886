use crate::event::How;

/// How many objects are not as they are to be, by what is wrong with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub missing: usize,
    pub not_ready: usize,
    pub differing: usize,
    pub held: usize,
    pub unknown: usize,
}

impl Standing {
    /// Whether everything is there, ready, and as it is to be.
    pub fn is_as_planned(self) -> bool {
        self == Self::default()
    }

    pub(super) fn count(&mut self, how: &How) {
        *match how {
            How::Missing => &mut self.missing,
            How::NotReady { .. } => &mut self.not_ready,
            How::Differs { .. } => &mut self.differing,
            How::Held { .. } => &mut self.held,
            How::Unknown { .. } => &mut self.unknown,
        } += 1;
    }
}
