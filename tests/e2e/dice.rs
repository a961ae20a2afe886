use std::time::SystemTime;

/// The variable that makes a run again.
const SEED: &str = "KUBESTOCK_TEST_SEED";

/// Numbers that look random and follow from a seed (splitmix64).
pub(crate) struct Dice(u64);

/// The seed of the environment alone; else so many others, each of which is printed.
pub(crate) fn seeds(count: u64) -> Vec<u64> {
    if let Ok(seed) = std::env::var(SEED) {
        return vec![seed.parse().unwrap()];
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let first = now.as_secs() % 1_000_000;
    (first..first + count).collect()
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        println!("to make this again: {SEED}={seed}");
        Self::of(seed)
    }

    /// The same without a word.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    pub(crate) fn some_of<T: Copy>(&mut self, all: &[T]) -> Vec<T> {
        all.iter().copied().filter(|_| self.chance(50)).collect()
    }
}
