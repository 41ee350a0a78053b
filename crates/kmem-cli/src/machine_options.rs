//! The machine, chosen alike by every command that needs one.

use crate::failure::Failure;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use kmem::boot::cmdline::CommandLine;
use kmem::boot::{plan, BootParams, Plan};
use kmem::profile::{by_name, PROFILES};
use kmem::units::{align_down, PAGE_SIZE};
use kmem::{Kernel, Profile};
use kmem_hosted::{Displacement, Hosted};
use std::io::Write;

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
    /// NUMA nodes (not in this version)
    #[arg(long, help_heading = HEADING, value_name = "SPEC", hide = true)]
    pub nodes: Option<String>,
    /// Kernel parameters, appended to the board's own: mem= vmalloc= highmem= …; the last one wins
    #[arg(long, help_heading = HEADING, value_name = "STRING", allow_hyphen_values = true)]
    pub cmdline: Vec<String>,
    /// Drop the board's own kernel parameters
    #[arg(long, help_heading = HEADING)]
    pub no_default_cmdline: bool,
    /// Take machine, RAM and reservations from captures (not in this version)
    #[arg(long, help_heading = HEADING, value_name = "DIR", hide = true)]
    pub like: Option<String>,
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
        for (given, option) in [(&self.nodes, "--nodes"), (&self.like, "--like")] {
            if given.is_some() {
                return Err(Failure::request(format!("{option}: not in this version")));
            }
        }
        let profile = match (&self.machine, self.era.or(era)) {
            (Some(name), _) => named(name)?,
            (None, Some(Era::Old)) => named(DEFAULT_2_6)?,
            (None, _) => PROFILES[0],
        };
        let mut cmdline = String::new();
        let boards = Some(profile.default_cmdline).filter(|_| !self.no_default_cmdline);
        for part in boards.into_iter().chain(self.cmdline.iter().map(String::as_str)).filter(|part| !part.is_empty()) {
            if !cmdline.is_empty() {
                cmdline.push(' ');
            }
            cmdline.push_str(part);
        }
        name_unknown(&cmdline, notes)?;
        Ok(Chosen {
            profile,
            cmdline,
            ram_bytes: whole_pages(self.ram.unwrap_or(profile.default_ram)),
            cpus: self.cpus.unwrap_or(profile.default_cpus),
        })
    }
}

impl Chosen {
    /// Returns what the kernel is booted with.
    pub fn params(&self) -> BootParams<'_> {
        BootParams {
            ram_bytes: self.ram_bytes,
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
        plan(self.profile, &self.params()).map_err(|error| Failure::request(error.to_string()))
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
        Ok(kmem_hosted::boot(self.profile, &self.params(), displacement, console)?)
    }
}

/// The default machine of `--era 2.6`.
const DEFAULT_2_6: &str = "linux-2.6-i386";

fn named(name: &str) -> Result<&'static Profile, Failure> {
    by_name(name).ok_or_else(|| Failure::request(format!("no machine `{name}`")).help("`kmem machines` lists them"))
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

/// Reads a size for clap.
pub fn size(text: &str) -> Result<u64, String> {
    kmem_shell::number::size(text).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(options: MachineOptions) -> (Result<Chosen, Failure>, String) {
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
    fn defaults_follow_the_era() {
        let name = |era| choose(MachineOptions { era, ..Default::default() }).0.map(|chosen| chosen.profile.name);
        assert_eq!(name(None).unwrap_or(""), "i386-pae-6.1");
        assert_eq!(name(Some(Era::Old)).unwrap_or(""), "linux-2.6-i386");
        assert_eq!(name(Some(Era::Modern)).unwrap_or(""), "i386-pae-6.1");
    }
}
