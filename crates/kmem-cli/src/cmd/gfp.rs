//! `kmem gfp`.

use crate::failure::{Failure, Verdict};
use kmem_inspect::gfp::{epoch, meaning, Epoch, NoNumber, EPOCHS};
use kmem_inspect::parse::kernel_log::{version, Version};
use std::io::Write;

/// Say what a GFP mask means, or which number a kernel gives to words
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kmem gfp 0x24000c0 --kernel 4.4
  kmem gfp 'GFP_KERNEL|__GFP_ZERO'")]
pub struct Gfp {
    /// A number (0xcc0), or words (GFP_KERNEL|__GFP_ZERO)
    #[arg(value_name = "MASK")]
    mask: String,
    /// The kernel's version: numbers differ between kernels. Without it, all of them
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    kernel: Option<Version>,
}

impl Gfp {
    /// Prints a line for each kernel, and what it means.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let number = parse_number(&self.mask)?;
        let in_epoch = |epoch: &Epoch| match number {
            Some(raw) => Ok(raw),
            None => epoch.number(&self.mask),
        };
        if let Some(version) = self.kernel {
            let epoch = epoch(version);
            let raw = in_epoch(epoch).map_err(|why| self.no_number(why, epoch))?;
            writeln!(out, "{raw:#x} {}  ({})", epoch.words(raw), epoch.name)?;
            for line in meaning(epoch.encoding.decode(raw).0) {
                writeln!(out, "  {line}")?;
            }
            return Ok(Verdict::Well);
        }
        for epoch in &EPOCHS {
            match in_epoch(epoch) {
                Ok(raw) => writeln!(out, "{:<16} {raw:#10x}  {}", epoch.name, epoch.words(raw))?,
                Err(NoNumber::NotHere(word)) => writeln!(out, "{:<16} {:>10}  has no {word}", epoch.name, "-")?,
                Err(why) => return Err(self.no_number(why, epoch)),
            }
        }
        Ok(Verdict::Well)
    }

    fn no_number(&self, why: NoNumber<'_>, epoch: &Epoch) -> Failure {
        match why {
            NoNumber::Unknown(word) => Failure::request(format!("`{word}`: a word that no kernel has"))
                .help("words are spelled as in include/linux/gfp.h: GFP_KERNEL|__GFP_ZERO"),
            NoNumber::NotHere(word) => Failure::request(format!("{} has no {word}", epoch.name)),
        }
    }
}

/// `0x24000c0`, `208`; `None` for words.
fn parse_number(mask: &str) -> Result<Option<u32>, Failure> {
    let text = mask.trim();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let number = u32::from_str_radix(digits, radix);
    number.map(Some).map_err(|_| Failure::request(format!("`{mask}` is no mask of 32 bits")))
}

fn parse_version(text: &str) -> Result<Version, String> {
    version(text).ok_or_else(|| format!("`{text}` is no version: 4.4, 6.1.176"))
}
