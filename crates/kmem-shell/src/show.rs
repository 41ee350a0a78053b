//! Bytes and sizes as people read them.

use std::fmt::Write;

/// Bytes in quotes: what prints as it is, the newline as `\n`, all else as `\xHH`. What is longer than `most` ends in
/// `...` behind the quotes.
pub(crate) fn quoted(bytes: &[u8], most: usize) -> String {
    let mut text = String::from("\"");
    for &byte in bytes.iter().take(most) {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'"' | b'\\' => push_hex(&mut text, byte),
            b' '..=b'~' => text.push(byte.into()),
            _ => push_hex(&mut text, byte),
        }
    }
    text.push('"');
    if bytes.len() > most {
        text.push_str("...");
    }
    text
}

fn push_hex(text: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\\x{byte:02x}");
}

/// Bytes in hexadecimal, then as text: `74 65 78 74 |text|`.
pub(crate) fn dump(bytes: &[u8], most: usize) -> String {
    let mut text = String::new();
    for byte in bytes.iter().take(most) {
        let _ = write!(text, "{byte:02x} ");
    }
    if bytes.len() > most {
        text.push_str("... ");
    }
    let printable = |&byte: &u8| if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '.' };
    let letters: String = bytes.iter().take(most).map(printable).collect();
    text + "|" + &letters + "|"
}

/// A size in the largest unit that leaves no remainder: `4K`, `64M`, `100`.
pub fn size(bytes: u64) -> String {
    for (shift, unit) in [(40, 'T'), (30, 'G'), (20, 'M'), (10, 'K')] {
        if bytes != 0 && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

/// A size with at most one digit behind the point: `896M`, `855.8M`, `4K`.
pub fn rounded_size(bytes: u64) -> String {
    let units = [(40, 'T'), (30, 'G'), (20, 'M'), (10, 'K')];
    let Some((shift, unit)) = units.into_iter().find(|(shift, _)| bytes >> shift != 0) else {
        return bytes.to_string();
    };
    let tenths = (u128::from(bytes) * 10) >> shift;
    if bytes.is_multiple_of(1 << shift) {
        format!("{}{unit}", bytes >> shift)
    } else {
        format!("{}.{}{unit}", tenths / 10, tenths % 10)
    }
}

/// A count with its noun: `1 object`, `2 objects`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_a_driver_script_shows_them() {
        assert_eq!(quoted(b"hello, slab", 64), "\"hello, slab\"");
        assert_eq!(quoted(b"a\n\t\"\\\xff", 64), "\"a\\n\\x09\\x22\\x5c\\xff\"");
        assert_eq!(quoted(&[b'Z'; 65], 64), format!("\"{}\"...", "Z".repeat(64)));
    }

    #[test]
    fn dumps_and_sizes() {
        assert_eq!(dump(b"text\0", 64), "74 65 78 74 00 |text.|");
        assert_eq!(dump(b"abc", 2), "61 62 ... |ab|");
        assert_eq!(
            (size(100), size(4096), size(64 << 20), size(0)),
            ("100".into(), "4K".into(), "64M".into(), "0".into())
        );
        for (bytes, shown) in [(0, "0"), (100, "100"), (4096, "4K"), (5000, "4.8K"), (876_416 << 10, "855.8M")] {
            assert_eq!(rounded_size(bytes), shown);
        }
        assert_eq!((count(1, "object"), count(2, "page")), ("1 object".into(), "2 pages".into()));
    }
}
