//! Numbers and sizes as one types them: `100`, `0x1000`, `64M`.
//!
//! As the kernel's `memparse`, but where that wraps around or leaves a rest unread, this refuses and says why.

/// Why a word is no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadNumber {
    /// No digit where one was expected.
    NoDigits,
    /// A character behind the digits that is neither digit nor unit.
    Stray(char),
    /// More than 64 bits.
    TooLarge,
}

impl std::fmt::Display for BadNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoDigits => write!(f, "it does not begin with a digit"),
            Self::Stray('.') => write!(f, "fractions are not understood"),
            Self::Stray(c) => write!(f, "`{c}` is neither a digit nor a unit (K, M, G, T)"),
            Self::TooLarge => write!(f, "it is larger than 64 bits"),
        }
    }
}

/// Reads a size: a number, and K, M, G, T, P or E (powers of 1024) behind it.
///
/// # Errors
/// [`BadNumber`].
///
/// # Examples
/// ```
/// # use kmem_shell::number::size;
/// assert_eq!(size("64M"), Ok(64 << 20));
/// assert_eq!(size("0x1000"), Ok(4096));
/// assert!(size("64Q").is_err() && size("-1").is_err() && size("16E").is_err());
/// ```
pub fn size(text: &str) -> Result<u64, BadNumber> {
    let (value, rest) = digits(text)?;
    let mut rest = rest.chars();
    let Some(unit) = rest.next() else { return Ok(value) };
    let shift = match unit.to_ascii_uppercase() {
        'K' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        'P' => 50,
        'E' => 60,
        _ => return Err(BadNumber::Stray(unit)),
    };
    match rest.next() {
        Some(stray) => Err(BadNumber::Stray(stray)),
        None => value.checked_mul(1 << shift).ok_or(BadNumber::TooLarge),
    }
}

/// Reads a part of a whole, `0.25` or `25%`, as parts of a million; `None` for anything that is not from 0 to 1.
///
/// # Examples
/// ```
/// # use kmem_shell::number::share;
/// assert_eq!((share("0.25"), share("2.5%"), share("1")), (Some(250_000), Some(25_000), Some(1_000_000)));
/// assert!(share("1.1").is_none() && share("101%").is_none() && share("").is_none() && share("1e-3").is_none());
/// ```
pub fn share(text: &str) -> Option<u32> {
    let (number, whole) = match text.strip_suffix('%') {
        Some(percent) => (percent, 10_000.0),
        None => (text, 1_000_000.0),
    };
    let is_plain =
        number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let parts = (number.parse::<f64>().ok().filter(|_| is_plain)? * whole).round();
    (parts <= 1_000_000.0).then_some(parts as u32)
}

/// Reads a plain number: decimal, `0x` hexadecimal, or octal with a leading 0.
///
/// # Errors
/// [`BadNumber`].
pub fn number(text: &str) -> Result<u64, BadNumber> {
    match digits(text)? {
        (value, "") => Ok(value),
        (_, rest) => Err(BadNumber::Stray(rest.chars().next().unwrap_or(' '))),
    }
}

/// Reads a number that may have a sign.
///
/// # Errors
/// [`BadNumber`].
pub fn signed(text: &str) -> Result<i64, BadNumber> {
    match text.strip_prefix('-') {
        Some(rest) => 0i64.checked_sub_unsigned(number(rest)?).ok_or(BadNumber::TooLarge),
        None => i64::try_from(number(text.strip_prefix('+').unwrap_or(text))?).map_err(|_| BadNumber::TooLarge),
    }
}

fn digits(text: &str) -> Result<(u64, &str), BadNumber> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (base, body) = match hex {
        Some(rest) => (16, rest),
        None if text.len() > 1 && text.starts_with('0') => (8, text),
        None => (10, text),
    };
    let end = body.find(|c: char| !c.is_digit(base)).unwrap_or(body.len());
    if end == 0 {
        return Err(BadNumber::NoDigits);
    }
    let value = u64::from_str_radix(&body[..end], base).map_err(|_| BadNumber::TooLarge)?;
    Ok((value, &body[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", Ok(0)),
            ("100", Ok(100)),
            ("64k", Ok(64 << 10)),
            ("2G", Ok(2 << 30)),
            ("0x10K", Ok(0x4000)),
            ("017", Ok(15)),
            ("15E", Ok(15 << 60)),
            ("16E", Err(BadNumber::TooLarge)),
            ("18446744073709551616", Err(BadNumber::TooLarge)),
            ("", Err(BadNumber::NoDigits)),
            ("0x", Err(BadNumber::NoDigits)),
            ("M", Err(BadNumber::NoDigits)),
            ("-1", Err(BadNumber::NoDigits)),
            ("1.5M", Err(BadNumber::Stray('.'))),
            ("08", Err(BadNumber::Stray('8'))),
            ("64MB", Err(BadNumber::Stray('B'))),
            ("3\u{e9}", Err(BadNumber::Stray('\u{e9}'))),
        ] {
            assert_eq!(size(text), expected, "{text}");
        }
        assert_eq!(signed("-4"), Ok(-4));
        assert_eq!(signed("+0x10"), Ok(16));
        assert_eq!(signed("-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(signed("9223372036854775808"), Err(BadNumber::TooLarge));
        assert_eq!(number("4K"), Err(BadNumber::Stray('K')));
    }
}
