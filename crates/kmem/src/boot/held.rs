//! What the kernel image and early boot hold, by the profile's own estimate.
//!
//! The image lies where it was loaded. Everything else is allocated from what is left, in the order in which the kernel
//! does it, downwards from the end of low memory or upwards, by kernel. Most sizes follow from RAM: the array of page
//! structures from the frames it describes, the hash tables from low memory.
//!
//! Sources: the replayed `memblock=debug` logs of the captures; `mm/page_alloc.c` (`alloc_large_system_hash`).

use super::cmdline::{memparse, CommandLine};
use super::{BootError, Plan};
use crate::profile::{CmaRule, EarlyKind, HashTable, InitrdPlace, Placement, Profile};
use crate::units::{align_up, PhysRange, PAGE_SHIFT, PAGE_SIZE};

/// One of boot's hash tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlanHash {
    /// Which one.
    pub table: HashTable,
    /// Its entries.
    pub entries: u64,
}

/// Devices with 32 address lines reach so far.
const DMA_END: u64 = 4 << 30;

impl PlanHash {
    /// Returns its bytes.
    pub const fn bytes(&self) -> u64 {
        self.entries * self.table.bucket
    }
}

impl Plan {
    /// Sizes boot's hash tables.
    pub(super) fn size_hashes(&mut self, profile: &Profile) {
        let all_pages: u64 = self.zones().iter().map(|zone| zone.present).sum();
        let tables = profile.image.early.iter().filter_map(|early| match early.what {
            EarlyKind::Hash(table) => Some(table),
            _ => None,
        });
        for (slot, table) in self.hashes.iter_mut().zip(tables) {
            *slot = Some(PlanHash { table, entries: hash_entries(profile, table, self.kernel_pages, all_pages) });
        }
    }

    /// Reserves what the profile says that the image and early boot hold.
    pub(super) fn hold_estimate(&mut self, profile: &Profile, cmdline: CommandLine<'_>) -> Result<(), BootError> {
        let image = &profile.image;
        let low = self.layout.low;
        for &(start, end) in image.reserved {
            self.memblock.reserve(PhysRange::new(start, end))?;
        }
        let is_ram = |start: u64, end: u64| {
            self.memblock.memory().as_slice().iter().any(|ram| ram.start.raw() <= start && end <= ram.end.raw())
        };
        if image.end > low.end.raw() || !is_ram(image.start, image.end) {
            return Err(BootError::ImageOutside { image_end: image.end, low_end: low.end.raw() });
        }
        self.memblock.reserve(PhysRange::new(image.start, image.end))?;
        for early in image.early {
            match (early.what, image.initrd_at) {
                (EarlyKind::Initrd, InitrdPlace::After { at, tree_align, tree_bytes }) if image.initrd_bytes > 0 => {
                    self.hold_initrd(profile, at, tree_align, tree_bytes)?;
                    continue;
                }
                (EarlyKind::Cma, _) => {
                    if let Some(rule) = image.cma {
                        self.hold_cma(profile, rule, cmdline)?;
                    }
                    continue;
                }
                _ => (),
            }
            let (what, mut bytes) = self.early_bytes(profile, early.what);
            if early.what == EarlyKind::MemMap && has_page_ext(cmdline) {
                // What is remembered of each page besides lies behind its structure.
                bytes = align_up(bytes + bytes / 2, PAGE_SIZE);
            }
            if bytes == 0 {
                continue;
            }
            let place = self.place(image.placement, early.what, bytes, early.align).ok_or(BootError::NoRoom {
                what,
                bytes,
                low: low.bytes(),
            })?;
            self.memblock.reserve(place)?;
            match early.what {
                EarlyKind::MemMap => self.mem_map = Some(place),
                EarlyKind::Initrd => {
                    self.initrd = Some(place);
                    self.freed_late.add(place)?;
                }
                _ => (),
            }
        }
        if let Some((start, end)) = image.freed_early {
            self.freed_early.add(PhysRange::new(start, end))?;
        }
        for &(start, end) in image.freed_late {
            self.freed_late.add(PhysRange::new(start, end))?;
        }
        Ok(())
    }

    /// Reserves the initrd and the device tree where the boot loader put them.
    ///
    /// # Source
    /// QEMU's `hw/arm/boot.c`. Golden: the boot logs of the ARM captures.
    fn hold_initrd(&mut self, profile: &Profile, at: u64, tree_align: u64, tree_bytes: u64) -> Result<(), BootError> {
        let ram = self.memblock.memory().as_slice().first().copied().unwrap_or_default();
        let start = align_up(ram.start.raw() + at.min(ram.bytes() / 2), PAGE_SIZE).max(profile.image.end);
        let initrd = PhysRange::new(start, align_up(start + profile.image.initrd_bytes, PAGE_SIZE));
        let tree = align_up(initrd.end.raw(), tree_align);
        let (end, low_end) = (tree + tree_bytes, self.layout.low.end.raw());
        if end > low_end {
            return Err(BootError::InitrdOutside { end, low_end });
        }
        self.memblock.reserve(initrd)?;
        self.memblock.reserve(PhysRange::new(tree, end))?;
        self.initrd = Some(initrd);
        self.freed_late.add(initrd)?;
        Ok(())
    }

    /// Reserves the area for contiguous blocks: as high as it goes below 4 GiB, in high memory where there is some. With wide
    /// addresses and that much RAM beyond 4 GiB, the kernel then looks there, where its own limit lets it find nothing, and
    /// forgets what it has: that stays held for nothing, and the area lies in low memory.
    ///
    /// # Source
    /// `kernel/dma/contiguous.c` (`dma_contiguous_reserve`), `mm/cma.c` (`cma_declare_contiguous_nid`).
    fn hold_cma(&mut self, profile: &Profile, rule: CmaRule, cmdline: CommandLine<'_>) -> Result<(), BootError> {
        // `cma=SIZE@START` says where; then the size decides here too, and the place is free to choose.
        let asked = cmdline.last("cma").and_then(|param| param.value).and_then(memparse).map(|(bytes, _)| bytes);
        let bytes = align_up(asked.unwrap_or(rule.bytes), rule.align);
        if bytes == 0 {
            return Ok(());
        }
        let (low, end) = (self.layout.low, self.layout.ram_end.raw());
        let limit = end.min(DMA_END);
        let high = PhysRange::new(low.end.raw(), limit);
        let low = PhysRange::new(low.start.raw(), low.end.raw().min(limit));
        let mut place = self.memblock.find_top_down(bytes, rule.align, high);
        if profile.phys_addr_bytes == 8 && end >= DMA_END + bytes {
            if let Some(lost) = place.take() {
                self.memblock.reserve(lost)?;
            }
        }
        // Without room, the kernel says so and goes on.
        if let Some(place) = place.or_else(|| self.memblock.find_top_down(bytes, rule.align, low)) {
            self.memblock.reserve(place)?;
            self.cma.add(place)?;
        }
        Ok(())
    }

    fn early_bytes(&self, profile: &Profile, what: EarlyKind) -> (&'static str, u64) {
        match what {
            EarlyKind::Initrd => ("the initrd", align_up(profile.image.initrd_bytes, PAGE_SIZE)),
            EarlyKind::MemMap => ("the page structures", self.mem_map_bytes),
            EarlyKind::Cma => ("the area for contiguous blocks", 0),
            EarlyKind::Bounce(bounce) => {
                let is_there = self.layout.ram_end.raw() > bounce.beyond;
                ("the bounce buffer", if is_there { bounce.all_bytes() } else { 0 })
            }
            EarlyKind::PerRam(share) => ("page tables", align_up(self.memblock.memory().bytes() / share, PAGE_SIZE)),
            EarlyKind::PerCpu(bytes) => ("per-CPU areas", bytes * u64::from(self.cpus)),
            EarlyKind::Hash(table) => {
                let found = self.hashes().find(|hash| hash.table == table);
                (table.name, found.map_or(0, |hash| hash.bytes()))
            }
            EarlyKind::Other(bytes) => ("early allocations", bytes),
        }
    }

    fn place(&self, placement: Placement, what: EarlyKind, bytes: u64, align: u64) -> Option<PhysRange> {
        let low = match what {
            EarlyKind::Bounce(_) => PhysRange::new(self.layout.low.start.raw(), self.layout.low.end.raw().min(DMA_END)),
            _ => self.layout.low,
        };
        let block = &self.memblock;
        match placement {
            // The boot loader puts the initrd high, whatever the kernel does later.
            Placement::BottomUp(goal) if what != EarlyKind::Initrd => block
                .find_bottom_up(bytes, align, PhysRange::new(goal, low.end.raw()))
                .or_else(|| block.find_bottom_up(bytes, align, low)),
            _ => block.find_top_down(bytes, align, low),
        }
    }
}

/// True when each page has more than its structure: `page_ext`.
fn has_page_ext(cmdline: CommandLine<'_>) -> bool {
    ["page_owner", "page_poison"].iter().any(|name| cmdline.last(name).is_some())
}

/// Returns the entries of a hash table.
///
/// # Source
/// `mm/page_alloc.c`, `alloc_large_system_hash`. Golden: the hash lines of all captures.
fn hash_entries(profile: &Profile, table: HashTable, kernel_pages: u64, all_pages: u64) -> u64 {
    const MIB_PAGES: u64 = 256;
    let strictly_above = profile.image.hashes.strictly_above;
    let mut scale = table.scale;
    let mut entries = align_up(kernel_pages, MIB_PAGES);
    if profile.word_bytes == 8 {
        let mut adapted = (64 << 30) / PAGE_SIZE;
        while adapted < entries {
            (scale, adapted) = (scale + 1, adapted << 2);
        }
    }
    entries = if scale > PAGE_SHIFT { entries >> (scale - PAGE_SHIFT) } else { entries << (PAGE_SHIFT - scale) };
    if strictly_above {
        entries = (entries + 1).next_power_of_two();
    } else {
        entries = entries.max(PAGE_SIZE / table.bucket).next_power_of_two();
    }
    let most = (all_pages << PAGE_SHIFT >> 4) / table.bucket;
    if entries > most && most > 0 {
        entries = 1 << most.ilog2();
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{i386_pae_6_1, linux_2_6_i386};

    #[test]
    fn hash_tables_round_as_the_kernels_do() {
        let entries = |profile, pages| hash_entries(profile, HashTable::DENTRY, pages, 1 << 20);
        // One page more than a power of two counts as a MiB more.
        assert_eq!(entries(&i386_pae_6_1::PROFILE, 65_536), 32_768);
        assert_eq!(entries(&i386_pae_6_1::PROFILE, 65_537), 65_536);
        // 2.6 takes the next larger power even of a power.
        assert_eq!(entries(&linux_2_6_i386::PROFILE, 65_536), 65_536);
        assert_eq!(entries(&i386_pae_6_1::PROFILE, 1), 1024);
    }
}
