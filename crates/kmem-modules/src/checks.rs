//! Which checks a run makes: the list behind `--check`.

/// One check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Check {
    /// What was never freed.
    Leak,
    /// Accesses to memory that is not the module's, byte by byte.
    Kasan,
    /// What is freed twice.
    DoubleFree,
    /// What is freed as something else than it was allocated as.
    Mismatch,
    /// Calls that may sleep where sleeping is a bug.
    AtomicSleep,
    /// Results that are not looked at: an allocation that failed, a copy that was cut short.
    Null,
    /// The kernel stack.
    Stack,
    /// Locks, lists and other interfaces.
    Misuse,
}

impl Check {
    /// All of them, by the names of the command line.
    pub const ALL: [(&'static str, Self); 8] = [
        ("leak", Self::Leak),
        ("kasan", Self::Kasan),
        ("double-free", Self::DoubleFree),
        ("mismatch", Self::Mismatch),
        ("atomic-sleep", Self::AtomicSleep),
        ("null", Self::Null),
        ("stack", Self::Stack),
        ("misuse", Self::Misuse),
    ];
}

/// A set of checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checks(u32);

impl Default for Checks {
    fn default() -> Self {
        Self::ALL
    }
}

impl Checks {
    /// All checks.
    pub const ALL: Self = Self((1 << Check::ALL.len()) - 1);
    /// No check.
    pub const NONE: Self = Self(0);

    /// True when a check is made.
    pub const fn has(self, check: Check) -> bool {
        self.0 & 1 << check as u32 != 0
    }
    /// Reads a list: `kasan,leak` are those two, `-kasan` all but that one, `all`, `none`. What comes later wins.
    ///
    /// # Errors
    /// A name that is none, with those that there are.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut this = None;
        for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (removes, name) = item.strip_prefix('-').map_or((false, item), |name| (true, name));
            let bits = match (name, Check::ALL.iter().find(|(known, _)| *known == name)) {
                ("all", _) => Self::ALL.0,
                ("none", _) => {
                    this = Some(Self::NONE);
                    continue;
                }
                (_, Some((_, check))) => 1 << *check as u32,
                (_, None) => {
                    let names: Vec<_> = Check::ALL.iter().map(|(name, _)| *name).collect();
                    return Err(format!("no check `{name}`; there are: all, none, {}", names.join(", ")));
                }
            };
            // Who begins by taking one away means all others.
            let Self(now) = this.unwrap_or(if removes { Self::ALL } else { Self::NONE });
            this = Some(Self(if removes { now & !bits } else { now | bits }));
        }
        this.ok_or_else(|| "an empty list; `none` turns all checks off".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_add_and_take_away() {
        let has = |list: &str| {
            let checks = Checks::parse(list).unwrap();
            Check::ALL
                .iter()
                .filter(|(_, check)| checks.has(*check))
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(has("leak,kasan"), "leak kasan");
        assert_eq!(has("-kasan,-misuse"), "leak double-free mismatch atomic-sleep null stack");
        assert_eq!((has("none"), has("none, null")), (String::new(), "null".into()));
        assert_eq!(Checks::parse("all"), Ok(Checks::default()));
        assert!(Checks::parse("leek").unwrap_err().contains("there are: all, none, leak, kasan"));
        assert!(Checks::parse("").is_err());
    }
}
