//! The formulas once more, naively: frame by frame, with nothing of the engine but its profile's constants.
//!
//! It is what `golden/README.md` and the kernels' sources say, written down a second time in the plainest form, so that a
//! mistake of the engine's arithmetic on ranges shows.

use kmem::boot::cmdline::{memparse, CommandLine};
use kmem::boot::layout::LayoutRule;
use kmem::boot::{BootParams, Held};
use kmem::profile::{Profile, TuningRule, ZoneKind, ZoneLimit, MAX_ZONES};
use kmem::units::PhysRange;

/// What the formulas give for a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Zone {
    pub present: u64,
    pub managed: u64,
    pub min: u64,
    pub low: u64,
    pub high: u64,
    pub reserve: [u64; MAX_ZONES],
    pub batch: u64,
    pub list_high: u64,
    pub stat_threshold: u64,
    pub pageblocks: u64,
}

/// What they give for a machine: zones node by node.
pub struct Machine {
    pub min_free_kbytes: u64,
    pub zones: Vec<Zone>,
}

/// A frame: its node, and what became of it.
#[derive(Clone, Copy)]
struct Frame {
    node: usize,
    held: bool,
    early: bool,
    late: bool,
    zone: usize,
}

fn size(line: CommandLine<'_>, name: &str) -> Option<u64> {
    line.last(name)?.value.and_then(memparse).map(|(bytes, _)| bytes)
}

/// Where low memory and RAM end, in frames.
fn ends(profile: &Profile, line: CommandLine<'_>, top: u64) -> (u64, u64) {
    let asked = size(line, "vmalloc");
    match &profile.layout {
        LayoutRule::X86(rule) => {
            let most = (rule.vmalloc_end - 0xc000_0000 - (8 << 20) - asked.unwrap_or(120 << 20)) / 4096;
            match size(line, "highmem").map(|bytes| bytes / 4096) {
                Some(high) if top > most => (most, top.min(most + high)),
                Some(high) if high < top && top - high >= 16_384 => (top - high, top),
                _ => (most.min(top), top),
            }
        }
        LayoutRule::Arm(rule) => {
            let area = asked.unwrap_or(240 << 20).clamp(16 << 20, 976 << 20);
            let most = rule.vmalloc_end - area - (8 << 20) - 0xc000_0000 + 0x4000_0000;
            ((most / 4096).min(top), top)
        }
        _ => (top, top),
    }
}

/// Computes it all. Only what the captures' kernels and command lines have is known here.
pub fn boot(profile: &Profile, params: &BootParams<'_>) -> Machine {
    let line = CommandLine::new(params.cmdline);
    let Held::Given { reserved, freed_early, freed_late, cma } = params.held else { panic!("given") };
    let memory = params.ranges.unwrap();
    let limit = size(line, "mem").unwrap_or(u64::MAX);
    let top = memory.iter().map(|range| range.end.raw().min(limit) / 4096).max().unwrap();
    let (low_end, ram_end) = ends(profile, line, top);
    let nodes = params.nodes.map_or(1, |rows| rows.iter().map(|row| row.node as usize + 1).max().unwrap());

    // Frames of RAM, each on its own.
    let mut frames: Vec<Option<Frame>> = vec![None; ram_end as usize];
    let whole = |range: &PhysRange| range.start.raw().div_ceil(4096)..range.end.raw() / 4096;
    let touched = |range: &PhysRange| range.start.raw() / 4096..range.end.raw().div_ceil(4096);
    let node_of = |addr: u64| {
        let inside = |range: PhysRange| range.start.raw() <= addr && addr < range.end.raw();
        params.nodes.map_or(0, |rows| rows.iter().find(|row| inside(row.range)).unwrap().node as usize)
    };
    for frame in memory.iter().flat_map(whole).filter(|frame| *frame < ram_end) {
        let node = node_of(frame * 4096);
        frames[frame as usize] = Some(Frame { node, held: false, early: false, late: false, zone: 0 });
    }
    let mut mark = |ranges: &[PhysRange], all: bool, set: fn(&mut Frame)| {
        for range in ranges {
            for frame in if all { touched(range) } else { whole(range) } {
                if let Some(Some(frame)) = frames.get_mut(frame as usize) {
                    set(frame);
                }
            }
        }
    };
    mark(reserved, true, |frame| frame.held = true);
    mark(freed_early, false, |frame| frame.early = true);
    mark(cma, false, |frame| frame.early = true);
    mark(freed_late, false, |frame| frame.late = true);

    // Zones.
    let end_of = |limit: ZoneLimit| match limit {
        ZoneLimit::At(addr) => addr / 4096,
        ZoneLimit::LowEnd => low_end,
        ZoneLimit::RamEnd => ram_end,
        ZoneLimit::Empty => 0,
    };
    let movable_zone = profile.zones.iter().position(|zone| zone.kind == ZoneKind::Movable);
    for (at, frame) in frames.iter_mut().enumerate() {
        if let Some(frame) = frame {
            frame.zone = profile.zones.iter().position(|zone| (at as u64) < end_of(zone.limit)).unwrap();
        }
    }
    // `movablecore=` on one node: counted from the bottom, the kernel's part comes first.
    if let Some(bytes) = size(line, "movablecore") {
        assert_eq!(nodes, 1);
        let block = 1u64 << profile.top_order.index();
        let total = frames.iter().flatten().count() as u64;
        let kernel = total - (bytes / 4096).div_ceil(block) * block;
        let last = frames.iter().enumerate().filter(|(_, frame)| frame.is_some()).nth(kernel as usize - 1).unwrap().0;
        let start = (last as u64 + 1).div_ceil(block) * block;
        frames.iter_mut().skip(start as usize).flatten().for_each(|frame| frame.zone = movable_zone.unwrap());
    }

    let count = profile.zones.len();
    let mut zones = vec![Zone::default(); nodes * count];
    let mut tuned = vec![0u64; nodes * count];
    let mut spans = vec![(u64::MAX, 0u64); nodes * count];
    for (at, frame) in frames.iter().enumerate().filter_map(|(at, frame)| frame.map(|frame| (at as u64, frame))) {
        let index = frame.node * count + frame.zone;
        zones[index].present += 1;
        tuned[index] += u64::from(!frame.held || frame.early);
        zones[index].managed += u64::from(!frame.held || frame.early || frame.late);
        spans[index] = (spans[index].0.min(at), at + 1);
    }

    // Pageblocks: from the zone's start in steps of a block, where a section has RAM.
    let block = 1u64 << profile.pageblock_order.index();
    for (zone, &(start, end)) in zones.iter_mut().zip(&spans).filter(|(zone, _)| zone.present > 0) {
        let described = |frame: u64| match profile.counting.section_bytes {
            None => true,
            Some(bytes) => {
                let section = bytes / 4096;
                let from = (frame / section * section) as usize;
                frames[from..frames.len().min(from + section as usize)].iter().any(Option::is_some)
            }
        };
        // A zone reaches to the next one's start even where its last frames are a hole.
        zone.pageblocks = (start..end).step_by(block as usize).filter(|frame| described(*frame)).count() as u64;
    }

    tune(profile, params, nodes, ram_end > low_end, &tuned, zones)
}

fn tune(
    profile: &Profile,
    params: &BootParams<'_>,
    nodes: usize,
    has_high: bool,
    tuned: &[u64],
    mut zones: Vec<Zone>,
) -> Machine {
    let count = profile.zones.len();
    let kind = |index: usize| profile.zones[index % count].kind;
    let recent = matches!(profile.tuning, TuningRule::Recent { .. });
    let is_high = |index: usize| match kind(index) {
        ZoneKind::HighMem => true,
        ZoneKind::Movable => has_high && profile.zones.iter().any(|zone| zone.kind == ZoneKind::HighMem),
        _ => false,
    };
    let apart = |index: usize| is_high(index) || (recent && kind(index) == ZoneKind::Movable);
    let all = 0..zones.len();
    let sharing: u64 = all.clone().filter(|&index| !apart(index)).map(|index| tuned[index]).sum();
    let marks = |kbytes: u64, index: usize| {
        let pages = tuned[index];
        let share = (kbytes / 4 * pages).checked_div(sharing).unwrap_or(0);
        let min = if apart(index) { (pages / 1024).clamp(32, 128) } else { share };
        let distance = (share / 4).max(pages * 10 / 10_000);
        (min, min + distance, min + 2 * distance)
    };

    let buffers: Vec<usize> = all.clone().filter(|&index| kind(index) <= ZoneKind::Normal).collect();
    let low_pages: u64 = buffers.iter().map(|&index| tuned[index]).sum();
    let mut kbytes = (((low_pages * 4 * 16) as f64).sqrt() as u64).clamp(128, 262_144);
    let thp = matches!(profile.tuning, TuningRule::Modern { thp: true } | TuningRule::Recent { thp: true });
    if thp && tuned.iter().sum::<u64>() >= 131_072 {
        let populated = buffers.iter().filter(|&&index| tuned[index] > 0);
        let wanted = 11 * (1 << profile.pageblock_order.index()) * populated.clone().count() as u64;
        let above: u64 = populated.map(|&index| tuned[index] - marks(kbytes, index).2).sum();
        kbytes = kbytes.max(wanted.min(above / 20) * 4);
    }

    let fls = |n: u64| u64::from(64 - n.leading_zeros());
    let node_cpus = |node: usize| {
        let given = params.cpu_nodes.map(|nodes| nodes.iter().filter(|&&it| it as usize == node).count() as u64);
        given.unwrap_or(u64::from(params.cpus) / nodes as u64)
    };
    for index in all {
        let (pages, node) = (tuned[index], index / count);
        let mut batch = if recent { (pages / 4096).min(64) } else { (pages / 1024).min(256) / 4 };
        batch = match batch {
            0 | 1 => 1,
            _ => (1 << (fls(batch + batch / 2) - 1)) - 1,
        };
        let zone = &mut zones[index];
        (zone.min, zone.low, zone.high) = marks(kbytes, index);
        zone.batch = batch;
        zone.list_high = (zone.low / node_cpus(node)).max(4 * batch);
        if pages > 0 {
            zone.stat_threshold = (2 * fls(u64::from(params.cpus)) * (1 + fls(pages / 32_768))).min(125);
        }
        let ratio = u64::from(profile.zones[index % count].reserve_ratio);
        for upper in index % count + 1..count {
            let above: u64 = (index + 1..=node * count + upper).map(|index| tuned[index]).sum();
            zone.reserve[upper] = if pages > 0 { above.checked_div(ratio).unwrap_or(0) } else { 0 };
        }
    }
    Machine { min_free_kbytes: kbytes, zones }
}
