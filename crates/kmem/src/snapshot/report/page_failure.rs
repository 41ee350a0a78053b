//! The page allocation failure: who asked for what, and why it could not be had.
//!
//! Sources: `mm/page_alloc.c`, `warn_alloc` (6.x), `warn_alloc_failed` (3.4), `__alloc_pages` (2.6.11). Of 2.6.11 it is
//! only the first line that the kernel prints; what follows came with 2.6.16 and is worded as in 2.6.11's other reports.

use super::{mem_info, ReportEra, ReportStyle, Totals, ZoneReport};
use crate::error::Name;
use crate::gfp::{Gfp, GfpEncoding};
use crate::units::Order;
use core::fmt::{Display, Result, Write};

/// A request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The process that asked.
    pub comm: Name,
    /// The order asked for.
    pub order: Order,
    /// How.
    pub gfp: Gfp,
    /// The nodes that the policy allows, a bit for each; `None` for no policy.
    pub nodemask: Option<u64>,
    /// The nodes that the process may use, a bit for each.
    pub mems_allowed: u64,
}

/// Nodes as the kernel lists them: `0-1,3`.
pub(super) struct NodeList(pub(super) u64);

impl Display for NodeList {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> Result {
        let mut rest = self.0;
        let mut between = "";
        while rest != 0 {
            let first = rest.trailing_zeros();
            let length = (!(rest >> first)).trailing_zeros();
            write!(f, "{between}{first}")?;
            if length > 1 {
                write!(f, "-{}", first + length - 1)?;
            }
            rest &= !(u64::MAX >> (64 - length) << first);
            between = ",";
        }
        Ok(())
    }
}

/// Writes `mode:0xcc0(GFP_KERNEL)`, or the number alone where the kernel has no words.
pub(super) fn mode(out: &mut dyn Write, style: &ReportStyle, gfp: Gfp, encoding: &GfpEncoding) -> Result {
    let raw = encoding.encode(gfp);
    match style.era {
        ReportEra::V2_6 | ReportEra::V3_4 => write!(out, "0x{raw:x}"),
        ReportEra::V6_1 | ReportEra::V6_12 if raw == 0 => write!(out, "0x0()"),
        ReportEra::V6_1 | ReportEra::V6_12 => {
            write!(out, "{raw:#x}(")?;
            encoding.write(out, gfp)?;
            out.write_char(')')
        }
    }
}

/// Writes `nodemask=(null),cpuset=/,mems_allowed=0`.
pub(super) fn allowed(out: &mut dyn Write, request: &Request) -> Result {
    match request.nodemask {
        Some(nodes) => write!(out, "nodemask={}", NodeList(nodes))?,
        None => write!(out, "nodemask=(null)")?,
    }
    write!(out, ",cpuset=/,mems_allowed={}", NodeList(request.mems_allowed))
}

/// Writes the first line.
pub fn write_head(out: &mut dyn Write, style: &ReportStyle, request: &Request, gfp: &GfpEncoding) -> Result {
    let mark = if style.era == ReportEra::V2_6 { '.' } else { ':' };
    write!(out, "{}: page allocation failure{mark} order:{}, mode:", request.comm, request.order)?;
    tail(out, style, request, gfp)
}

/// Writes the first line of a vmalloc that failed, of 6.x: `vmalloc error: size N, WHY, mode:…`. Older kernels say it in
/// words of their own, behind the line about the pages.
pub fn write_vmalloc_head(
    out: &mut dyn Write,
    style: &ReportStyle,
    request: &Request,
    gfp: &GfpEncoding,
    bytes: u64,
    why: &str,
) -> Result {
    write!(out, "{}: vmalloc error: size {bytes}, {why}, mode:", request.comm)?;
    tail(out, style, request, gfp)
}

fn tail(out: &mut dyn Write, style: &ReportStyle, request: &Request, gfp: &GfpEncoding) -> Result {
    mode(out, style, request.gfp, gfp)?;
    if style.era >= ReportEra::V6_1 {
        out.write_str(", ")?;
        allowed(out, request)?;
    }
    writeln!(out)
}

/// Writes the report. The call trace belongs between head and state; who has one writes the parts.
pub fn write(
    out: &mut dyn Write,
    style: &ReportStyle,
    request: &Request,
    gfp: &GfpEncoding,
    zones: impl Iterator<Item = ZoneReport> + Clone,
    totals: &Totals<'_>,
) -> Result {
    write_head(out, style, request, gfp)?;
    mem_info::write(out, &style.mem_info, zones, totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_listed_as_ranges() {
        for (nodes, text) in
            [(1, "0"), (3, "0-1"), (0b1011, "0-1,3"), (0b1110_0101, "0,2,5-7"), (0, ""), (u64::MAX, "0-63")]
        {
            assert_eq!(NodeList(nodes).to_string(), text);
        }
    }
}
