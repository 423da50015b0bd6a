use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng};
use std::sync::Mutex;

/// The source of randomness, handed in where a use case needs some.
///
/// [`Rng::from_system`] is cryptographically strong; [`Rng::seeded`] repeats itself and is for tests.
#[derive(Debug)]
pub struct Rng(Mutex<StdRng>);

impl Rng {
    /// Seeded once by the operating system.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can be done without it.
    #[expect(clippy::expect_used, reason = "no safe way to go on without entropy")]
    pub fn from_system() -> Self {
        Self(Mutex::new(
            StdRng::try_from_rng(&mut rand::rngs::SysRng)
                .expect("the operating system gave no randomness"),
        ))
    }

    /// The same sequence for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .fill_bytes(&mut bytes);
        bytes
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias is below 2⁻³².
    pub fn below(&self, bound: u32) -> u32 {
        let wide = u128::from(u64::from_le_bytes(self.bytes()));
        u32::try_from((wide * u128::from(bound)) >> 64).unwrap_or(0)
    }
}
