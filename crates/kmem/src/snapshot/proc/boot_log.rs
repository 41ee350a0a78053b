//! What a kernel prints about memory while it boots: the firmware's map, zones, hash tables, the `Memory:` line, the
//! layout where that kernel prints one, what is freed at the end.
//!
//! Only lines about memory, in the kernel's order, without time stamps. Sources: the captures (6.1); `arch/arm/mm/init.c`
//! and `mm/page_alloc.c` of 3.4; `arch/i386/kernel/setup.c`, `arch/i386/mm/init.c` and `mm/page_alloc.c` of 2.6.11.

use crate::boot::cmdline::{CommandLine, Param};
use crate::boot::layout::{LayoutRule, SizeUnit};
use crate::boot::{firmware_map, map_by_hand, BootParams, FirmwareKind, FirmwareMap, Plan, PlanZone};
use crate::page::watermark::pcp;
use crate::profile::{Profile, SlabKind, SlabRule, ZoneKind};
use crate::slab::params::SlabParams;
use crate::units::{align_up, Pfn, PhysRange, PAGE_SHIFT, PAGE_SIZE};
use core::fmt::{Result, Write};

/// How a generation of kernels words its boot log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BootLogStyle {
    /// 6.x on a PC.
    X86Modern,
    /// 6.x on ARM: no map of the firmware's.
    ArmModern,
    /// 6.x on arm64: another name for what is freed last.
    Arm64Modern,
    /// 3.x on ARM.
    ArmMiddle,
    /// 2.6 on i386.
    X86Early,
    /// 2.6 without an MMU.
    NoMmuEarly,
}

/// A part of memory that is given back at the end of boot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LatePart {
    /// The initial file system.
    Initrd,
    /// Data that a guest would have shared with its host unencrypted.
    Decrypted,
    /// Code and data of boot.
    Init,
    /// What remains of a large page behind code.
    BehindText,
    /// The same behind constants.
    BehindRodata,
}

const fn kb(pages: u64) -> u64 {
    pages << (PAGE_SHIFT - 10)
}
const fn mb(bytes: u64) -> u64 {
    bytes >> 20
}

/// Writes the boot log, one line for each message.
pub fn write(out: &mut dyn Write, profile: &'static Profile, params: &BootParams<'_>, plan: &Plan) -> Result {
    let log = Log { profile, params, plan };
    writeln!(out, "Linux version {}", profile.release)?;
    match profile.proc.boot_log {
        BootLogStyle::X86Modern => log.x86_modern(out),
        BootLogStyle::ArmModern | BootLogStyle::Arm64Modern => log.arm_modern(out),
        BootLogStyle::ArmMiddle => log.arm_middle(out),
        BootLogStyle::X86Early => log.x86_early(out),
        BootLogStyle::NoMmuEarly => log.no_mmu_early(out),
    }
}

/// Writes what the kernel says about its layout when something was not as asked for.
pub fn write_warnings(out: &mut dyn Write, profile: &Profile, plan: &Plan) -> Result {
    plan.layout.warnings.iter().try_for_each(|warning| {
        warning.write(out, profile.proc.wording)?;
        writeln!(out)
    })
}

struct Log<'a> {
    profile: &'static Profile,
    params: &'a BootParams<'a>,
    plan: &'a Plan,
}

impl Log<'_> {
    fn x86_modern(&self, out: &mut dyn Write) -> Result {
        let (plan, low_end) = (self.plan, self.plan.layout.low.end.raw());
        self.firmware_map(out, |out, who, range, kind| {
            writeln!(out, "{who}: [mem {:#018x}-{:#018x}] {}", range.start.raw(), range.end.raw() - 1, kind.word())
        })?;
        if self.profile.counting.trims_first_mib && self.params.ranges.is_none() {
            writeln!(out, "e820: update [mem 0x00000000-0x00000fff] usable ==> reserved")?;
            writeln!(out, "e820: remove [mem 0x000a0000-0x000fffff] usable")?;
        }
        writeln!(
            out,
            "last_pfn = {:#x} max_arch_pfn = {:#x}",
            plan.memblock.memory().end() >> PAGE_SHIFT,
            self.max_arch_pfn()
        )?;
        if let (LayoutRule::Wide(_), true) = (&self.profile.layout, plan.memblock.memory().end() > 4 << 30) {
            // Above 4 GiB the end of RAM below is looked for too: `max_low_pfn` of `setup_arch`.
            let below =
                plan.memblock.memory().as_slice().iter().map(|range| range.end.raw()).filter(|end| *end <= 4 << 30);
            let last = below.max().unwrap_or(0) >> PAGE_SHIFT;
            writeln!(out, "last_pfn = {last:#x} max_arch_pfn = {:#x}", self.max_arch_pfn())?;
        }
        write_warnings(out, self.profile, plan)?;
        if self.has_high_zone() {
            writeln!(out, "{}MB HIGHMEM available.", mb(plan.layout.ram_end.raw() - low_end))?;
            writeln!(out, "{}MB LOWMEM available.", mb(low_end))?;
            writeln!(out, "  mapped low ram: 0 - {low_end:08x}")?;
            writeln!(out, "  low ram: 0 - {low_end:08x}")?;
        }
        self.modern_zones(out)?;
        for zone in plan.zones().iter().filter(|zone| self.initialized_late(zone)) {
            let start = zone.start.raw();
            writeln!(out, "Initializing {} for node 0 ({start:08x}:{:08x})", zone.name, start + zone.spanned)?;
        }
        self.modern_memory(out)
    }

    fn arm_modern(&self, out: &mut dyn Write) -> Result {
        write_warnings(out, self.profile, self.plan)?;
        self.modern_zones(out)?;
        self.modern_memory(out)
    }

    /// True when the profile's kernel has memory above the direct map.
    fn has_high_zone(&self) -> bool {
        self.profile.zones.iter().any(|zone| zone.kind == ZoneKind::HighMem)
    }

    /// True for a zone that x86-32 names once more when it hands it to the page allocator.
    fn initialized_late(&self, zone: &PlanZone) -> bool {
        match zone.kind {
            ZoneKind::Movable => self.plan.zones().iter().any(|z| z.kind == ZoneKind::HighMem && z.spanned > 0),
            kind => kind == ZoneKind::HighMem,
        }
    }

    /// Zones, zonelists, hash tables.
    fn modern_zones(&self, out: &mut dyn Write) -> Result {
        let plan = self.plan;
        self.zone_ranges(out)?;
        writeln!(out, "Built {} zonelists, mobility grouping on.  Total pages: {}", plan.nodes(), plan.total_pages)?;
        writeln!(out, "Kernel command line: {}", self.params.cmdline)?;
        self.unknown_to_slob(out)?;
        self.hashes(out, |bytes| self.hash_place(bytes))
    }
    /// What a kernel with SLOB says of SLUB's parameters (5.14 and later: `print_unknown_bootoptions`).
    fn unknown_to_slob(&self, out: &mut dyn Write) -> Result {
        let is_slubs = |param: &Param<'_>| param.name.starts_with("slub_");
        let mut unknown = CommandLine::new(self.params.cmdline).params().filter(is_slubs).peekable();
        if self.profile.slab.kind() != SlabKind::Slob || unknown.peek().is_none() {
            return Ok(());
        }
        write!(out, "Unknown kernel command line parameters \"")?;
        for (at, Param { name, value, .. }) in unknown.enumerate() {
            let (gap, equals) = (if at > 0 { " " } else { "" }, if value.is_some() { "=" } else { "" });
            write!(out, "{gap}{name}{equals}{}", value.unwrap_or_default())?;
        }
        writeln!(out, "\", will be passed to user space.")
    }

    /// The `Memory:` line and the lines around it.
    fn modern_memory(&self, out: &mut dyn Write) -> Result {
        let plan = self.plan;
        let late = self.profile.counting.memory_line_late;
        let freed: u64 = plan.freed_early().map(|range| range.bytes() >> PAGE_SHIFT).sum();
        if !late {
            self.memory_line(out, 0)?;
        }
        self.slub(out, "")?;
        for range in plan.freed_early() {
            writeln!(out, "Freeing SMP alternatives memory: {}K", range.bytes() >> 10)?;
        }
        if late {
            self.memory_line(out, freed)?;
        }
        self.modern_freed_late(out)
    }

    /// The line itself, after so many pages of what boot held were given back.
    fn memory_line(&self, out: &mut dyn Write, freed: u64) -> Result {
        let plan = self.plan;
        let sizes = &self.profile.image.sizes;
        let ram: u64 = plan.zones().iter().map(|zone| zone.ram).sum();
        let cma: u64 = plan.zones().iter().map(|zone| zone.cma).sum();
        write!(
            out,
            "Memory: {}K/{}K available ({}K kernel code, {}K rwdata, {}K rodata, {}K init, {}K bss, {}K reserved, {}K cma-reserved",
            kb(self.free() + freed), kb(ram), sizes.code, sizes.data, sizes.rodata, sizes.init, sizes.bss,
            kb(plan.reserved_pages.saturating_sub(cma + freed)), kb(cma)
        )?;
        if self.has_high_zone() {
            write!(out, ", {}K highmem", kb(self.free_high()))?;
        }
        writeln!(out, ")")
    }

    fn arm_middle(&self, out: &mut dyn Write) -> Result {
        let plan = self.plan;
        write_warnings(out, self.profile, plan)?;
        let ram: u64 = plan.zones().iter().map(|zone| zone.ram).sum();
        writeln!(out, "On node 0 totalpages: {ram}")?;
        for (at, zone) in plan.zones().iter().enumerate().filter(|(_, zone)| zone.ram > 0) {
            writeln!(out, "  {} zone: {} pages used for memmap", zone.name, zone.mem_map_pages)?;
            if at == 0 {
                writeln!(out, "  {} zone: 0 pages reserved", zone.name)?;
            }
            self.zone_batch(out, zone)?;
        }
        let present: u64 = plan.zones().iter().map(|zone| zone.present).sum();
        writeln!(out, "Built 1 zonelists in Zone order, mobility grouping on.  Total pages: {present}")?;
        writeln!(out, "Kernel command line: {}", self.params.cmdline)?;
        self.hashes(out, |_| "")?;
        self.arm_banks(out)?;
        let high = kb(self.free_high());
        let (free, reserved) = (kb(self.free()), kb(plan.reserved_pages));
        writeln!(out, "Memory: {free}k/{free}k available, {reserved}k reserved, {high}K highmem")?;
        self.arm_layout(out)?;
        self.slub(out, "Genslabs=11, ")?;
        self.freed_late(out, "Freeing initrd memory: ", "Freeing init memory: ", "K")
    }

    /// The table of `mem_init`: names end in one column, sizes too.
    fn arm_layout(&self, out: &mut dyn Write) -> Result {
        writeln!(out, "Virtual kernel memory layout:")?;
        self.plan.layout.rows(self.profile).try_for_each(|row| {
            let (start, end, size) = (row.range.start.raw(), row.range.end.raw(), row.size());
            match row.unit {
                SizeUnit::Kilobytes | SizeUnit::Megabytes => {
                    let unit = if row.unit == SizeUnit::Megabytes { "MB" } else { "kB" };
                    writeln!(out, "    {:<7} : 0x{start:08x} - 0x{end:08x}   ({size:4} {unit})", row.name)
                }
                SizeUnit::KilobytesUp => {
                    writeln!(out, "{:>11} : 0x{start:08x} - 0x{end:08x}   ({size:4} kB)", row.name)
                }
            }
        })
    }

    fn arm_banks(&self, out: &mut dyn Write) -> Result {
        write!(out, "Memory:")?;
        let mut pages = 0;
        for range in self.plan.memblock.memory().as_slice() {
            pages += range.bytes() >> PAGE_SHIFT;
            write!(out, " {}MB", mb(range.bytes()))?;
        }
        writeln!(out, " = {}MB total", mb(pages << PAGE_SHIFT))
    }

    fn x86_early(&self, out: &mut dyn Write) -> Result {
        let (plan, low_end) = (self.plan, self.plan.layout.low.end.raw());
        self.firmware_map(out, |out, who, range, kind| {
            writeln!(out, " {who}: {:016x} - {:016x} ({})", range.start.raw(), range.end.raw(), kind.word())
        })?;
        write_warnings(out, self.profile, plan)?;
        let highmem = plan.layout.ram_end.raw() - low_end;
        writeln!(out, "{}MB HIGHMEM available.", mb(highmem))?;
        writeln!(out, "{}MB LOWMEM available.", mb(low_end))?;
        self.early_zones(out)?;
        let sizes = &self.profile.image.sizes;
        writeln!(
            out,
            "Memory: {}k/{}k available ({}k kernel code, {}k reserved, {}k data, {}k init, {}k highmem)",
            kb(self.free()),
            plan.layout.ram_end.raw() >> 10,
            sizes.code,
            kb(plan.reserved_pages),
            sizes.data,
            sizes.init,
            kb(self.free_high())
        )?;
        self.freed_late(out, "Freeing initrd memory: ", "Freeing unused kernel memory: ", "k freed")
    }

    fn no_mmu_early(&self, out: &mut dyn Write) -> Result {
        self.early_zones(out)?;
        self.arm_banks(out)?;
        let (sizes, free) = (&self.profile.image.sizes, kb(self.free()));
        let (code, data, init) = (sizes.code, sizes.data, sizes.init);
        writeln!(out, "Memory: {free}KB available ({code}K code, {data}K data, {init}K init)")?;
        self.freed_late(out, "Freeing initrd memory: ", "Freeing init memory: ", "K")
    }

    /// What `mm/page_alloc.c` of 2.6.11 says, on every architecture.
    fn early_zones(&self, out: &mut dyn Write) -> Result {
        let zones = self.plan.zones();
        writeln!(out, "On node 0 totalpages: {}", zones.iter().map(|zone| zone.present).sum::<u64>())?;
        zones.iter().try_for_each(|zone| self.zone_batch(out, zone))?;
        writeln!(out, "Built 1 zonelists")?;
        writeln!(out, "Kernel command line: {}", self.params.cmdline)?;
        self.hashes(out, |_| "")
    }

    fn zone_batch(&self, out: &mut dyn Write, zone: &PlanZone) -> Result {
        let (batch, ..) = pcp(self.profile.tuning, zone.present, 0, self.plan.cpus, 0);
        writeln!(out, "  {} zone: {} pages, LIFO batch:{batch}", zone.name, zone.present)
    }

    /// The firmware's map and, under `mem=`, what is left of it.
    fn firmware_map(
        &self,
        out: &mut dyn Write,
        row: impl Fn(&mut dyn Write, &str, PhysRange, FirmwareKind) -> Result,
    ) -> Result {
        writeln!(out, "BIOS-provided physical RAM map:")?;
        if let Some(ranges) = self.params.ranges {
            return ranges.iter().try_for_each(|&range| row(out, "BIOS-e820", range, FirmwareKind::Usable));
        }
        let map: FirmwareMap = firmware_map(self.profile, self.params.ram_bytes);
        map.iter().try_for_each(|entry| row(out, "BIOS-e820", entry.range, entry.kind))?;
        let cmdline = CommandLine::new(self.params.cmdline);
        let limit = cmdline.size("mem").filter(|&limit| limit > 0);
        let by_hand = map_by_hand(self.profile, self.params.ram_bytes, cmdline);
        if limit.is_none() && by_hand.is_none() {
            return Ok(());
        }
        if let (Some(limit), BootLogStyle::X86Modern) = (limit, self.profile.proc.boot_log) {
            writeln!(out, "e820: remove [mem {limit:#010x}-0xfffffffffffffffe] usable")?;
        }
        writeln!(out, "user-defined physical RAM map:")?;
        for entry in by_hand.unwrap_or(map).iter() {
            let (start, end) = (entry.range.start.raw(), entry.range.end.raw());
            let end = if entry.kind == FirmwareKind::Usable { end.min(limit.unwrap_or(end)) } else { end };
            if start < end {
                row(out, "user", PhysRange::new(start, end), entry.kind)?;
            }
        }
        Ok(())
    }

    fn zone_ranges(&self, out: &mut dyn Write) -> Result {
        let range = |out: &mut dyn Write, range: PhysRange| {
            writeln!(out, "[mem {:#018x}-{:#018x}]", range.start.raw(), range.end.raw() - 1)
        };
        writeln!(out, "Zone ranges:")?;
        let kinds = &self.plan.zones()[..self.plan.zones().len() / self.plan.nodes() as usize];
        // What ZONE_MOVABLE took is printed as its part still.
        let highest = self.plan.highest_zone(self.profile).0;
        for (at, kind) in kinds.iter().enumerate().filter(|(_, zone)| zone.kind != ZoneKind::Movable) {
            write!(out, "  {:<8} ", kind.name)?;
            let of_kind = |zone: &&PlanZone| zone.kind == kind.kind || at == highest && zone.kind == ZoneKind::Movable;
            let zones = self.plan.zones().iter().filter(of_kind).filter(|zone| zone.spanned > 0);
            let whole = zones.map(PlanZone::range).reduce(|all, one| {
                PhysRange::new(all.start.raw().min(one.start.raw()), all.end.raw().max(one.end.raw()))
            });
            match whole {
                Some(whole) => range(out, whole)?,
                None => writeln!(out, "empty")?,
            }
        }
        writeln!(out, "Movable zone start for each node")?;
        for zone in self.plan.zones().iter().filter(|zone| zone.kind == ZoneKind::Movable && zone.spanned > 0) {
            writeln!(out, "  Node {}: {:#018x}", zone.node, zone.range().start.raw())?;
        }
        writeln!(out, "Early memory node ranges")?;
        let node_ranges = |node| {
            let bytes = |(from, to)| PhysRange::new(from << PAGE_SHIFT, to << PAGE_SHIFT);
            self.plan.node_memory(node).map(bytes)
        };
        for node in 0..self.plan.nodes() {
            for memory in node_ranges(node) {
                write!(out, "  node {node:3}: ")?;
                range(out, memory)?;
            }
        }
        for node in 0..self.plan.nodes() {
            let Some(first) = node_ranges(node).next() else { continue };
            let end = node_ranges(node).last().map_or(first.end, |last| last.end);
            write!(out, "Initmem setup node {node} ")?;
            range(out, PhysRange::new(first.start.raw(), end.raw()))?;
        }
        self.holes(out)
    }

    /// One past the last frame that the kernel has a number for.
    fn max_arch_pfn(&self) -> u64 {
        match self.profile.phys_addr_bytes {
            4 => 1 << (32 - PAGE_SHIFT),
            _ => self.profile.max_ram >> PAGE_SHIFT,
        }
    }

    /// Frames between ranges of RAM, and behind the last: those that have page structures and no memory.
    fn holes(&self, out: &mut dyn Write) -> Result {
        let says = |out: &mut dyn Write, zone: Option<&PlanZone>, from: Pfn, to: Pfn| {
            let pages = self.plan.structures_between(self.profile, from, to);
            match zone {
                Some(zone) if pages > 0 => {
                    writeln!(out, "On node {}, zone {}: {pages} pages in unavailable ranges", zone.node, zone.name)
                }
                _ => Ok(()),
            }
        };
        let populated = || self.plan.zones().iter().filter(|zone| zone.spanned > 0);
        let frames = |addr: u64| Pfn::new(addr >> PAGE_SHIFT);
        let mut previous = Pfn::new(0);
        for range in self.plan.memblock.memory().as_slice() {
            let zone = populated().find(|zone| zone.range().contains(range.start));
            says(out, zone, previous, Pfn::new(range.start.raw().div_ceil(PAGE_SIZE)))?;
            previous = frames(range.end.raw());
        }
        // RAM that is not used; with sections, what the last of them has beyond RAM.
        let end = frames(self.plan.layout.ram_end.raw());
        let last = previous.raw().max(self.plan.structures_end(self.profile).raw());
        says(out, populated().next_back(), end, Pfn::new(last))
    }

    /// Where a hash table lies. On several nodes it is spread over them (`hashdist=`), in huge pages when each node has one of
    /// them at least (`vmalloc_huge`).
    fn hash_place(&self, bytes: u64) -> &'static str {
        let nodes = u64::from(self.plan.nodes());
        let is_spread = self.profile.word_bytes == 8 && nodes > 1;
        if !is_spread || CommandLine::new(self.params.cmdline).size("hashdist") == Some(0) {
            return ", linear";
        }
        let huge = self.profile.image.huge_page_bytes;
        if huge > 0 && bytes / nodes >= huge {
            ", vmalloc hugepage"
        } else {
            ", vmalloc"
        }
    }

    fn hashes(&self, out: &mut dyn Write, kind: impl Fn(u64) -> &'static str) -> Result {
        self.plan.hashes().try_for_each(|hash| {
            let bytes = hash.bytes();
            let order = i64::from(bytes.max(1).ilog2()) - i64::from(PAGE_SHIFT);
            let (name, entries) = (hash.table.name, hash.entries);
            let kind = kind(bytes);
            writeln!(out, "{name} hash table entries: {entries} (order: {order}, {bytes} bytes{kind})")
        })
    }

    fn slub(&self, out: &mut dyn Write, genslabs: &str) -> Result {
        let SlabRule::Slub { .. } = self.profile.slab else { return Ok(()) };
        let command_line = CommandLine::new(self.params.cmdline);
        let SlabParams { min_order, max_order, min_objects, .. } =
            SlabParams::new(self.profile.slab, self.profile.top_order, command_line);
        write!(out, "SLUB: {genslabs}HWalign={}, Order={min_order}-{max_order}, ", self.profile.cache_line)?;
        writeln!(out, "MinObjects={min_objects}, CPUs={}, Nodes={}", self.plan.cpus, self.plan.nodes())
    }

    /// What is freed at the end of boot, in the order and with the names of 6.x. The names follow from where it lies in the
    /// image.
    fn modern_freed_late(&self, out: &mut dyn Write) -> Result {
        let init = match self.profile.proc.boot_log {
            BootLogStyle::Arm64Modern => "unused kernel",
            _ => "unused kernel image (initmem)",
        };
        let parts = [
            (LatePart::Initrd, "initrd"),
            (LatePart::Decrypted, "unused decrypted"),
            (LatePart::Init, init),
            (LatePart::BehindText, "unused kernel image (text/rodata gap)"),
            (LatePart::BehindRodata, "unused kernel image (rodata/data gap)"),
        ];
        parts.iter().try_for_each(|&(part, name)| {
            let mut ranges = self.plan.freed_late().filter(|range| self.late_part(range) == part);
            ranges.try_for_each(|range| writeln!(out, "Freeing {name} memory: {}K", range.bytes() >> 10))
        })
    }
    fn late_part(&self, range: &PhysRange) -> LatePart {
        if range.start.raw() >= self.profile.image.end {
            return LatePart::Initrd;
        }
        let direct = self.profile.page_offset.raw().wrapping_sub(self.profile.phys_offset.raw());
        let distance = self.profile.layout.image_distance().unwrap_or(direct);
        let begins_behind = |name: &str| {
            let section = self.profile.image.sections.iter().find(|section| section.name == name);
            section.is_some_and(|it| align_up(it.end.wrapping_sub(distance), PAGE_SIZE) == range.start.raw())
        };
        let in_bss = self.profile.image.sections.iter().any(|section| {
            let (start, end) = (section.start.wrapping_sub(distance), section.end.wrapping_sub(distance));
            section.name == ".bss" && (start..end).contains(&range.start.raw())
        });
        match () {
            () if in_bss => LatePart::Decrypted,
            () if begins_behind(".text") => LatePart::BehindText,
            () if begins_behind(".rodata") => LatePart::BehindRodata,
            () => LatePart::Init,
        }
    }

    fn freed_late(&self, out: &mut dyn Write, initrd: &str, init: &str, unit: &str) -> Result {
        let image_end = self.profile.image.end;
        // The initrd goes first; it lies above the image.
        let late = || self.plan.freed_late();
        for range in late().filter(|range| range.start.raw() >= image_end) {
            writeln!(out, "{initrd}{}{unit}", range.bytes() >> 10)?;
        }
        for range in late().filter(|range| range.start.raw() < image_end) {
            writeln!(out, "{init}{}{unit}", range.bytes() >> 10)?;
        }
        Ok(())
    }

    fn free(&self) -> u64 {
        self.plan.zones().iter().map(|zone| zone.initial_free).sum()
    }
    /// Free high memory; what ZONE_MOVABLE took of it counts.
    fn free_high(&self) -> u64 {
        self.plan.zones().iter().filter(|zone| self.plan.is_high(zone.kind)).map(|zone| zone.initial_free).sum()
    }
}
