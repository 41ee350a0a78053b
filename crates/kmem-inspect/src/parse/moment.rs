//! When a listing was made: a line that is a date, or what `/proc/uptime` has.
//!
//! Who captures something twice writes the time between: `date` before each `cat`. With it, what grew between two listings
//! becomes a rate. Time zones are not looked at: both lines are of one machine.

use crate::scan::decimal;

/// A moment, by one of two clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// Seconds since 1970, as far as the time zone is known.
    Date(u64),
    /// Seconds since boot.
    Uptime(u64),
}

impl Moment {
    /// Returns the seconds from an earlier moment to this one; `None` by another clock, or when it is not earlier.
    pub fn since(self, earlier: Self) -> Option<u64> {
        let seconds = match (earlier, self) {
            (Self::Date(from), Self::Date(to)) | (Self::Uptime(from), Self::Uptime(to)) => to.checked_sub(from)?,
            _ => return None,
        };
        (seconds > 0).then_some(seconds)
    }
}

/// The longest line that is nothing but a date.
const LONGEST: usize = 48;

/// Reads a line that is a moment and nothing else: `Thu Nov 26 14:09:32 UTC 2026`, `2026-11-26T14:09:32+01:00`,
/// `2026-11-26 14:09:32`, `4711.42 9000.00`.
pub fn moment(text: &str) -> Option<Moment> {
    if text.len() > LONGEST || !text.as_bytes().iter().any(u8::is_ascii_digit) {
        return None;
    }
    let text = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> =
        text.split(|c: char| c.is_ascii_whitespace() || c == 'T').filter(|word| !word.is_empty()).collect();
    uptime(&words).or_else(|| numbers(&words)).or_else(|| names(text))
}

fn uptime(words: &[&str]) -> Option<Moment> {
    let seconds = |word: &str| {
        let (whole, part) = word.split_once('.')?;
        (part.len() == 2 && decimal(part).is_some()).then(|| decimal(whole)).flatten()
    };
    match words {
        [up, idle] => seconds(idle).and_then(|_| seconds(up)).map(Moment::Uptime),
        _ => None,
    }
}
/// `2026-11-26 14:09:32`, perhaps with parts of a second and a zone.
fn numbers(words: &[&str]) -> Option<Moment> {
    let (date, time) = match words {
        [date, time] | [date, time, _] => (date, time),
        _ => return None,
    };
    let parts: Vec<u64> = date.split('-').map_while(decimal).collect();
    match parts[..] {
        [year, month, day] if date.split('-').count() == 3 => date_of(year, month, day, time),
        _ => None,
    }
}
/// `Thu Nov 26 14:09:32 UTC 2026`.
fn names(text: &str) -> Option<Moment> {
    const DAYS: &str = "Mon Tue Wed Thu Fri Sat Sun";
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [day, month, number, time, .., year] = words[..] else { return None };
    let is_name = |name: &str, of: &str| name.len() == 3 && of.split(' ').any(|known| known == name);
    let month = MONTHS.split(' ').position(|known| known == month)? as u64 + 1;
    (is_name(day, DAYS) && words.len() <= 6).then(|| date_of(decimal(year)?, month, decimal(number)?, time)).flatten()
}

fn date_of(year: u64, month: u64, day: u64, time: &str) -> Option<Moment> {
    let parts: Vec<u64> = time.split([':', '.', '+', '-', 'Z']).map_while(decimal).collect();
    let [hour, minute, second, ..] = parts[..] else { return None };
    let is_time = hour < 24 && minute < 60 && second < 61;
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) || !is_time {
        return None;
    }
    // Years that begin in March: then the day too many is the last of the year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    const DAYS_TO_1970: u64 = 719_469;
    Some(Moment::Date((days - DAYS_TO_1970) * 86_400 + hour * 3600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_the_forms_that_people_write() {
        let at = Some(Moment::Date(1_795_702_172));
        for text in [
            "Thu Nov 26 14:09:32 UTC 2026",
            "2026-11-26T14:09:32+01:00",
            "2026-11-26T14:09:32.123456",
            "2026-11-26 14:09:32",
            "--- 2026-11-26 14:09:32 ---",
            "# Thu Nov 26 14:09:32 2026",
        ] {
            assert_eq!(moment(text), at, "{text}");
        }
        assert_eq!(moment("1970-01-01 00:00:00"), Some(Moment::Date(0)));
        assert_eq!(moment("2000-03-01 00:00:01"), Some(Moment::Date(951_868_801)));
        assert_eq!(moment("4711.42 9000.00"), Some(Moment::Uptime(4711)));
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "12:00:00",
            "2026-11-26",
            "1.5 2.5",
            "2026-13-01 00:00:00",
            "Nov 26 14:09:32",
            "x 1 2 3",
            "0-0-0 0:0:0",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
        assert_eq!(Moment::Date(5).since(Moment::Date(5)), None);
        assert_eq!(Moment::Date(9).since(Moment::Uptime(5)), None);
        assert_eq!(Moment::Uptime(9).since(Moment::Uptime(5)), Some(4));
    }
}
