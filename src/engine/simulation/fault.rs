use super::dice::Dice;

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

const ALL: [Fault; 5] = [Fault::Busy, Fault::Unwell, Fault::Hangs, Fault::Forgotten, Fault::Gone];

/// What goes wrong, so many times of a hundred.
pub(super) fn fault(dice: &mut Dice, percent: u64) -> Option<Fault> {
    dice.chance(percent).then(|| dice.one_of(&ALL))
}
