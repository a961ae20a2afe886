//! Decisions drawn from a list of numbers. A list is something that proptest can shorten and lower, and zero is
//! always the simplest choice, so that a failure comes out as small as it can be.

use std::vec::IntoIter;

pub(crate) struct Choices(IntoIter<u16>);

impl Choices {
    pub(crate) fn new(numbers: Vec<u16>) -> Self {
        Self(numbers.into_iter())
    }

    /// A number from 0 to `end` - 1; 0 when the list has come to its end.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.0.next().unwrap_or_default()) % end.max(1)
    }

    /// Yes, one time in `n`.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    pub(crate) fn pick<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }
}
