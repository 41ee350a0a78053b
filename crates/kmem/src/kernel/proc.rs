//! What a kernel shows of itself: the files under `/proc`, and the engine's state as the rows of those that are lists.

use super::{zones, Kernel, SysctlError};
use crate::error::Name;
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::map::VmFlags;
use crate::memory::Memory;
use crate::page::Request;
use crate::profile::{SlabKind, SlabRule};
use crate::slab::CacheInfo;
use crate::snapshot::proc::{buddyinfo, iomem, meminfo, pagetypeinfo, slabinfo, vmallocinfo, vmstat, zoneinfo};
use crate::snapshot::slab_files::SLAB_FILES;
use crate::snapshot::{extfrag, BuddyRow, IoMemRow, PageTypeRow, SlabRow, VmAreaFlags, VmAreaRow, ZoneInfo};
use crate::units::{Order, PAGE_SIZE};
use core::fmt::{self, Write};

/// The files that kernels show, without `/proc/`; those of debugfs begin with `sys/kernel/debug/` and lie under `/`.
/// `/proc/sys/vm/KEY` is there besides: [`Kernel::sysctl_keys`].
pub const PROC_FILES: &[&str] = &[
    "meminfo",
    "zoneinfo",
    "buddyinfo",
    "pagetypeinfo",
    "vmstat",
    "slabinfo",
    "vmallocinfo",
    "iomem",
    "sys/kernel/debug/extfrag/extfrag_index",
    "sys/kernel/debug/extfrag/unusable_index",
];
/// Where debugfs is mounted, without the first `/`.
const DEBUGFS: &str = "sys/kernel/debug/";
/// Where the folders of slab caches lie, without the first `/`.
const SLAB_FOLDER: &str = "sys/kernel/slab/";
/// Since then there are `extfrag_index` and `unusable_index`.
const EXTFRAG_SINCE: (u32, u32, u32) = (2, 6, 35);

/// Returns the folder and the name of one of [`PROC_FILES`]: together they are its path.
pub fn proc_path(name: &str) -> (&'static str, &str) {
    (if name.starts_with(DEBUGFS) { "/" } else { "/proc/" }, name)
}

/// Returns a file's name without the folders that go without saying.
fn plain(path: &str) -> &str {
    let path = path.strip_prefix("/proc/").or_else(|| path.strip_prefix('/')).unwrap_or(path);
    match path.strip_prefix("kernel/debug/") {
        Some(name) => name,
        None => path.strip_prefix(DEBUGFS).unwrap_or(path),
    }
}

impl<M: Machine> Kernel<M> {
    /// See [`PROC_FILES`].
    pub const PROC_FILES: &'static [&'static str] = PROC_FILES;

    /// Returns the files of [`PROC_FILES`] that this kernel has.
    pub fn proc_files(&self) -> impl Iterator<Item = &'static str> + '_ {
        PROC_FILES.iter().copied().filter(|name| self.has_proc(plain(name)))
    }
    /// True for the path of a file of a slab cache, `/sys/kernel/slab/CACHE/FILE`, whether or not the cache is there.
    pub fn is_slab_file(path: &str) -> bool {
        let file = path.trim_start_matches('/').strip_prefix(SLAB_FOLDER).and_then(|rest| rest.split_once('/'));
        file.is_some_and(|(_, file)| SLAB_FILES.contains(&file))
    }
    /// Returns the file of [`PROC_FILES`] that a path names, with or without `/proc/` or `/sys/kernel/debug/`.
    pub fn proc_file(path: &str) -> Option<&'static str> {
        PROC_FILES.iter().copied().find(|name| plain(name) == plain(path))
    }
    fn has_proc(&self, name: &str) -> bool {
        match name {
            "pagetypeinfo" => self.profile.proc.pagetypes.is_some(),
            // SLOB has nothing to say of caches.
            "slabinfo" => self.profile.slab.kind() != SlabKind::Slob,
            "extfrag/extfrag_index" | "extfrag/unusable_index" => {
                self.profile.version >= EXTFRAG_SINCE && self.profile.paging.is_some()
            }
            _ => true,
        }
    }

    /// Writes the state of all memory as this kernel's reports contain it, `Mem-Info` and what follows, for a request with
    /// these flags: `show_mem`. For who prints a report of a failure itself, because it knows who asked and the call trace
    /// ([`Gfp::NOWARN`] keeps the engine from it).
    pub fn show_mem(&self, gfp: Gfp, out: &mut dyn Write) -> fmt::Result {
        super::report::state(out, self.memory(), &Request::new(gfp, Order::ZERO))
    }
    /// Writes a file as this kernel would. `path` is one of [`PROC_FILES`], with or without the folders, or
    /// `/proc/sys/vm/KEY`, or `/sys/kernel/slab/CACHE/FILE` with one of [`SLAB_FILES`]. `None` when this kernel has no such file.
    pub fn write_proc(&self, path: &str, out: &mut dyn Write) -> Option<fmt::Result> {
        let format = self.memory.profile.proc;
        let name = plain(path);
        if let Some(key) = name.strip_prefix("sys/vm/") {
            return self.write_sysctl_file(key, out);
        }
        if let Some(path) = name.strip_prefix(SLAB_FOLDER) {
            let _irq = self.memory.irq_off();
            return super::slab_files::write(&self.memory, path, out);
        }
        if !self.has_proc(name) {
            return None;
        }
        let _irq = self.memory.irq_off();
        Some(match name {
            "meminfo" => meminfo::write(out, format, &self.mem_info()),
            "buddyinfo" => buddyinfo::write(out, self.buddy_rows()),
            "zoneinfo" => {
                // Only kernels of 4.x and later show zones without pages.
                let shows_empty = self.profile.version >= (4, 8, 0);
                let mut zones = self.zone_infos().filter(|zone| shows_empty || zone.present != 0);
                zones.try_for_each(|zone| zoneinfo::write(out, format, [&zone]))
            }
            "pagetypeinfo" => {
                pagetypeinfo::write(out, format.pagetypes?, self.profile.pageblock_order, self.page_type_rows())
            }
            "vmstat" => vmstat::write(out, format, &self.vm_stat()),
            "slabinfo" => slabinfo::write(out, format.slabinfo, self.slab_rows()),
            "vmallocinfo" => vmallocinfo::write(out, format, self.vm_area_rows()),
            "iomem" => iomem::write(out, self.iomem_rows()),
            "extfrag/extfrag_index" => extfrag::write_extfrag_index(out, self.buddy_rows()),
            "extfrag/unusable_index" => extfrag::write_unusable_index(out, self.buddy_rows()),
            _ => return None,
        })
    }
    fn write_sysctl_file(&self, key: &str, out: &mut dyn Write) -> Option<fmt::Result> {
        match self.sysctl(key, out) {
            Ok(()) => Some(writeln!(out)),
            Err(SysctlError::Output) => Some(Err(fmt::Error)),
            Err(_) => None,
        }
    }

    /// Returns the rows of `/proc/buddyinfo`: populated zones, lowest first.
    pub fn buddy_rows(&self) -> impl Iterator<Item = BuddyRow> + '_ {
        let orders = self.profile.top_order.index() + 1;
        self.pages.zone_counts().filter(|zone| zone.extent.present != 0).map(move |zone| BuddyRow {
            node: zone.extent.node,
            zone: Name::new(zone.extent.name),
            free: zone.blocks,
            orders,
        })
    }

    /// Returns the rows of `/proc/pagetypeinfo`: populated zones, node by node.
    pub fn page_type_rows(&self) -> impl Iterator<Item = PageTypeRow> + Clone + '_ {
        zones::all(self.memory()).filter(|zone| zone.extent.present != 0).map(|zone| {
            let mut row = zones::free_by_type(self.profile, &zone);
            row.blocks = self.pages.pageblocks(zone.slot, |pfn| self.plan.has_page_structure(self.profile, pfn));
            row
        })
    }

    /// Returns the zones of `/proc/zoneinfo`, empty ones included.
    pub fn zone_infos(&self) -> impl Iterator<Item = ZoneInfo> + '_ {
        zones::zone_infos(self.memory())
    }

    /// Returns the rows of `/proc/slabinfo`, the newest cache first as kernels do.
    pub fn slab_rows(&self) -> impl Iterator<Item = SlabRow> + '_ {
        slab_rows(self.memory(), |_| true)
    }

    /// Returns the rows of `/proc/vmallocinfo` by address.
    pub fn vm_area_rows(&self) -> impl Iterator<Item = VmAreaRow> + '_ {
        self.map.areas().map(|area| VmAreaRow {
            start: area.start.raw(),
            end: area.end().raw(),
            caller: area.caller,
            pages: area.nr_pages.into(),
            // Of an area that waits for readers it is none.
            phys: if area.flags.contains(VmFlags::READ) { 0 } else { area.phys.raw() },
            flags: VmAreaFlags {
                ioremap: area.flags.contains(VmFlags::IOREMAP),
                vmalloc: area.flags.contains(VmFlags::ALLOC),
                vmap: area.flags.contains(VmFlags::MAP),
                user: area.flags.contains(VmFlags::USERMAP),
                vpages: area.flags.contains(VmFlags::VPAGES),
                ..VmAreaFlags::default()
            },
            node_pages: Default::default(),
        })
    }

    /// Returns the rows of `/proc/iomem`: RAM, and the kernel image in it.
    pub fn iomem_rows(&self) -> impl Iterator<Item = IoMemRow> + '_ {
        let profile = self.profile;
        let image = move |start: u64, end: u64| {
            profile.image.sections.iter().filter_map(move |section| {
                let direct = profile.page_offset.raw().wrapping_sub(profile.phys_offset.raw());
                let distance = profile.layout.image_distance().unwrap_or(direct);
                let phys = |addr: u64| addr.wrapping_sub(distance);
                let (first, last) = (phys(section.start), phys(section.end).wrapping_sub(1));
                let name = match section.name {
                    ".text" => "Kernel code",
                    ".rodata" => "Kernel rodata",
                    ".data" => "Kernel data",
                    ".bss" => "Kernel bss",
                    _ => return None,
                };
                (first >= start && first < end).then(|| IoMemRow {
                    depth: 1,
                    start: first,
                    last,
                    name: Name::new(name),
                })
            })
        };
        self.plan.memblock.memory().as_slice().iter().flat_map(move |range| {
            let (start, end) = (range.start.raw(), range.end.raw());
            let ram = IoMemRow { depth: 0, start, last: end - 1, name: Name::new("System RAM") };
            core::iter::once(ram).chain(image(start, end))
        })
    }
}

/// Returns the rows of the caches that `wanted` chooses, the newest first.
pub(super) fn slab_rows<'a, M: Machine>(
    mem: &'a Memory<M>,
    wanted: impl Fn(&CacheInfo) -> bool + 'a,
) -> impl Iterator<Item = SlabRow> + 'a {
    let mut before = u32::MAX;
    core::iter::from_fn(move || loop {
        let _irq = mem.irq_off();
        let next = mem.slab.infos().filter(|info| info.serial < before).max_by_key(|info| info.serial)?;
        before = next.serial;
        if wanted(&next) {
            return Some(slab_row(mem, &next));
        }
    })
}

fn slab_row<M: Machine>(mem: &Memory<M>, info: &CacheInfo) -> SlabRow {
    let mut row = SlabRow {
        name: info.name,
        active_objs: info.live + info.in_cpu_arrays,
        num_objs: info.objects,
        object_bytes: info.geometry.size.into(),
        objects_per_slab: info.geometry.objects.into(),
        pages_per_slab: info.geometry.order.pages(),
        active_slabs: info.slabs.into(),
        num_slabs: info.slabs.into(),
        ..SlabRow::default()
    };
    if let SlabRule::Slab { .. } = mem.profile.slab {
        row.limit = info.geometry.cpu_limit.into();
        row.batchcount = info.geometry.cpu_batch.into();
        // `enable_cpucache`: CPUs share a list of small objects only.
        let is_small = info.geometry.size <= PAGE_SIZE as u32;
        row.sharedfactor = if mem.pages.cpus() > 1 && is_small { 8 } else { 0 };
        row.active_slabs = u64::from(info.slabs) - u64::from(info.empty_slabs);
    }
    row
}
