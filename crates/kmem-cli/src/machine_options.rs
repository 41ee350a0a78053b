//! The machine, chosen alike by every command that needs one.

use crate::failure::Failure;
use crate::like::Like;
use crate::tunables::{self, Kind, Setting};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use kmem::boot::cmdline::CommandLine;
use kmem::boot::{cut_nodes, equal_nodes, plan, BootParams, NodeRanges, Plan};
use kmem::page::tunables::sysctls_of;
use kmem::profile::{by_name, SlabKind, MAX_NODES, PROFILES};
use kmem::units::{align_down, PAGE_SIZE};
use kmem::{Kernel, Profile};
use kmem_hosted::{Displacement, Hosted};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The heading of these options in `--help`.
const HEADING: &str = "The machine";

/// The options.
#[derive(Args, Clone, Debug, Default)]
pub struct MachineOptions {
    /// The machine's name; `kmem machines` lists them [default: i386-pae-6.1, with --era 2.6 linux-2.6-i386]
    #[arg(long, help_heading = HEADING, value_name = "NAME", value_parser = names(), hide_possible_values = true)]
    pub machine: Option<String>,
    /// Memory: 160M, 2G, 0x10000000 [default: the machine's own]
    #[arg(long, help_heading = HEADING, value_name = "SIZE", value_parser = size)]
    pub ram: Option<u64>,
    /// Number of CPUs [default: the machine's own]
    #[arg(long, help_heading = HEADING, value_name = "N")]
    pub cpus: Option<u32>,
    /// NUMA nodes: 2 (of equal size), or 1G,3G [default: one]
    #[arg(long, help_heading = HEADING, value_name = "SPEC", value_parser = nodes)]
    pub nodes: Option<NodeSpec>,
    /// Kernel parameters, appended to the board's own: mem= vmalloc= highmem= …; the last one wins
    #[arg(long, help_heading = HEADING, value_name = "STRING", allow_hyphen_values = true)]
    pub cmdline: Vec<String>,
    /// Drop the board's own kernel parameters
    #[arg(long, help_heading = HEADING)]
    pub no_default_cmdline: bool,
    /// Take kernel, RAM, CPUs, kernel parameters and reservations from a capture of a real machine; --cpus wins over it
    #[arg(long, help_heading = HEADING, value_name = "DIR")]
    pub like: Option<PathBuf>,
    /// The slab allocator that the kernel is built with: slab, slob, slub, as far as its source has it [default: the
    /// machine's own]
    #[arg(long, help_heading = HEADING, value_name = "KIND", value_parser = slab_kind)]
    pub slab: Option<SlabKind>,
    /// Leave out the tunables that `kmem tune` keeps for the machine
    #[arg(long, help_heading = HEADING)]
    pub no_tune: bool,
    /// Which kernels' interfaces: 2.6 or modern; chooses the default machine
    #[arg(long, help_heading = HEADING, value_name = "ERA", hide_possible_values = true)]
    pub era: Option<Era>,
}

/// Generations of the kernel's interfaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Era {
    /// 2.6.8 to 2.6.18
    #[value(name = "2.6")]
    Old,
    /// 6.1 to 6.12
    #[value(name = "modern")]
    Modern,
}

/// How RAM is cut into nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NodeSpec {
    /// So many of equal size.
    Equal(u32),
    /// Of these sizes.
    Sizes(Vec<u64>),
}

/// A machine that was chosen and can be.
#[derive(Debug)]
pub struct Chosen {
    /// Its kernel.
    pub profile: &'static Profile,
    /// The command line, the board's own included.
    pub cmdline: String,
    /// Bytes of RAM.
    pub ram_bytes: u64,
    /// CPUs.
    pub cpus: u32,
    /// The nodes that RAM is cut into; `None`: one, or the capture's.
    nodes: Option<NodeRanges>,
    /// The capture that it was taken from.
    like: Option<Like>,
    /// What is written under `/proc/sys/vm` when boot ends.
    sysctls: Vec<Setting>,
}

/// Which of the tunables that are kept for a machine are in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// None.
    Nothing,
    /// Those that take effect at once.
    Immediate,
    /// Those that are held until boot, too.
    All,
}

impl MachineOptions {
    /// Looks the machine up. Kernel parameters that nobody knows are named on `notes`.
    ///
    /// # Errors
    /// [`Failure::Request`] for a machine that there is not, and for options that are not in this version.
    pub fn choose(&self, notes: &mut dyn Write) -> Result<Chosen, Failure> {
        self.choose_for(None, notes)
    }
    /// As [`MachineOptions::choose`]; `era` decides where the options do not: what a module's source uses.
    ///
    /// # Errors
    /// As [`MachineOptions::choose`].
    pub fn choose_for(&self, era: Option<Era>, notes: &mut dyn Write) -> Result<Chosen, Failure> {
        let kept = if self.no_tune { Kept::Nothing } else { Kept::All };
        let chosen = self.choose_with(kept, era, notes)?;
        let named: Vec<String> = chosen
            .2
            .iter()
            .map(|setting| match &setting.value {
                Some(value) => format!("{}={value}", setting.full_name()),
                None => setting.full_name(),
            })
            .collect();
        if !named.is_empty() {
            let (name, named) = (chosen.1, named.join(" "));
            writeln!(notes, "kmem: `kmem tune` keeps for {name}, in force: {named} (--no-tune leaves them out)")?;
        }
        Ok(chosen.0)
    }
    /// As [`MachineOptions::choose`], with so much of what is kept for the machine. Returns the name under which that is kept, and
    /// what of it is in force.
    ///
    /// # Errors
    /// As [`MachineOptions::choose`].
    pub fn choose_with(
        &self,
        kept: Kept,
        era: Option<Era>,
        notes: &mut dyn Write,
    ) -> Result<(Chosen, String, Vec<Setting>), Failure> {
        let like = self.read_like()?;
        let profile = match (&like, &self.machine, self.era.or(era)) {
            (Some(like), ..) => like.profile,
            (None, Some(name), _) => named(name)?,
            (None, None, Some(Era::Old)) => named(DEFAULT_2_6)?,
            (None, None, _) => PROFILES[0],
        };
        let profile = self.slab.map_or(Ok(profile), |kind| built_with(profile, kind))?;
        let mut cmdline = String::new();
        let boards = like.as_ref().map_or(profile.default_cmdline, |like| &like.cmdline);
        let boards = Some(boards).filter(|_| !self.no_default_cmdline);
        let name = like.as_ref().map_or(profile.name.to_owned(), |like| kept_name(profile, &like.folder));
        let (held, sysctls) = self.in_force(kept, profile, &name)?;
        let in_force = held.iter().chain(&sysctls).cloned().collect();
        let held: Vec<String> = held.iter().map(Setting::parameter).collect();
        let given = self.cmdline.iter().map(String::as_str);
        let parts = boards.into_iter().chain(held.iter().map(String::as_str)).chain(given);
        for part in parts.filter(|part| !part.is_empty()) {
            if !cmdline.is_empty() {
                cmdline.push(' ');
            }
            cmdline.push_str(part);
        }
        name_unknown(&cmdline, notes)?;
        let (default_ram, default_cpus) =
            like.as_ref().map_or((profile.default_ram, profile.default_cpus), |like| (like.ram_bytes, like.cpus));
        let sizes = match &self.nodes {
            Some(NodeSpec::Sizes(sizes)) => Some(sizes.iter().fold(0u64, |sum, &size| sum.saturating_add(size))),
            _ => None,
        };
        let ram_bytes = whole_pages(self.ram.or(sizes).unwrap_or(default_ram));
        let nodes = self.nodes.as_ref().map(|spec| spec.cut(profile, ram_bytes)).transpose()?;
        let cpus = self.cpus.unwrap_or(default_cpus);
        Ok((Chosen { profile, cmdline, ram_bytes, cpus, nodes, like, sysctls }, name, in_force))
    }

    /// What is kept for a machine and in force: parameters, and tunables that the command line does not write itself.
    fn in_force(
        &self,
        kept: Kept,
        profile: &'static Profile,
        name: &str,
    ) -> Result<(Vec<Setting>, Vec<Setting>), Failure> {
        if kept == Kept::Nothing {
            return Ok(Default::default());
        }
        let config = tunables::of_machine(profile, name)?;
        let given = self.cmdline.join(" ");
        let given = CommandLine::new(&given);
        let wins = |setting: &Setting| match setting.kind {
            Kind::Boot => given.last(&setting.name).is_some(),
            Kind::Sysctl => sysctls_of(profile, given).any(|(key, _)| key == setting.name),
        };
        let settings = config.settings().filter(|setting| !wins(setting)).cloned();
        let (held, sysctls): (Vec<Setting>, Vec<Setting>) = settings.partition(|setting| setting.kind == Kind::Boot);
        Ok((if kept == Kept::All { held } else { Vec::new() }, sysctls))
    }

    /// Reads the capture of `--like`, beside which nothing may say what it says.
    fn read_like(&self) -> Result<Option<Like>, Failure> {
        let Some(folder) = &self.like else { return Ok(None) };
        let others =
            [("--ram", self.ram.is_some()), ("--nodes", self.nodes.is_some()), ("--machine", self.machine.is_some())];
        if let Some((option, _)) = others.iter().find(|(_, given)| *given) {
            let failure = Failure::request(format!("{option} beside --like: the capture says it"));
            return Err(failure.help("leave one of the two out; --cmdline mem=… takes RAM away, --cpus may be changed"));
        }
        match Like::read(folder) {
            Ok(like) => Ok(Some(like)),
            Err(error) => Err(Failure::request(format!("--like: {error}"))),
        }
    }
}

impl NodeSpec {
    fn cut(&self, profile: &Profile, ram_bytes: u64) -> Result<NodeRanges, Failure> {
        let cut = match self {
            Self::Equal(count) => {
                let sizes = equal_nodes(ram_bytes, *count);
                // More than there can be is refused there, with the most that there can.
                let none = [0; MAX_NODES + 1];
                cut_nodes(profile, ram_bytes, sizes.get(..*count as usize).unwrap_or(&none))
            }
            Self::Sizes(sizes) => cut_nodes(profile, ram_bytes, sizes),
        };
        cut.map_err(|error| Failure::request(format!("--nodes: {error}")))
    }
}

impl Chosen {
    /// Returns what the kernel is booted with.
    pub fn params(&self) -> BootParams<'_> {
        if let Some(like) = &self.like {
            return like.params(&self.cmdline, self.cpus);
        }
        BootParams {
            ram_bytes: self.ram_bytes,
            nodes: self.nodes.as_ref().map(NodeRanges::as_slice),
            cpus: self.cpus,
            cmdline: &self.cmdline,
            ..BootParams::new(self.profile)
        }
    }
    /// Plans the boot without a machine.
    ///
    /// # Errors
    /// [`Failure::Request`] for a machine that cannot be.
    pub fn plan(&self) -> Result<Plan, Failure> {
        plan(self.profile, &self.params()).map_err(|error| self.cannot_be(Failure::request(error.to_string())))
    }
    /// Says of which capture a failure speaks.
    fn cannot_be(&self, failure: Failure) -> Failure {
        match &self.like {
            Some(like) => {
                Failure::request(format!("--like: {}: the machine cannot be: {failure}", like.folder.display()))
            }
            None => failure,
        }
    }
    /// Makes the machine in this process and boots its kernel. `console` gets the lines of the kernel log.
    ///
    /// # Errors
    /// [`Failure::Request`] for a machine that cannot be, [`Failure::Host`] when the host refuses.
    pub fn boot(
        &self,
        displacement: Displacement,
        console: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Kernel<Hosted>, Failure> {
        self.boot_built(false, displacement, console)
    }
    /// As [`Chosen::boot`], a kernel built with KASAN or without.
    ///
    /// # Errors
    /// As [`Chosen::boot`].
    pub fn boot_built(
        &self,
        kasan: bool,
        displacement: Displacement,
        console: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Kernel<Hosted>, Failure> {
        let params = BootParams { kasan, ..self.params() };
        // Modules need the machine's addresses, which a 64-bit one has elsewhere.
        let (profile, displacement) = match displacement {
            Displacement::True => kmem_modules::place::for_modules(self.profile, &params, displacement)
                .map_err(|error| Failure::request(error.to_string()))?,
            _ => (self.profile, displacement),
        };
        let booted = kmem_hosted::boot(profile, &params, displacement, console);
        let kernel = booted.map_err(|error| self.cannot_be(error.into()))?;
        for setting in &self.sysctls {
            let value = setting.value.as_deref().unwrap_or_default();
            let written = kernel.write_sysctl(&setting.name, value);
            written.map_err(|error| Failure::request(format!("kmem tune: {error}")).help("--no-tune leaves it out"))?;
        }
        Ok(kernel)
    }
}

/// The name under which tunables are kept for a machine that a capture was taken from.
fn kept_name(profile: &Profile, folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let last = folder.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-+".contains(c) { c } else { '_' };
    format!("{}.like-{}", profile.name, last.chars().map(plain).collect::<String>())
}

/// The default machine of `--era 2.6`.
const DEFAULT_2_6: &str = "linux-2.6-i386";

fn named(name: &str) -> Result<&'static Profile, Failure> {
    by_name(name).ok_or_else(|| Failure::request(format!("no machine `{name}`")).help("`kmem machines` lists them"))
}

/// Returns a machine whose kernel has another slab allocator.
fn built_with(profile: &'static Profile, kind: SlabKind) -> Result<&'static Profile, Failure> {
    if profile.slab.kind() == kind {
        return Ok(profile);
    }
    // A command has one machine, which lives as long as the process.
    let built = profile.with_slab(kind).map(|built| &*Box::leak(Box::new(built)));
    built.ok_or_else(|| {
        let there: Vec<&str> = profile.slab_kinds().map(SlabKind::name).collect();
        let failure = Failure::request(format!("--slab {kind}: {} has no such allocator", profile.name));
        failure.help(format!("there: {}", there.join(", ")))
    })
}

/// Reads the name of a slab allocator for clap.
fn slab_kind(text: &str) -> Result<SlabKind, String> {
    let name = text.to_ascii_lowercase();
    let name = name.strip_prefix("config_").unwrap_or(&name);
    SlabKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| "expected slab, slob or slub".to_owned())
}

/// RAM comes in pages; what is less than one is refused as it was asked for.
fn whole_pages(bytes: u64) -> u64 {
    if bytes < PAGE_SIZE {
        bytes
    } else {
        align_down(bytes, PAGE_SIZE)
    }
}

/// Says once which parameters no part of a kernel is known to read.
fn name_unknown(cmdline: &str, notes: &mut dyn Write) -> Result<(), Failure> {
    let mut unknown: Vec<String> = Vec::new();
    for param in CommandLine::new(cmdline).unknown() {
        let shown = param.value.map_or(param.name.to_owned(), |value| format!("{}={value}", param.name));
        if !unknown.contains(&shown) {
            unknown.push(shown);
        }
    }
    if !unknown.is_empty() {
        let plural = if unknown.len() == 1 { "" } else { "s" };
        writeln!(notes, "kmem: unknown kernel parameter{plural}, kept: {}", unknown.join(" "))?;
    }
    Ok(())
}

/// The machines' names, for clap: it completes them and proposes the nearest one.
fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(PROFILES.iter().map(|profile| profile.name))
}

/// Reads `2` or `1G,3G` for clap.
fn nodes(text: &str) -> Result<NodeSpec, String> {
    let count = text.parse::<u32>().ok().filter(|count| (1..=1024).contains(count));
    match count {
        Some(count) => Ok(NodeSpec::Equal(count)),
        None => {
            let sizes = text.split(',').map(size).collect::<Result<Vec<_>, _>>()?;
            if let Some(node) = sizes.iter().position(|&size| size == 0) {
                return Err(format!("node {node} has no memory; give the number of nodes, or a size for each: 1G,3G"));
            }
            match sizes.iter().try_fold(0u64, |sum, &size| sum.checked_add(size)) {
                Some(_) => Ok(NodeSpec::Sizes(sizes)),
                None => Err("together the nodes have more than 64-bit addresses reach".to_owned()),
            }
        }
    }
}

/// Reads a size for clap.
pub fn size(text: &str) -> Result<u64, String> {
    kmem_shell::number::size(text).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(options: MachineOptions) -> (Result<Chosen, Failure>, String) {
        // Nothing that somebody keeps on the host is to disturb.
        let options = MachineOptions { no_tune: true, ..options };
        let mut notes = Vec::new();
        let chosen = options.choose(&mut notes);
        (chosen, String::from_utf8(notes).unwrap_or_default())
    }

    #[test]
    fn the_last_parameter_wins_and_the_board_comes_first() {
        let machine = Some("msm8x25".to_owned());
        let cmdline = vec!["vmalloc=300M".to_owned(), "vmaloc=1 vmaloc=1".to_owned()];
        let (chosen, notes) = choose(MachineOptions { machine: machine.clone(), cmdline, ..Default::default() });
        let chosen = chosen.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(chosen.cmdline, "androidboot.hardware=qcom loglevel=7 vmalloc=200M vmalloc=300M vmaloc=1 vmaloc=1");
        assert_eq!(notes, "kmem: unknown kernel parameter, kept: vmaloc=1\n");
        let (chosen, _) = choose(MachineOptions { machine, no_default_cmdline: true, ..Default::default() });
        assert_eq!(chosen.map(|chosen| chosen.cmdline).unwrap_or_default(), "");
    }

    #[test]
    fn nodes_are_counted_or_sized() {
        let nodes = |spec: &str, ram| {
            let options = MachineOptions {
                machine: Some("amd64-6.12".to_owned()),
                nodes: nodes(spec).ok(),
                ram,
                ..Default::default()
            };
            let chosen = choose(options).0.map_err(|error| error.to_string())?;
            chosen.plan().map(|plan| (plan.nodes(), chosen.ram_bytes)).map_err(|error| error.to_string())
        };
        assert_eq!(nodes("2", None), Ok((2, 2 << 30)));
        // Sizes say how much RAM there is; beside --ram the last node has the rest.
        assert_eq!(nodes("1G,3G", None), Ok((2, 4 << 30)));
        assert_eq!(nodes("1G,1G,1G", Some(8 << 30)), Ok((3, 8 << 30)));
        assert!(nodes("9", None).is_err_and(|error| error.contains("1 to 8")));
        assert!(nodes("1G,3G", Some(1 << 30)).is_err_and(|error| error.contains("4G")));
        assert!(super::nodes("1G,x").is_err());
        assert!(super::nodes("1G,0").is_err_and(|error| error.contains("node 1")));
        assert!(super::nodes("0").is_err() && super::nodes("18446744073709551615,1G").is_err());
    }

    #[test]
    fn what_a_capture_says_is_not_said_twice() {
        let like = Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/armhf-1g")));
        let error =
            |options: MachineOptions| choose(options).0.map(|_| String::new()).unwrap_or_else(|it| it.to_string());
        let said = error(MachineOptions { like: like.clone(), ram: Some(1 << 30), ..Default::default() });
        assert!(said.contains("--ram beside --like"), "{said}");
        let missing = Some(PathBuf::from("no/such/folder"));
        let said = error(MachineOptions { like: missing, ..Default::default() });
        assert!(said.contains("inputs.json") && said.contains("cmdline"), "{said}");
        // An own command line is appended, and wins.
        let cmdline = vec!["vmalloc=400M".to_owned()];
        let (chosen, _) = choose(MachineOptions { like, cmdline, cpus: Some(1), ..Default::default() });
        let chosen = chosen.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((chosen.profile.name, chosen.cpus), ("armhf-6.1", 1));
        assert!(chosen.cmdline.starts_with("console=ttyAMA0") && chosen.cmdline.ends_with("kpf=1 vmalloc=400M"));
        let plan = chosen.plan().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plan.layout.vmalloc.map(|area| area.bytes() >> 20), Some(400));
    }

    #[test]
    fn a_kernel_is_built_with_what_its_source_has() {
        let kind = |machine: &str, slab| {
            let options = MachineOptions { machine: Some(machine.to_owned()), slab, ..Default::default() };
            choose(options).0.map(|chosen| chosen.profile.slab.kind()).map_err(|error| error.to_string())
        };
        assert_eq!(kind("uclinux-2.6-tiny", None), Ok(SlabKind::Slob));
        assert_eq!(kind("uclinux-2.6-tiny", Some(SlabKind::Slab)), Ok(SlabKind::Slab));
        assert_eq!(kind("i386-6.1", Some(SlabKind::Slob)), Ok(SlabKind::Slob));
        assert!(kind("amd64-6.12", Some(SlabKind::Slob)).is_err_and(|error| error.contains("--slab slob")));
        assert_eq!(slab_kind("SLOB"), Ok(SlabKind::Slob));
        assert_eq!(slab_kind("CONFIG_SLAB"), Ok(SlabKind::Slab));
        assert!(slab_kind("slub_debug").is_err());
    }

    #[test]
    fn defaults_follow_the_era() {
        let name = |era| choose(MachineOptions { era, ..Default::default() }).0.map(|chosen| chosen.profile.name);
        assert_eq!(name(None).unwrap_or(""), "i386-pae-6.1");
        assert_eq!(name(Some(Era::Old)).unwrap_or(""), "linux-2.6-i386");
        assert_eq!(name(Some(Era::Modern)).unwrap_or(""), "i386-pae-6.1");
    }
}
