//! A line as it came, and what of it the kernel wrote.
//!
//! Kernel text travels through syslog, journald, Android's logcat, containers, mail and web pages. Each leaves something
//! in front of the line: date and host, a level (`<4>`, `kern  :info  :`), a time stamp (`[  12.345678]`), the CPU and the task
//! in the forms of several makers of phones, a note that lines were dropped, a quote sign. All of that is taken off, again and again, until nothing known stands in front. rsyslog and some containers
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
    // The mark that some editors put in front of a file, and the zeros that a log has where the machine went down.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let mut end = bytes.len().min(LONGEST);
    while end > 0 && matches!(bytes[end - 1], b'\n' | b'\r' | 0) {
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
        b'{' => {
            let rest = trimmed.strip_prefix("{\"log\":\"")?;
            Some(rest.split_once("\\n\",\"").map_or(rest, |(text, _)| text))
        }
        b'>' | b'|' => Some(trimmed[1..].strip_prefix(' ').unwrap_or(&trimmed[1..])),
        // `** 93 printk messages dropped ** [  322.9]`: the line that follows stands on the same one.
        b'*' => {
            let (_, rest) = trimmed.strip_prefix("** ")?.split_once(" dropped ** ")?;
            Some(rest)
        }
        b'(' | b'-' | b'.' => after_task(trimmed),
        b'c' => after_cpu(trimmed),
        b'0'..=b'9' => after_record(trimmed).or_else(|| after_logcat(trimmed)).or_else(|| after_tag(trimmed)),
        _ => after_level(trimmed).or_else(|| after_tag(trimmed)),
    }
}

/// What `/dev/kmsg` puts there, `4,100,1234567,-;`, and `grep -n`: `12:[`.
fn after_record(text: &str) -> Option<&str> {
    let end = text.bytes().take(10).position(|byte| !byte.is_ascii_digit())?;
    if text.as_bytes()[end] == b':' {
        return text.get(end + 1..).filter(|rest| rest.starts_with(['[', '<']));
    }
    if text.as_bytes()[end] != b',' || end > 3 {
        return None;
    }
    let (front, rest) = text.split_once(';').filter(|(front, _)| front.len() <= 80)?;
    let mut fields = front.split(',');
    (fields.by_ref().take(3).all(digits) && fields.next().is_some_and(|flags| flags.len() <= 2)).then_some(rest)
}

/// Android's of today, for the kernel: `01-02 12:00:00.000     0     0 W         : `.
fn after_logcat(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let is_dated = bytes.len() > 20 && bytes[2] == b'-' && bytes[5] == b' ' && bytes[8] == b':' && bytes[14] == b'.';
    let (front, rest) = text.split_once(" : ").filter(|(front, _)| is_dated && front.len() <= 60)?;
    let mut words = front.split_whitespace().skip(2);
    let ids = words.by_ref().take(2).all(digits);
    let level = words.next().is_some_and(|level| level.len() == 1);
    (ids && level && words.all(|tag| tag.eq_ignore_ascii_case("kernel"))).then_some(rest)
}

/// MediaTek's: `-(0)[1:swapper/0]`, ` (3)[123:name]`.
fn after_task(text: &str) -> Option<&str> {
    let text = text.strip_prefix(['-', '.']).unwrap_or(text);
    let (cpu, rest) = text.strip_prefix('(')?.split_once(")[")?;
    let (task, rest) = rest.split_once(']')?;
    let (pid, _) = task.split_once(':')?;
    (digits(cpu) && digits(pid) && task.len() <= 40).then(|| rest.strip_prefix(' ').unwrap_or(rest))
}

/// Spreadtrum's and HTC's: `c0      1 `, the CPU and the process.
fn after_cpu(text: &str) -> Option<&str> {
    let (cpu, rest) = text[1..].split_once(' ')?;
    let (pid, rest) = rest.trim_start().split_once(' ')?;
    (digits(cpu) && digits(pid) && cpu.len() <= 3).then_some(rest)
}

/// What `dmesg -x` puts there: `kern  :info  : `.
fn after_level(text: &str) -> Option<&str> {
    const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
    let (facility, rest) = text.split_at_checked(6)?;
    let (level, rest) = rest.strip_prefix(':')?.split_once(':')?;
    let known = facility.trim_end().bytes().all(|byte| byte.is_ascii_lowercase()) && LEVELS.contains(&level.trim_end());
    known.then(|| rest.strip_prefix(' ').unwrap_or(rest))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `  12.345678`, `cpuid: 0`, `T123`, `C0`, `T1@C0`, `0:     swapper:    0`, `Tue Jan  2 12:00:00 2020`, `2020-01-02 12:00:00`.
fn is_stamp(stamp: &str) -> bool {
    let stamp = stamp.trim();
    if stamp.is_empty() || stamp.len() > 40 {
        return false;
    }
    let seconds = stamp.split_once('.').is_some_and(|(whole, part)| {
        // With the CPU behind an `@`, as in some phones.
        let part = part.split_once('@').filter(|(_, cpu)| digits(cpu)).map_or(part, |(part, _)| part);
        digits(whole) && digits(part)
    });
    let number = |text: &str| text.starts_with(['T', 'C']) && text[1..].trim().bytes().all(|b| b.is_ascii_digit());
    let caller = stamp.split('@').all(number);
    // Samsung's and Rockchip's: the CPU, the task's name and its number.
    let task = stamp.split_once(':').zip(stamp.rsplit_once(':'));
    let task =
        task.is_some_and(|((cpu, _), (front, pid))| digits(cpu) && digits(pid.trim()) && front.len() > cpu.len());
    seconds || caller || task || stamp.starts_with("cpuid") || is_date(stamp)
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
    let bytes = stamp.as_bytes();
    let is_of_terminal =
        || bytes.len() >= 16 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[13] == b':' && digits(&stamp[..4]);
    DAYS.iter().any(|day| stamp.starts_with(day)) && stamp.contains(':') || stamp.is_ascii() && is_of_terminal()
}

/// `Mon dd hh:mm:ss host kernel: `, `… kernel[0]: `, Android's `… I/KERNEL  (  123): `, a folder's `/proc/meminfo:` of grep.
fn after_tag(text: &str) -> Option<&str> {
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
    let Some(at) = tag(text.as_bytes()).filter(|at| *at < front.len()) else {
        return after_date(text);
    };
    let rest = &text[at..];
    let end = rest.find(':')? + 1;
    let rest = &rest[end..];
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

/// Where the first of the tags begins near the front: `kernel:`, `kernel[`, `/kernel`, `/KERNEL`, `klogd:`.
fn tag(text: &[u8]) -> Option<usize> {
    const NEAR: usize = 98;
    let near = &text[..text.len().min(NEAR)];
    memchr::memchr2_iter(b'k', b'K', near).find_map(|at| {
        let word = &near[at..];
        let is_path = at > 0 && near[at - 1] == b'/';
        match word {
            _ if is_path && (word.starts_with(b"kernel") || word.starts_with(b"KERNEL")) => Some(at - 1),
            _ if [&b"kernel:"[..], b"kernel[", b"klogd:"].iter().any(|tag| word.starts_with(tag)) => Some(at),
            _ => None,
        }
    })
}

/// A log of a test farm: `2020-01-02T12:00:00.1 [   12.3] `, with a blank or a `T` between date and time.
fn after_date(text: &str) -> Option<&str> {
    let rest = text.get(19..).filter(|_| text.as_bytes()[4] == b'-' && text.as_bytes()[13] == b':')?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || ".,:+-Z".contains(c)).trim_start();
    rest.starts_with(['[', '<']).then_some(rest)
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
            "<6>[    0.000000]  [0:        swapper:    0] Normal free:1kB",
            "[    1.0]  [5:  binder:1453_A: 7907] Normal free:1kB",
            "<5>[    0.000000]-(0)[0:swapper]Normal free:1kB",
            "[    0.000000]<1> (1)[1:swapper/0] Normal free:1kB",
            "[    0.000000] c0      1 Normal free:1kB",
            "[    0.000000][T1@C0] Normal free:1kB",
            "[    1.234567@3] Normal free:1kB",
            "kern  :info  : [    0.000000] Normal free:1kB",
            "kern  :warn  : [Tue Jan  2 12:00:00 2020] Normal free:1kB",
            "** 3764 printk messages dropped ** [   46.300984] Normal free:1kB",
            "2020-01-02T12:00:00.123 [    1.0] Normal free:1kB",
            "2020-01-02 12:00:00 <6>[    1.0] Normal free:1kB",
            "[2020-01-02 12:00:00] [    1.0] Normal free:1kB",
            "4,100,1234567,-;Normal free:1kB",
            "30,100,1234567,c,caller=T77;Normal free:1kB",
            "12:[    1.0] Normal free:1kB",
            "01-02 12:00:00.000     0     0 W         : Normal free:1kB",
            "01-02 12:00:00.000     0     0 W KERNEL  : [    1.0] c3   77 Normal free:1kB",
            "{\"log\":\"Normal free:1kB\\n\",\"stream\":\"stdout\"}",
        ] {
            assert_eq!(kernel_text(line), "Normal free:1kB", "{line}");
        }
        // What is the kernel's own stays.
        for line in [
            "  active_file:0",
            "[  pid  ]   uid  tgid",
            "[    139]     0   139",
            "virtual kernel: x",
            "0xf0-0xf1",
            "[mem 0x0-0x1]",
            "crash: x",
            "c0 is a register",
            "(null)",
            "cpu 0 hot: high 2",
            "info: x : y",
            "2020-01-02 12:00:00 some words",
            "1,2,3;4",
            "12:13 : x",
            "01-02 12:00:00.000   100   100 W tag     : x",
            "[0000-1111:2222]",
        ] {
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
        assert_eq!(decode(b"\xef\xbb\xbfa\0\n"), "a");
        assert_eq!(decode(b"\0\0\0a\n"), "a");
        assert_eq!(decode(&vec![b'x'; LONGEST + 9]).len(), LONGEST);
    }
}
