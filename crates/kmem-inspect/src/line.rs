//! A line as it came, and what of it the kernel wrote.
//!
//! Kernel text travels through syslog, journald, Android's logcat, containers, mail and web pages. Each leaves something
//! in front of the line: date and host, a level (`<4>`), a time stamp (`[  12.345678]`), the CPU (`[cpuid: 0]`), a quote
//! sign. All of that is taken off, again and again, until nothing known stands in front. rsyslog and some containers
//! make one line of many, with `#012` or `\n` where lines ended: these are cut apart again.

use crate::place::Place;
use memchr::memchr2;
use std::borrow::Cow;

/// A line as readers see it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Where it stands.
    pub place: Place,
    /// What the kernel wrote.
    pub text: &'a str,
}

/// The longest line that is looked at; what is behind is left out.
pub const LONGEST: usize = 64 << 10;

/// The parts of a raw line that were lines once.
pub fn parts(raw: &str) -> impl Iterator<Item = &str> {
    // Looked for by a byte first: few lines have one of these.
    let joined = memchr2(b'#', b'\\', raw.as_bytes()).is_some();
    let divider = if joined && raw.contains("#012") {
        Some("#012")
    } else if joined && raw.matches("\\n").count() > 1 {
        Some("\\n")
    } else {
        None
    };
    let mut rest = Some(raw);
    std::iter::from_fn(move || {
        let text = rest?;
        let cut = divider.and_then(|divider| text.split_once(divider));
        rest = cut.map(|(_, rest)| rest);
        Some(cut.map_or(text, |(part, _)| part))
    })
}

/// Makes text of the bytes of a line, without its end.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let mut end = bytes.len().min(LONGEST);
    while end > 0 && (bytes[end - 1] == b'\n' || bytes[end - 1] == b'\r') {
        end -= 1;
    }
    // Nearly always it is text, and to make sure of that costs less than to mend it.
    std::str::from_utf8(&bytes[..end]).map_or_else(|_| String::from_utf8_lossy(&bytes[..end]), Cow::Borrowed)
}

/// Takes off what a log or a page put in front. What the kernel wrote keeps its own blanks in front.
pub fn kernel_text(line: &str) -> &str {
    let mut text = line;
    // Each step takes at least a byte, and nobody nests deeper.
    for _ in 0..6 {
        match stripped(text) {
            Some(rest) => text = rest,
            None => break,
        }
    }
    text
}

fn stripped(text: &str) -> Option<&str> {
    let trimmed = text.trim_start();
    match *trimmed.as_bytes().first()? {
        b'<' => {
            let (level, rest) = trimmed[1..].split_once('>')?;
            (level.len() <= 3 && level.bytes().all(|byte| byte.is_ascii_digit())).then_some(rest)
        }
        b'[' => {
            let (stamp, rest) = trimmed[1..].split_once(']')?;
            is_stamp(stamp).then(|| rest.strip_prefix(' ').unwrap_or(rest))
        }
        // Docker's file of a container's log.
        b'{' => trimmed.strip_prefix("{\"log\":\""),
        b'>' | b'|' => Some(trimmed[1..].strip_prefix(' ').unwrap_or(&trimmed[1..])),
        _ => after_tag(trimmed),
    }
}

/// `  12.345678`, `cpuid: 0`, `T123`, `C0`, `Tue Jan  2 12:00:00 2020`.
fn is_stamp(stamp: &str) -> bool {
    let stamp = stamp.trim();
    if stamp.is_empty() || stamp.len() > 40 {
        return false;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = stamp.split_once('.').is_some_and(|(whole, part)| digits(whole) && digits(part));
    let caller =
        (stamp.starts_with('T') || stamp.starts_with('C')) && stamp[1..].trim().bytes().all(|b| b.is_ascii_digit());
    seconds || caller || stamp.starts_with("cpuid") || is_date(stamp)
}

/// Seconds since boot that stand in front of a raw line: `[   12.345678]`, wherever in what logs put there.
pub fn stamp(raw: &str) -> Option<f64> {
    let front = raw.as_bytes();
    let front = &front[..front.len().min(90)];
    let mut from = 0;
    while let Some(open) = front[from..].iter().position(|byte| *byte == b'[').map(|at| from + at + 1) {
        let close = front[open..].iter().position(|byte| *byte == b']').map(|at| open + at)?;
        let inside = raw.get(open..close).map(str::trim).unwrap_or_default();
        let plain = inside.split_once('.').is_some_and(|(whole, part)| {
            !whole.is_empty()
                && !part.is_empty()
                && [whole, part].iter().all(|it| it.bytes().all(|b| b.is_ascii_digit()))
        });
        if plain {
            return inside.parse().ok();
        }
        from = close;
    }
    None
}

fn is_date(stamp: &str) -> bool {
    const DAYS: [&str; 7] = ["Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "];
    DAYS.iter().any(|day| stamp.starts_with(day)) && stamp.contains(':')
}

/// `Mon dd hh:mm:ss host kernel: `, `… kernel[0]: `, Android's `… I/KERNEL  (  123): `, a folder's `/proc/meminfo:` of grep.
fn after_tag(text: &str) -> Option<&str> {
    const TAGS: [&str; 5] = ["kernel:", "kernel[", "/KERNEL", "/kernel", "klogd:"];
    // The name of a tunable is in its path.
    if text.starts_with("/proc/") && !text.starts_with("/proc/sys/") {
        let (path, rest) = text.split_once(':')?;
        return (!path.contains(' ')).then_some(rest);
    }
    // A tag stands near the front, behind a date, and only then: the kernel itself writes the word too.
    let front = &text.as_bytes()[..text.len().min(90)];
    let is_dated = front.first().is_some_and(u8::is_ascii_digit)
        || front.get(3) == Some(&b' ') && front.iter().filter(|&&byte| byte == b':').count() >= 2;
    if !is_dated && !text.starts_with("kernel:") {
        return None;
    }
    let at = TAGS.iter().filter_map(|tag| text.find(tag)).filter(|at| *at < 90).min()?;
    let rest = &text[at..];
    let end = rest.find(':')? + 1;
    let rest = &rest[end..];
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_front_is_taken_off() {
        for line in [
            "Normal free:1kB",
            "[    0.000000] Normal free:1kB",
            "<4>[12345.678901] Normal free:1kB",
            "[    0.000000] [cpuid: 0] Normal free:1kB",
            "[    1.000000] [    T1] Normal free:1kB",
            "[Tue Jan  2 12:00:00 2020] Normal free:1kB",
            "Jan  2 12:00:00 host kernel: [   12.3] Normal free:1kB",
            "2020-01-02T12:00:00.123456+01:00 host kernel: [   12.3] Normal free:1kB",
            "Jan 02 12:00:00 host kernel[1]: <6>[  1.0] Normal free:1kB",
            "01-02 12:00:00.000 I/KERNEL  (  123): [   12.3] Normal free:1kB",
            "> > [   12.3] Normal free:1kB",
            "kernel: Normal free:1kB",
        ] {
            assert_eq!(kernel_text(line), "Normal free:1kB", "{line}");
        }
        // What is the kernel's own stays.
        for line in
            ["  active_file:0", "[  pid  ]   uid  tgid", "[    139]     0   139", "virtual kernel: x", "0xf0-0xf1"]
        {
            assert_eq!(kernel_text(line), line);
        }
    }

    #[test]
    fn lines_that_were_joined_are_cut_apart() {
        let cut = |text| parts(text).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cut("a#012b#012"), ["a", "b", ""]);
        assert_eq!(cut("a\\nb\\nc"), ["a", "b", "c"]);
        assert_eq!(cut("C:\\new"), ["C:\\new"]);
    }

    #[test]
    fn any_bytes_are_a_line() {
        assert_eq!(decode(b"a\xff\r\n"), "a\u{fffd}");
        assert_eq!(decode(b"\n"), "");
        assert_eq!(decode(&vec![b'x'; LONGEST + 9]).len(), LONGEST);
    }
}
