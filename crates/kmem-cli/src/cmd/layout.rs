//! `kmem layout`.

use crate::failure::{Failure, Verdict};
use crate::machine_options::{Chosen, MachineOptions};
use crate::picture::PictureOptions;
use crate::region::{regions, Region};
use kmem::boot::{Plan, PlanZone};
use kmem::Profile;
use kmem_picture::make::zones::zone_name;
use kmem_picture::make::{physical, space};
use kmem_picture::view::Figure;
use kmem_picture::Picture;
use kmem_shell::{rounded_size, show_size};
use serde_json::{json, Value};
use std::io::{self, Write};
use std::path::PathBuf;

/// Show the address space of a machine as a table, or draw it: what lies where, how large it is, what it is for
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kmem layout --machine linux-2.6-i386 --ram 160M
  kmem layout --machine msm8x25 --cmdline vmalloc=400M --svg layout.svg")]
pub struct Layout {
    /// One JSON document (schema kmem.layout/1)
    #[arg(long)]
    json: bool,
    /// Draw it to scale: one SVG image, for a document; - for standard output
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Draw it to scale: one HTML page that needs no network, with zoom and search; - for standard output
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineOptions,
}

impl Layout {
    /// Prints the table, draws the pictures.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let pictures = PictureOptions { report: self.html.clone(), svg: self.svg.clone() };
        pictures.check()?;
        let chosen = self.machine.choose(&mut io::stderr())?;
        let plan = chosen.plan()?;
        let regions = regions(chosen.profile, &plan);
        if pictures.is_asked() {
            pictures.write(out, &picture(&chosen, &plan, &regions))?;
        }
        if self.json && !pictures.to_standard_output() {
            super::print_json(out, &document(&chosen, &plan, &regions))?;
            return Ok(Verdict::Well);
        }
        let mut warnings = String::new();
        // Writing to a string cannot fail.
        let _ = kmem::snapshot::proc::boot_log::write_warnings(&mut warnings, chosen.profile, &plan);
        for warning in warnings.lines() {
            crate::report::kernel_line(warning);
        }
        if !pictures.to_standard_output() {
            print(out, &chosen, &plan, &regions)?;
        }
        Ok(Verdict::Well)
    }
}

fn print(out: &mut dyn Write, chosen: &Chosen, plan: &Plan, regions: &[Region]) -> Result<(), Failure> {
    let cmdline = if chosen.cmdline.is_empty() { String::new() } else { format!(", {}", chosen.cmdline) };
    writeln!(out, "{}: {} of RAM{cmdline}", chosen.profile.name, show_size(chosen.ram_bytes))?;
    writeln!(out, "\nVirtual addresses")?;
    let digits = if chosen.profile.word_bytes == 4 { 10 } else { 18 };
    let past = digits + 1;
    writeln!(out, "  {:<digits$}  {:<past$}  {:>7}  {:<9} for", "start", "end", "size", "name")?;
    for region in regions {
        let indent = if region.inside { "  " } else { "" };
        writeln!(
            out,
            "  {:#0digits$x}  {:<past$}  {:>7}  {indent}{:<width$} {}",
            region.start,
            format!("{:#0digits$x}", region.end),
            rounded_size(region.bytes()),
            region.name,
            region.about,
            width = 9 - indent.len()
        )?;
    }
    writeln!(out, "\nPhysical addresses")?;
    writeln!(out, "  {:<10}  {:<11}  {:>7}  {:<9} {:>8}  {:>8}", "start", "end", "size", "zone", "pages", "managed")?;
    for zone in plan.zones().iter().filter(|zone| zone.spanned > 0) {
        let range = zone.range();
        let name = if plan.nodes() > 1 { format!("{} {}", zone.node, zone.name) } else { zone.name.to_owned() };
        writeln!(
            out,
            "  {:#010x}  {:<11}  {:>7}  {:<9} {:>8}  {:>8}",
            range.start.raw(),
            format!("{:#010x}", range.end.raw()),
            rounded_size(range.bytes()),
            name,
            zone.ram,
            zone.managed
        )?;
    }
    Ok(())
}

/// The address space and the zones to scale.
fn picture(chosen: &Chosen, plan: &Plan, regions: &[Region]) -> Picture {
    let profile = chosen.profile;
    let mut figures = space_figures(profile, regions);
    let zones: Vec<physical::Zone> = plan.zones().iter().filter(|zone| zone.spanned > 0).map(physical_zone).collect();
    figures.extend(physical::figure(&zones, Vec::new()));
    let cmdline = if chosen.cmdline.is_empty() { String::new() } else { format!(", {}", chosen.cmdline) };
    Picture {
        title: format!("The address space of {} with {}", profile.name, show_size(chosen.ram_bytes)),
        about: vec![format!("Linux {}{cmdline}", profile.release)],
        findings: super::boot::warnings(chosen, plan).into_iter().map(|warning| vec![warning]).collect(),
        figures,
    }
}

/// The address space to scale.
pub fn space_figures(profile: &Profile, regions: &[Region]) -> Vec<Figure> {
    let drawn = |region: &Region| {
        let Region { name, start, end, about, .. } = region;
        space::Region { name: (*name).to_owned(), start: *start, end: *end, about: about.clone() }
    };
    let regions: Vec<space::Region> = regions.iter().map(drawn).collect();
    let top = if profile.word_bytes == 4 { 1 << 32 } else { u64::MAX };
    space::figures(&regions, top)
}

fn physical_zone(zone: &PlanZone) -> physical::Zone {
    let range = zone.range();
    let about = format!("{} pages of RAM, {} of them managed", zone.ram, zone.managed);
    physical::Zone { name: zone_name(zone.node, zone.name), start: range.start.raw(), end: range.end.raw(), about }
}

fn document(chosen: &Chosen, plan: &Plan, regions: &[Region]) -> Value {
    let region = |region: &Region| {
        json!({
            "name": region.name,
            "start": format!("{:#x}", region.start),
            "end": format!("{:#x}", region.end),
            "bytes": region.bytes(),
            "for": region.about,
            "inside": region.inside.then_some("lowmem"),
        })
    };
    json!({
        "schema": "kmem.layout/1",
        "machine": chosen.profile.name,
        "ram": chosen.ram_bytes,
        "cmdline": chosen.cmdline,
        "regions": regions.iter().map(region).collect::<Vec<_>>(),
        "zones": super::boot::zones(plan),
        "warnings": super::boot::warnings(chosen, plan),
    })
}
