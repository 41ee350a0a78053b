//! `kmem boot`.

use crate::failure::{Failure, Verdict};
use crate::machine_options::{Chosen, MachineOptions};
use crate::picture::PictureOptions;
use crate::region::regions;
use kmem::boot::Plan;
use kmem::kernel::{proc_path, PROC_FILES};
use kmem::snapshot::proc::boot_log;
use kmem::snapshot::MemField;
use kmem::Kernel;
use kmem_hosted::{Displacement, Hosted};
use kmem_inspect::explain::{explain, Question};
use kmem_inspect::parse::pagetypeinfo::PageTypeInfo;
use kmem_inspect::{Capture, Reader};
use kmem_picture::Picture;
use kmem_shell::show_size;
use serde_json::{json, Map, Value};
use std::io::{self, Write};

/// Boot a machine and show its boot log: memory map, zones, the Memory: line, the address layout
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kmem boot --machine msm8x25 --cmdline vmalloc=300M
  kmem boot --machine linux-2.6-i386 --ram 160M --show meminfo,vmallocinfo,buddyinfo")]
pub struct Boot {
    /// Print these files too: meminfo,zoneinfo,…, /proc/sys/vm/KEY, or `all`
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    show: Vec<String>,
    /// One JSON document (schema kmem.boot/1)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    picture: PictureOptions,
    #[command(flatten)]
    machine: MachineOptions,
}

impl Boot {
    /// Boots and prints.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        check(&self.show)?;
        self.picture.check()?;
        let chosen = self.machine.choose(&mut io::stderr())?;
        let kernel = chosen.boot(Displacement::Any, crate::report::kernel_line)?;
        let files = files(&self.show, &kernel)?;
        if self.picture.is_asked() {
            self.picture.write(out, &picture(&chosen, &kernel)?)?;
        }
        if self.picture.to_standard_output() {
            return Ok(Verdict::Well);
        }
        if self.json {
            super::print_json(out, &document(&chosen, &kernel, &files)?)?;
            return Ok(Verdict::Well);
        }
        out.write_all(log(&chosen, kernel.plan()).as_bytes())?;
        for name in files {
            let (folder, name) = proc_path(name);
            write!(out, "==> {folder}{name} <==\n{}", file(&kernel, name)?)?;
        }
        Ok(Verdict::Well)
    }
}

/// A tunable's file, as `--show` names it.
fn tunable(name: &str) -> Option<&str> {
    let name = name.strip_prefix("/proc/").unwrap_or(name);
    name.starts_with("sys/vm/").then_some(name)
}

/// The file that a word of `--show` names; `None` for `all`, and for what is no file.
fn named(name: &str) -> Option<&str> {
    match Kernel::<Hosted>::proc_file(name) {
        Some(file) => Some(file),
        None => tunable(name),
    }
}

/// Checks what `--show` asks for before a machine is made for it.
fn check(asked: &[String]) -> Result<(), Failure> {
    for name in asked {
        if name == "all" || named(name).is_some() {
            continue;
        }
        let near = kmem_shell::did_you_mean(name, PROC_FILES.iter().copied());
        let near = near.map_or(String::new(), |near| format!("did you mean {near}? "));
        let failure = Failure::request(format!("--show {name}: there is no such file"));
        return Err(failure.help(format!("{near}there are {}, sys/vm/KEY, or all", PROC_FILES.join(","))));
    }
    Ok(())
}

/// The files that `--show` asks for; `all` are those that this kernel has, and were not asked for by name.
fn files<'a>(asked: &'a [String], kernel: &Kernel<Hosted>) -> Result<Vec<&'a str>, Failure> {
    let mut files: Vec<&'a str> = Vec::new();
    for name in asked {
        match named(name) {
            None => {
                let is_new = |file: &&str| !asked.iter().any(|name| named(name).is_some_and(|name| name == *file));
                files.extend(kernel.proc_files().filter(is_new).map(|file| -> &'a str { file }));
            }
            Some(file) if kernel.write_proc(file, &mut String::new()).is_some() => files.push(file),
            Some(file) => {
                let release = kernel.memory().profile.release;
                return Err(Failure::request(format!("--show {file}: Linux {release} has no such file")));
            }
        }
    }
    Ok(files)
}

/// A file of the kernel's, byte for byte.
fn file(kernel: &Kernel<Hosted>, name: &str) -> Result<String, Failure> {
    let mut text = String::new();
    match kernel.write_proc(name, &mut text) {
        Some(Ok(())) => Ok(text),
        _ => Err(Failure::Host { what: format!("{name} could not be written"), help: None }),
    }
}

/// The machine as pictures: what its own files say of it, and a map of its pages, which no file has.
fn picture(chosen: &Chosen, kernel: &Kernel<Hosted>) -> Result<Picture, Failure> {
    let mut reader = Reader::new();
    reader.read_text("the boot log", &log(chosen, kernel.plan()));
    reader.read_text("meminfo", &file(kernel, "meminfo")?);
    let mut capture = Capture {
        zoneinfo: vec![kernel.zone_infos().collect()],
        buddyinfo: vec![kernel.buddy_rows().collect()],
        iomem: vec![kernel.iomem_rows().collect()],
        // What it was read of is known.
        sources: Vec::new(),
        ..reader.finish()
    };
    // What a kernel has no file for is not shown, nor a listing without rows.
    let has = |name| kernel.proc_files().any(|file| file == name);
    if kernel.vm_area_rows().next().is_some() {
        capture.vmallocinfo = vec![kernel.vm_area_rows().collect()];
    }
    if has("pagetypeinfo") {
        let block_order = Some(u64::from(chosen.profile.pageblock_order.raw()));
        capture.pagetypeinfo = vec![PageTypeInfo { block_order, ..kernel.page_type_rows().collect() }];
    }
    if has("slabinfo") {
        capture.slabinfo = vec![kernel.slab_rows().collect()];
    }
    let mut words = String::new();
    explain(&mut words, &mut capture, &Question::default())
        .map_err(|_| Failure::Host { what: "the machine cannot be put into words".to_owned(), help: None })?;
    let mut picture = kmem_picture::make::of_capture(&capture, &words);
    picture.title = format!("Memory of {} with {} after boot", chosen.profile.name, show_size(chosen.ram_bytes));
    let cmdline = if chosen.cmdline.is_empty() { String::new() } else { format!(", {}", chosen.cmdline) };
    picture.about =
        vec![format!("Booted by kmem {}: Linux {}{cmdline}", env!("CARGO_PKG_VERSION"), chosen.profile.release)];
    // The layout knows more of the address space than the log, and the machine of its pages than its files.
    picture.figures.retain(|figure| figure.id != "pageblocks" && !figure.id.starts_with("space-"));
    let spaces = super::layout::space_figures(chosen.profile, &regions(chosen.profile, kernel.plan()));
    picture.figures.splice(0..0, spaces);
    let slabs = picture.figures.iter().position(|figure| figure.id == "slabs").unwrap_or(picture.figures.len());
    picture.figures.splice(slabs..slabs, kmem_picture::make::engine::page_maps(kernel));
    Ok(picture)
}

/// The boot log.
fn log(chosen: &Chosen, plan: &Plan) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = boot_log::write(&mut text, chosen.profile, &chosen.params(), plan);
    text
}

/// What the kernel says about a layout that is not as asked for.
pub fn warnings(chosen: &Chosen, plan: &Plan) -> Vec<String> {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = boot_log::write_warnings(&mut text, chosen.profile, plan);
    text.lines().map(str::to_owned).collect()
}

/// The zones that have pages.
pub fn zones(plan: &Plan) -> Vec<Value> {
    let zones = plan.zones().iter().filter(|zone| zone.spanned > 0);
    zones
        .map(|zone| {
            json!({
                "name": zone.name,
                "node": zone.node,
                "start_pfn": zone.start.raw(),
                "spanned": zone.spanned,
                "present": zone.present,
                "managed": zone.managed,
            })
        })
        .collect()
}

fn document(chosen: &Chosen, kernel: &Kernel<Hosted>, files: &[&str]) -> Result<Value, Failure> {
    let plan = kernel.plan();
    let info = kernel.mem_info();
    let meminfo: Map<String, Value> = MemField::ALL
        .iter()
        .filter(|field| info[**field] != 0)
        .map(|field| (field.name().to_owned(), info[*field].into()))
        .collect();
    let regions: Vec<Value> = regions(chosen.profile, plan)
        .iter()
        .filter(|region| region.name != "-")
        .map(|region| {
            json!({
                "name": region.name,
                "start": format!("{:#x}", region.start),
                "end": format!("{:#x}", region.end),
                "bytes": region.bytes(),
            })
        })
        .collect();
    let counts = kernel.pages().zone_counts().filter(|zone| zone.extent.spanned > 0);
    let watermarks: Vec<Value> = counts
        .map(|zone| {
            json!({
                "zone": zone.extent.name, "free": zone.free, "min": zone.min, "low": zone.low, "high": zone.high,
            })
        })
        .collect();
    let mut texts = Map::new();
    for name in files {
        texts.insert((*name).to_owned(), file(kernel, name)?.into());
    }
    Ok(json!({
        "schema": "kmem.boot/1",
        "machine": chosen.profile.name,
        "release": chosen.profile.release,
        "cmdline": chosen.cmdline,
        "ram": chosen.ram_bytes,
        "cpus": chosen.cpus,
        "log": log(chosen, plan).lines().collect::<Vec<_>>(),
        "warnings": warnings(chosen, plan),
        "layout": regions,
        "zones": zones(plan),
        "watermarks": watermarks,
        "min_free_kbytes": kernel.tuning().min_free_kbytes,
        "meminfo_kb": meminfo,
        "files": texts,
    }))
}
