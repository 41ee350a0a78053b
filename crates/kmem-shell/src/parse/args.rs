//! The arguments of one command, taken one by one; each says what was expected when it is not there.

use super::{is_name, Dialect};
use crate::ast::{Base, Data, Operand};
use crate::lex::{Kind, Token};
use crate::number::{number, signed, size, BadNumber};
use crate::syntax::{did_you_mean, Place, SyntaxError};
use crate::verb::Verb;
use kmem::slab::SlabFlags;
use kmem::Gfp;

/// The most bytes that one command writes or fills by value.
const MOST_DATA: u64 = 1 << 30;

pub(super) struct Args<'t> {
    pub(super) verb: &'static Verb,
    pub(super) dialect: Dialect,
    tokens: &'t [Token],
    at: usize,
    end: Place,
}

impl<'t> Args<'t> {
    pub(super) fn new(verb: &'static Verb, dialect: Dialect, tokens: &'t [Token], end: Place) -> Self {
        Self { verb, dialect, tokens, at: 0, end }
    }

    /// True when nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.at >= self.tokens.len()
    }
    /// The next token, which stays.
    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }
    /// The place of what was taken last.
    pub(super) fn last_place(&self) -> Place {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(self.end, |token| token.place)
    }
    /// True when two tokens are left and neither is a redirection.
    pub(super) fn rest_is_one_text(&self) -> bool {
        matches!(self.tokens.get(self.at + 1..), Some([Token { kind: Kind::Word(_) | Kind::Text { .. }, .. }]))
    }
    /// Takes the next token, which must be there.
    /// The next argument, where it is a plain word.
    pub(super) fn peek_word(&self) -> Option<&'t str> {
        match &self.peek()?.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }
    pub(super) fn token(&mut self, what: &str) -> Result<&'t Token, SyntaxError> {
        let token = self.peek().ok_or_else(|| self.expected(what, "the end of the command", self.end))?;
        self.at += 1;
        Ok(token)
    }
    /// Checks that nothing is left.
    pub(super) fn done(&self) -> Result<(), SyntaxError> {
        match self.peek() {
            None => Ok(()),
            Some(token) => Err(self.usage(SyntaxError::new(token.place, format!("unexpected {}", token.shown())))),
        }
    }
    pub(super) fn expected(&self, what: &str, found: &str, place: Place) -> SyntaxError {
        self.usage(SyntaxError::new(place, format!("expected {what}, found {found}")))
    }
    fn usage(&self, error: SyntaxError) -> SyntaxError {
        error.help(format!("usage: {}", self.verb.synopsis()))
    }
    /// Takes the next word, which must be there.
    pub(super) fn word(&mut self, what: &str) -> Result<&'t str, SyntaxError> {
        let token = self.token(what)?;
        match &token.kind {
            Kind::Word(word) => Ok(word),
            _ => Err(self.expected(what, &token.shown(), token.place)),
        }
    }
    fn numeric(&mut self, what: &str, read: fn(&str) -> Result<u64, BadNumber>) -> Result<u64, SyntaxError> {
        let word = self.word(what)?;
        read(word).map_err(|why| self.bad(what, word, why))
    }
    fn bad(&self, what: &str, word: &str, why: BadNumber) -> SyntaxError {
        self.usage(SyntaxError::new(self.last_place(), format!("expected {what}, found `{word}`: {why}")))
    }
    /// A size: `64M`.
    pub(super) fn size(&mut self, what: &str) -> Result<u64, SyntaxError> {
        self.numeric(what, size)
    }
    /// A plain number.
    pub(super) fn number(&mut self, what: &str) -> Result<u64, SyntaxError> {
        self.numeric(what, number)
    }
    /// A number of 32 bits; sizes are understood.
    pub(super) fn small(&mut self, what: &str) -> Result<u32, SyntaxError> {
        let value = self.size(what)?;
        u32::try_from(value).map_err(|_| {
            self.usage(SyntaxError::new(self.last_place(), format!("{what} of {value} is more than 32 bits")))
        })
    }
    /// A number with a sign.
    pub(super) fn signed(&mut self, what: &str) -> Result<i64, SyntaxError> {
        let word = self.word(what)?;
        signed(word).map_err(|why| self.bad(what, word, why))
    }
    /// A name or an address, and `+OFFSET`.
    pub(super) fn operand(&mut self, what: &str) -> Result<Operand, SyntaxError> {
        let word = self.word(what)?;
        let place = self.last_place();
        let (left, offset) = match word.split_once('+') {
            Some((left, right)) => (left, size(right).map_err(|why| self.bad("an offset", right, why))?),
            None => (word, 0),
        };
        if is_name(left) {
            return Ok(Operand { place, base: Base::Name(left.to_owned()), offset });
        }
        match size(left) {
            Ok(number) => Ok(Operand { place, base: Base::Number(number), offset }),
            Err(_) => Err(self.expected(what, &format!("`{word}`"), place)),
        }
    }
    /// A name that is not the shell's: of a cache, a handle.
    pub(super) fn name(&mut self, what: &str) -> Result<String, SyntaxError> {
        let word = self.word(what)?;
        if is_name(word) {
            Ok(word.to_owned())
        } else {
            Err(self.expected(what, &format!("`{word}`"), self.last_place()))
        }
    }
    /// Names joined by `|`, blanks around it allowed, with their places.
    fn alternatives(&mut self, what: &str) -> Result<Vec<(String, Place)>, SyntaxError> {
        let mut names = Vec::new();
        let mut open = true;
        loop {
            let joined =
                matches!(self.peek().map(|token| &token.kind), Some(Kind::Word(word)) if word.starts_with('|'));
            if !open && !joined {
                return Ok(names);
            }
            let word = self.word(what)?;
            let mut place = self.last_place();
            for part in word.split('|') {
                place.width = part.chars().count();
                if !part.is_empty() {
                    names.push((part.to_owned(), place));
                }
                place.column += place.width + 1;
            }
            open = word.ends_with('|');
        }
    }
    /// Allocation flags by the kernel's names: `GFP_KERNEL|__GFP_ZERO`.
    pub(super) fn gfp(&mut self) -> Result<Gfp, SyntaxError> {
        let encoding = self.dialect.profile.gfp;
        let what = "allocation flags (GFP_KERNEL, GFP_ATOMIC|__GFP_DMA, …)";
        let mut gfp = Gfp::empty();
        for (name, place) in self.alternatives(what)? {
            gfp |= match number(&name).ok().and_then(|raw| u32::try_from(raw).ok()) {
                Some(raw) => match encoding.decode(raw) {
                    (gfp, 0) => gfp,
                    (_, rest) => {
                        let what = format!("{} has no flag {rest:#x}", self.dialect.profile.name);
                        return Err(SyntaxError::new(place, what));
                    }
                },
                None => encoding.by_name(&name).ok_or_else(|| self.no_flag(&name, place))?,
            };
        }
        Ok(gfp)
    }
    fn no_flag(&self, name: &str, place: Place) -> SyntaxError {
        let encoding = self.dialect.profile.gfp;
        let what = format!("{} has no flag `{name}`", self.dialect.profile.name);
        let names = encoding.names.iter().map(|(name, _)| *name).chain(encoding.bits.iter().map(|(.., name)| *name));
        match did_you_mean(name, names) {
            Some(near) => SyntaxError::new(place, what).help(format!("did you mean `{near}`?")),
            None => {
                let names: Vec<&str> = encoding.names.iter().map(|(name, _)| *name).collect();
                SyntaxError::new(place, what).help(format!("it has {}, and the single __GFP_ ones", names.join(" ")))
            }
        }
    }
    /// Flags of a cache by the kernel's names, or 0.
    pub(super) fn slab_flags(&mut self) -> Result<SlabFlags, SyntaxError> {
        let mut flags = SlabFlags::empty();
        for (name, place) in self.alternatives("cache flags (SLAB_HWCACHE_ALIGN, …, or 0)")? {
            if name == "0" {
                continue;
            }
            let known = SLAB_FLAGS.iter().find(|(known, _)| *known == name);
            flags |= known.map(|(_, flag)| *flag).ok_or_else(|| {
                let error = SyntaxError::new(place, format!("no cache flag `{name}`"));
                match did_you_mean(&name, SLAB_FLAGS.iter().map(|(name, _)| *name)) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help("cache flags are 0 or names like SLAB_HWCACHE_ALIGN"),
                }
            })?;
        }
        Ok(flags)
    }
    /// A text in quotes, `fill:BYTE:COUNT`, or a plain word.
    pub(super) fn data(&mut self) -> Result<Data, SyntaxError> {
        let what = "a \"text\" or fill:BYTE:COUNT";
        let token = self.token(what)?;
        let word = match &token.kind {
            Kind::Text { bytes, .. } => return Ok(Data::Text(bytes.clone())),
            Kind::Word(word) => word,
            _ => return Err(self.expected(what, &token.shown(), token.place)),
        };
        let Some(fill) = word.strip_prefix("fill:") else { return Ok(Data::Text(word.clone().into_bytes())) };
        let (byte, count) =
            fill.split_once(':').ok_or_else(|| self.expected("fill:BYTE:COUNT", &token.shown(), token.place))?;
        let byte = number(byte).map_err(|why| self.bad("a byte", byte, why))?;
        let count = size(count).map_err(|why| self.bad("a count", count, why))?;
        Ok(Data::Fill { byte: self.byte(byte)?, count: self.affordable(count)? })
    }
    /// Checks that a number is a byte.
    pub(super) fn byte(&self, value: u64) -> Result<u8, SyntaxError> {
        u8::try_from(value).map_err(|_| SyntaxError::new(self.last_place(), format!("{value} is no byte (0 to 255)")))
    }
    /// Checks that so many bytes can be made.
    pub(super) fn affordable(&self, count: u64) -> Result<u64, SyntaxError> {
        if count <= MOST_DATA {
            return Ok(count);
        }
        Err(SyntaxError::new(self.last_place(), format!("{count} bytes at once; 1G is the most")))
    }
}

/// The names of the kernels' headers.
const SLAB_FLAGS: [(&str, SlabFlags); 12] = [
    ("SLAB_HWCACHE_ALIGN", SlabFlags::HWCACHE_ALIGN),
    ("SLAB_CACHE_DMA", SlabFlags::CACHE_DMA),
    ("SLAB_RED_ZONE", SlabFlags::RED_ZONE),
    ("SLAB_POISON", SlabFlags::POISON),
    ("SLAB_STORE_USER", SlabFlags::STORE_USER),
    ("SLAB_CONSISTENCY_CHECKS", SlabFlags::CONSISTENCY_CHECKS),
    ("SLAB_PANIC", SlabFlags::PANIC),
    ("SLAB_RECLAIM_ACCOUNT", SlabFlags::RECLAIM_ACCOUNT),
    ("SLAB_TYPESAFE_BY_RCU", SlabFlags::TYPESAFE_BY_RCU),
    ("SLAB_DESTROY_BY_RCU", SlabFlags::TYPESAFE_BY_RCU),
    ("SLAB_NO_MERGE", SlabFlags::NO_MERGE),
    ("SLAB_ACCOUNT", SlabFlags::ACCOUNT),
];
