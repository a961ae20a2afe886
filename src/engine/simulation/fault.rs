/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Busy,
    Unwell,
    /// No answer ever comes.
    Hangs,
    /// It is done, and the answer is lost.
    Forgotten,
    /// A watch is told that its version is too old.
    Gone,
}

pub(super) const ALL: [Fault; 5] = [Fault::Busy, Fault::Unwell, Fault::Hangs, Fault::Forgotten, Fault::Gone];

/// Numbers that look random and follow from a seed (splitmix64).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn fault(&mut self, percent: u64) -> Option<Fault> {
        if !self.chance(percent) {
            return None;
        }
        usize::try_from(self.below(ALL.len() as u64)).ok().map(|place| ALL[place])
    }
}
