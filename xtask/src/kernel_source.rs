//! The kernel's own source, from the distribution's package: fetched once into a cache outside the repository, and of it
//! only the files that are asked for unpacked.
//!
//! apt is run with a configuration of its own, so that it needs no root, changes nothing of the system, and knows the
//! releases of Debian that have the packages, whatever the system is.

use crate::process::{command, exists, run};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Which Debian has the packages, and the key that signs it.
const SUITES: [&str; 2] = ["bookworm", "bookworm-backports"];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const MIRROR: &str = "http://deb.debian.org/debian";

/// Returns where fetched sources are kept: `$KMEM_CACHE`, or `kmem` in the user's cache folder.
pub fn cache() -> Result<PathBuf, String> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || named("HOME").map(|home| home.join(".cache"));
    let folder = named("KMEM_CACHE").or_else(|| named("XDG_CACHE_HOME").or_else(home).map(|cache| cache.join("kmem")));
    folder.map(|folder| folder.join("kernel-source")).ok_or_else(|| "no HOME: name a folder in KMEM_CACHE".to_owned())
}

/// Makes sure that `files` of the source of `release` (as `6.12`) are there; returns the source's folder.
pub fn provide(release: &str, files: &BTreeSet<String>) -> Result<PathBuf, String> {
    let cache = cache()?;
    let tree = cache.join(release);
    let missing: Vec<&String> = files.iter().filter(|file| !tree.join(file).is_file()).collect();
    if missing.is_empty() {
        return Ok(tree);
    }
    make_folder(&tree)?;
    let package = fetch(&cache, release)?;
    let top = format!("linux-source-{release}");
    let list = cache.join(format!("{release}.list"));
    let lines: String = missing.iter().map(|file| format!("{top}/{file}\n")).collect();
    write(&list, &lines)?;
    let script = "dpkg-deb --fsys-tarfile \"$1\" | tar -xO \"./usr/src/$2.tar.xz\" \
                  | tar -xJ -C \"$3\" --strip-components=1 -T \"$4\"";
    let mut unpack = command("sh");
    unpack.args(["-c", script, "unpack"]).arg(&package).arg(&top).arg(&tree).arg(&list);
    run(&mut unpack)?;
    Ok(tree)
}

/// Finds the package in the cache, or fetches it.
fn fetch(cache: &Path, release: &str) -> Result<PathBuf, String> {
    let name = format!("linux-source-{release}");
    if let Some(package) = package_in(cache, &name) {
        return Ok(package);
    }
    for program in ["apt-get", "dpkg-deb", "tar", "xz"] {
        if !exists(program) {
            return Err(format!(
                "`{program}` is missing: {name} is fetched from Debian; or put {name}_VERSION_all.deb into {}",
                cache.display()
            ));
        }
    }
    if !Path::new(KEYRING).is_file() {
        return Err(format!("{KEYRING} is missing; install debian-archive-keyring"));
    }
    let config = configuration(cache)?;
    let apt = |arguments: &[&str]| {
        let mut apt = command("apt-get");
        run(apt.args(arguments).env("APT_CONFIG", &config).current_dir(cache))
    };
    apt(&["--quiet", "update"])?;
    apt(&["--quiet", "download", &name])?;
    package_in(cache, &name).ok_or_else(|| format!("apt-get did not bring {name}"))
}

fn package_in(cache: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(cache).ok()?.flatten();
    let is_it = |file: &OsString| {
        let file = file.to_string_lossy();
        file.starts_with(&format!("{name}_")) && file.ends_with(".deb")
    };
    entries.map(|entry| entry.file_name()).filter(is_it).max().map(|file| cache.join(file))
}

/// Writes apt's configuration; returns its file.
fn configuration(cache: &Path) -> Result<PathBuf, String> {
    let apt = cache.join("apt");
    make_folder(&apt.join("lists/partial"))?;
    make_folder(&apt.join("archives/partial"))?;
    let sources: String =
        SUITES.iter().map(|suite| format!("deb [signed-by={KEYRING}] {MIRROR} {suite} main\n")).collect();
    write(&apt.join("sources.list"), &sources)?;
    let at = apt.display();
    let config = format!(
        "Dir::State::Lists \"{at}/lists\";\nDir::Cache \"{at}\";\nDir::Etc::SourceList \"{at}/sources.list\";\n\
         Dir::Etc::SourceParts \"/nonexistent\";\nAPT::Architecture \"amd64\";\nAPT::Architectures {{ \"amd64\"; }};\n\
         Acquire::Languages \"none\";\n"
    );
    let file = apt.join("apt.conf");
    write(&file, &config)?;
    Ok(file)
}

fn make_folder(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|why| format!("{}: {why}", path.display()))
}
