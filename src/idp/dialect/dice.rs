//! Identifiers and passwords that look random: the same for the same seed, so that a transcript can be compared.

/// What a [`digest`] begins with.
pub const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// A digest that goes on with a text (FNV-1a): its values never change between versions.
pub fn digest(before: u64, text: &str) -> u64 {
    text.bytes().fold(before, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A generator of numbers (SplitMix64, Steele, Lea and Flood 2014): its values never change between versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator of its own for one subject, so that what is drawn does not depend on who came before.
    pub fn of(seed: u64, name: &str) -> Self {
        Self { state: seed ^ digest(BASIS, name) }
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A random GUID (version 4).
    pub fn guid(&mut self) -> String {
        let bits = u128::from(self.number()) << 64 | u128::from(self.number());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }

    /// Letters and digits.
    pub fn letters(&mut self, length: usize) -> String {
        const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..length).map(|_| char::from(DIGITS[(self.number() % 36) as usize])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_depend_on_the_seed_alone() {
        let drawn = |seed| {
            let mut dice = Dice::new(seed);
            (dice.number(), dice.guid(), dice.letters(8))
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        // From the reference implementation, seed 1234567.
        assert_eq!(Dice::new(1_234_567).number(), 6_457_827_717_110_365_317);
        assert_ne!(Dice::of(1, "ada"), Dice::of(1, "grace"));
    }
}
