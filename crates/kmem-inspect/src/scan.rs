//! A cursor over a line, for columns that may have run together.
//!
//! Pages and chats lose the blanks between columns, so nothing here splits at blanks: each step takes what can belong to
//! the column and leaves the rest.

/// What is left of a line.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a>(pub &'a str);

impl<'a> Scan<'a> {
    /// Skips blanks.
    pub fn blanks(&mut self) -> &mut Self {
        self.0 = self.0.trim_start();
        self
    }
    /// Takes `text` if it comes next.
    pub fn eat(&mut self, text: &str) -> bool {
        match self.0.strip_prefix(text) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }
    /// Takes all characters for which `wanted` holds.
    pub fn while_is(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }
    /// Takes a decimal number with any number of leading zeros. `None`, and nothing taken, when there is none or it is
    /// too large for 64 bits.
    pub fn decimal(&mut self) -> Option<u64> {
        let mut ahead = *self;
        let value = decimal(ahead.while_is(|c| c.is_ascii_digit()))?;
        *self = ahead;
        Some(value)
    }
    /// Takes hexadecimal digits, with `0x` before them or not.
    pub fn hex(&mut self) -> Option<u64> {
        let mut ahead = *self;
        let _ = ahead.eat("0x") || ahead.eat("0X");
        let value = hex(ahead.while_is(|c| c.is_ascii_hexdigit()))?;
        *self = ahead;
        Some(value)
    }
    /// Takes all up to the next blank.
    pub fn word(&mut self) -> &'a str {
        self.while_is(|c| !c.is_whitespace())
    }
    /// True when nothing but blanks is left.
    pub fn is_done(&self) -> bool {
        self.0.trim().is_empty()
    }
}

/// Adds numbers of a text up. What is too much for 64 bits stays the largest number: texts may say anything.
pub fn total(numbers: impl IntoIterator<Item = u64>) -> u64 {
    numbers.into_iter().fold(0, u64::saturating_add)
}

/// Reads decimal digits, all of `digits`.
pub fn decimal(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Reads hexadecimal digits without `0x`, all of `digits`.
pub fn hex(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_taken_one_by_one() {
        let mut scan = Scan("0xf36ff000 0012kB");
        assert_eq!((scan.hex(), scan.blanks().decimal(), scan.0), (Some(0xf36f_f000), Some(12), "kB"));
        assert_eq!((scan.decimal(), scan.word(), scan.is_done()), (None, "kB", true));
        assert_eq!(Scan("99999999999999999999").decimal(), None);
        assert_eq!((decimal("+1"), hex("0x1"), hex("")), (None, None, None));
    }
}
