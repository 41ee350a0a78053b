//! What the shell repeats of the kernel's log.
//!
//! A cache that is destroyed while thousands of its objects are in use has each of them named in the log, as in a kernel. The
//! log has them all; here the first ones are shown, and how many more there are.

/// So many objects are shown.
const SHOWN: usize = 16;

/// Returns lines of the log as they are shown.
pub(super) fn abridged(lines: Vec<String>) -> Vec<String> {
    let objects = lines.iter().filter(|line| is_object(line)).count();
    if objects <= SHOWN {
        return lines;
    }
    let mut shown = Vec::new();
    let mut seen = 0;
    let mut lines = lines.into_iter();
    for line in lines.by_ref() {
        seen += usize::from(is_object(&line));
        if seen > SHOWN {
            break;
        }
        shown.push(line);
    }
    shown.push(format!("... {} more objects in use, and their slabs, in the kernel's log", objects - SHOWN));
    // The last word, with the frame around it.
    let rest: Vec<String> = lines.collect();
    let Some(end) = rest.iter().position(|line| line.contains(": Slab cache still has objects")) else { return shown };
    let is_framed = end.checked_sub(1).is_some_and(|before| rest[before].contains("[ cut here ]"));
    shown.extend(rest.into_iter().skip(end - usize::from(is_framed)));
    shown
}

/// True for the line of an object that is left: `Object 0xc2083008 @offset=8`.
fn is_object(line: &str) -> bool {
    let line = line.strip_prefix("INFO: ").unwrap_or(line);
    line.starts_with("Object 0x") && line.contains(" @offset=") && !line.contains(" fp=")
}
