//! `kmem tune`: what is set is in force in the engine by its formulas, usage is what the files of `/proc` show, configurations are
//! saved, edited by hand, loaded and compared, and nothing that is wrong is taken in half.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of configurations of a test's own.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tune-{name}"));
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }
    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kmem"));
        command.env("KMEM_CONFIG_DIR", &self.0).args(args).output().expect("kmem runs")
    }
    /// What it prints; it must do well.
    fn ok(&self, args: &[&str]) -> String {
        let done = self.run(args);
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("UTF-8")
    }
    /// What it says of a request that is refused.
    fn refused(&self, args: &[&str]) -> String {
        let done = self.run(args);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{args:?}: {said}");
        said
    }
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args)).expect("JSON")
    }
    fn machine_file(&self, machine: &str) -> PathBuf {
        self.0.join("machines").join(format!("{machine}.conf"))
    }
    fn saved_file(&self, name: &str) -> PathBuf {
        self.0.join("saved").join(format!("{name}.conf"))
    }
}

/// Zone by zone: pages free, min, low, high, managed.
fn zones(text: &str) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut zones = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines() {
        if let Some((_, zone)) = line.strip_prefix("Node 0, zone").map(|zone| ("", zone)) {
            name = zone.trim().to_owned();
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let (key, value) = match words[..] {
            ["pages", "free", value] => ("free", value),
            [key @ ("min" | "low" | "high" | "managed" | "present"), value] => (key, value),
            _ => continue,
        };
        if let Ok(value) = value.parse() {
            zones.entry(name.clone()).or_insert_with(BTreeMap::new).insert(key.to_owned(), value);
        }
    }
    zones.into_iter().filter(|(_, zone): &(_, BTreeMap<_, u64>)| zone["present"] > 0).collect()
}

/// The marks as the kernel's formula has them: each zone's share of the reserve, the distance from the scale factor or a
/// quarter, high memory for itself.
fn marks_by_formula(
    zones: &BTreeMap<String, BTreeMap<String, u64>>,
    min_free_kbytes: u64,
    scale: u64,
) -> BTreeMap<String, [u64; 3]> {
    let pages = min_free_kbytes / 4;
    let lowmem: u64 = zones.iter().filter(|(name, _)| *name != "HighMem").map(|(_, zone)| zone["managed"]).sum();
    let of = |(name, zone): (&String, &BTreeMap<String, u64>)| {
        let share = pages * zone["managed"] / lowmem;
        let min = if name == "HighMem" { (zone["managed"] / 1024).clamp(32, 128) } else { share };
        let distance = (share / 4).max(zone["managed"] * scale / 10_000);
        (name.clone(), [min, min + distance, min + 2 * distance])
    };
    zones.iter().map(of).collect()
}

#[test]
fn what_is_set_is_in_force_by_the_formula() {
    let home = Home::new("formula");
    for (machine, settings, reserve, scale) in [
        ("i386-pae-6.1", &["vm.min_free_kbytes=16384"][..], 16_384, 10),
        ("i386-pae-6.1", &["vm/min_free_kbytes=8192", "watermark_scale_factor=200"][..], 8192, 200),
        ("amd64-6.12", &["/proc/sys/vm/min_free_kbytes=131072"][..], 131_072, 10),
    ] {
        let before = home.ok(&["boot", "--machine", machine, "--no-tune", "--show", "zoneinfo"]);
        home.ok(&[&["tune", "set", "--machine", machine][..], settings].concat());
        let done = home.run(&["boot", "--machine", machine, "--show", "zoneinfo,/proc/sys/vm/min_free_kbytes"]);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.contains(&format!("vm.min_free_kbytes={reserve}")) && said.contains("--no-tune"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let after = String::from_utf8(done.stdout).expect("UTF-8");
        assert!(after.ends_with(&format!("==> /proc/sys/vm/min_free_kbytes <==\n{reserve}\n")), "{after}");
        let zones = zones(&after);
        for (name, expected) in marks_by_formula(&zones, reserve, scale) {
            let zone = &zones[&name];
            assert_eq!([zone["min"], zone["low"], zone["high"]], expected, "{machine} {name}");
        }
        assert_ne!(before, home.ok(&["boot", "--machine", machine, "--show", "zoneinfo"]));
        assert_eq!(before, home.ok(&["boot", "--machine", machine, "--show", "zoneinfo", "--no-tune"]));
    }
    // Another machine has its own.
    assert!(home.run(&["boot", "--machine", "i386-6.1"]).stderr.is_empty());
}

#[test]
fn the_command_line_wins() {
    let home = Home::new("wins");
    home.ok(&["tune", "set", "vm.min_free_kbytes=16384", "vmalloc=200M", "slab_nomerge"]);
    let line = ["--cmdline", "sysctl.vm.min_free_kbytes=4096 vmalloc=300M"];
    let done = home.run(&[&["boot", "--show", "meminfo,sys/vm/min_free_kbytes"][..], &line].concat());
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(text.contains("\nVmallocTotal:     307200 kB\n") && text.ends_with("<==\n4096\n"), "{text}");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("in force: slab_nomerge (--no-tune"), "{said}");
    // Tunables that decide no watermark may stand on a command line too.
    let text = home.ok(&["boot", "--no-tune", "--show", "sys/vm/swappiness", "--cmdline", "sysctl.vm.swappiness=7"]);
    assert!(text.ends_with("\n7\n"), "{text}");
    let done = home.run(&["boot", "--no-tune", "--cmdline", "sysctl.vm.swappiness=900 sysctl.vm.nothing=1"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("Failed to set sysctl parameter 'vm.swappiness=900': invalid value"), "{said}");
    assert!(said.contains("Failed to set sysctl parameter 'vm.nothing=1': parameter not found"), "{said}");
}

#[test]
fn what_is_held_until_boot() {
    let home = Home::new("held");
    let text = home.ok(&["tune", "set", "vmalloc=200M", "vm.swappiness=10"]);
    assert_eq!(text, "vmalloc = 200M (held until boot)\nvm.swappiness = 10\n");
    assert_eq!(home.ok(&["tune", "held"]), "vmalloc=200M\n");
    assert_eq!(
        home.ok(&["tune", "get", "vmalloc", "swappiness"]),
        "vm.swappiness = 10\nvmalloc = -\nvmalloc = 200M (held until boot)\n"
    );
    let size = |text: &str| text.lines().find(|line| line.starts_with("VmallocTotal")).map(str::to_owned);
    let text = home.ok(&["boot", "--show", "meminfo"]);
    assert_eq!(size(&text).as_deref(), Some("VmallocTotal:     204800 kB"));
    let text = home.ok(&["shell", "-c", "cat /proc/meminfo; sysctl vm.swappiness"]);
    assert_eq!(size(&text).as_deref(), Some("VmallocTotal:     204800 kB"));
    assert!(text.contains("vm.swappiness = 10"), "{text}");
    assert!(home.ok(&["layout"]).contains("vmalloc=200M"));
    assert_eq!(home.ok(&["tune", "unset", "vmalloc"]), "vmalloc: default again\n");
    assert_eq!(home.ok(&["tune", "held"]), "i386-pae-6.1: nothing is held until boot\n");
    // The kernel says what it makes of a value that it does not take as it is.
    let done = home.run(&["tune", "set", "vmalloc=1M", "--machine", "msm8x25"]);
    assert!(String::from_utf8_lossy(&done.stderr).contains("vmalloc area too small"), "{done:?}");
    let done = home.run(&["tune", "set", "vm.nr_hugepages=100000", "--machine", "amd64-6.12", "--ram", "512M"]);
    assert!(String::from_utf8_lossy(&done.stderr).contains("of 100000"), "{done:?}");
    home.ok(&["tune", "set", "vm.nr_hugepages=12", "--machine", "amd64-6.12"]);
    let text = home.ok(&["boot", "--machine", "amd64-6.12", "--show", "meminfo"]);
    assert!(text.contains("\nHugePages_Total:      12\nHugePages_Free:       12\n"), "{text}");
    let done = home.run(&["tune", "set", "lowmem_reserve_ratio=0 -16", "--machine", "linux-2.6-i386"]);
    assert!(String::from_utf8_lossy(&done.stderr).contains("the kernel makes 1 1"), "{done:?}");
}

#[test]
fn usage_is_what_the_files_show() {
    let home = Home::new("usage");
    let machine = ["--machine", "armhf-6.1", "--cpus", "2"];
    home.ok(
        &[&["tune", "set", "vm.overcommit_ratio=30", "vm.dirty_ratio=5", "movablecore=256M"][..], &machine].concat()
    );
    let usage = home.json(&[&["tune", "usage", "--json"][..], &machine].concat());
    let of = |name: &str| {
        let rows = usage["usage"].as_array().expect("a list");
        let row = rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {usage}"));
        (row["used"].as_u64().expect("a number"), row["of"].as_u64())
    };
    let text = home.ok(&[&["boot", "--show", "meminfo,vmstat,zoneinfo,vmallocinfo"][..], &machine].concat());
    let info = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect(name);
        line.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number")
    };
    let stat = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).expect(name);
        line.parse().expect("a number")
    };
    assert_eq!(of("vm.min_free_kbytes").0, info("MemFree"));
    assert_eq!(of("vm.overcommit_ratio"), (info("Committed_AS"), Some(info("CommitLimit"))));
    assert_eq!(of("vm.dirty_ratio"), (stat("nr_dirty"), Some(stat("nr_dirty_threshold"))));
    assert_eq!(of("vm.vfs_cache_pressure"), (info("SReclaimable"), Some(info("Slab"))));
    assert_eq!(of("cma"), (info("CmaTotal") - info("CmaFree"), Some(info("CmaTotal"))));
    assert_eq!(of("mem"), (info("MemTotal") - info("MemFree"), Some(info("MemTotal"))));
    let movable = &zones(&text)["Movable"];
    assert_eq!(of("movablecore"), (movable["managed"] - movable["free"], Some(movable["managed"])));
    let listing = text.split("==> /proc/vmallocinfo <==\n").nth(1).expect("a listing");
    let taken: u64 = listing.lines().filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum();
    assert_eq!(of("vmalloc").1, Some(info("VmallocTotal") << 10));
    assert!(of("vmalloc").0 <= taken, "{} {taken}", of("vmalloc").0);
    let counts = text.lines().scan(false, |inside, line| {
        let word = line.trim();
        *inside = word.starts_with("cpu: ") || *inside && !word.starts_with("node_unreclaimable");
        Some(inside.then(|| word.strip_prefix("count:")?.trim().parse::<u64>().ok()).flatten())
    });
    assert_eq!(of("vm.percpu_pagelist_high_fraction").0, counts.flatten().sum::<u64>());
}

#[test]
fn saved_edited_loaded_compared() {
    let home = Home::new("saved");
    home.ok(&["tune", "set", "vm.min_free_kbytes=16384", "vmalloc=217M"]);
    let path = home.saved_file("bursts");
    let said = home.ok(&["tune", "save", "bursts", "-t", "Bursts of small packets"]);
    assert_eq!(said, format!("bursts: 2 settings saved, {}\n", path.display()));
    let text = fs::read_to_string(&path).expect("a file");
    assert_eq!(
        text,
        "machine = i386-pae-6.1\ntitle = Bursts of small packets\nvm.min_free_kbytes = 16384\nboot.vmalloc = 217M\n"
    );
    assert!(home.ok(&["tune", "configs"]).starts_with("* bursts  i386-pae-6.1    2 set  Bursts of small packets\n"));
    assert_eq!(home.ok(&["tune", "diff", "bursts"]), "bursts and current are the same\n");
    // By hand: a remark, another value, one more.
    let edited = text.replace("16384", "32768") + "# seen on the third of May\nvm/swappiness=10\n";
    fs::write(&path, edited).expect("a file");
    assert_eq!(
        home.ok(&["tune", "diff", "bursts", "current"]),
        "from bursts to current\n  vm.min_free_kbytes: 32768 -> 16384\n  vm.swappiness: 10 -> 60 (default)\n"
    );
    assert_eq!(home.ok(&["tune", "load", "bursts"]), "bursts: 2 set, 1 held until boot\n");
    assert!(fs::read_to_string(home.machine_file("i386-pae-6.1")).expect("a file").contains("third of May"));
    let text = home.ok(&["boot", "--show", "sys/vm/min_free_kbytes,sys/vm/swappiness"]);
    assert!(text.ends_with("<==\n32768\n==> /proc/sys/vm/swappiness <==\n10\n"), "{text}");
    let diff = home.json(&["tune", "diff", "--json"]);
    assert_eq!((&diff["from"], &diff["to"]), (&Value::from("default"), &Value::from("current")));
    assert_eq!(diff["differences"].as_array().map(Vec::len), Some(3), "{diff}");
    // A name is not overwritten unasked, and one that is wrong is refused.
    assert!(home.refused(&["tune", "save", "bursts"]).contains("--force"));
    home.ok(&["tune", "save", "bursts", "--force"]);
    assert!(home.refused(&["tune", "save", "../bursts"]).contains("no name"));
    assert!(home.refused(&["tune", "load", "burst"]).contains("did you mean bursts?"));
    home.ok(&["tune", "delete", "bursts"]);
    assert_eq!(home.json(&["tune", "configs", "--json"])["configs"], Value::Array(Vec::new()));
}

#[test]
fn nothing_that_is_wrong_is_taken_in_half() {
    let home = Home::new("wrong");
    home.ok(&["tune", "set", "vm.swappiness=10"]);
    let before = fs::read_to_string(home.machine_file("i386-pae-6.1")).expect("a file");
    for (word, said) in [
        ("vm.swappiness=201", "vm.swappiness takes 0 to 200, not 201 (EINVAL"),
        ("vm.swappiness=-1", "vm.swappiness takes 0 to 200, not -1"),
        ("vm.watermark_scale_factor=0", "vm.watermark_scale_factor takes 1 to 3000, not 0"),
        ("vm.percpu_pagelist_high_fraction=7", "takes 0 or 8 to 2147483647, not 7"),
        ("vm.dirty_bytes=4096", "vm.dirty_bytes takes 8192 to 4294967295, not 4096"),
        ("vm.min_free_kbytes=99999999999", "takes 0 to 2147483647"),
        ("vm.min_free_kbytes=x", "takes whole numbers, not `x`"),
        ("vm.min_free_kbyte=1", "did you mean vm.min_free_kbytes?"),
        ("vmaloc=1M", "did you mean vmalloc?"),
        ("vmalloc=much", "vmalloc takes a size (64M), not `much`"),
        ("mem=1K", "1K"),
        ("vm.drop_caches=3", "does something at once"),
        ("vm.mmap_min_addr=0", "can only be read"),
    ] {
        // A right one beside a wrong one is not set either.
        let done = home.run(&["tune", "set", "vm.min_free_kbytes=9000", word]);
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{word}: {text}");
        assert!(word.starts_with("mem=") || text.contains(said), "{word}: {text}");
        assert_eq!(fs::read_to_string(home.machine_file("i386-pae-6.1")).expect("a file"), before, "{word}");
    }
    let file = home.0.join("by-hand.conf");
    fs::write(&file, "vm.min_free_kbytes = 9000\nvm.swappiness = 900\n\nboot.nothing = 1\n").expect("a file");
    let path = file.display().to_string();
    let said = home.refused(&["tune", "load", &path]);
    assert!(said.contains(&format!("{path}:2: vm.swappiness takes 0 to 200")), "{said}");
    assert!(said.contains(&format!("{path}:4: ")) && !said.contains(":1:"), "{said}");
    assert_eq!(fs::read_to_string(home.machine_file("i386-pae-6.1")).expect("a file"), before);
    // A machine whose file is wrong does not boot in secret.
    fs::write(home.machine_file("i386-pae-6.1"), "vm.swappiness = 900\n").expect("a file");
    let said = home.refused(&["boot"]);
    assert!(said.contains("i386-pae-6.1.conf:1: vm.swappiness") && said.contains("--no-tune"), "{said}");
    home.ok(&["boot", "--no-tune"]);
}

#[test]
fn every_machine_has_a_table_without_gaps() {
    let home = Home::new("table");
    let machines = home.json(&["machines", "--json"]);
    for machine in machines["machines"].as_array().expect("a list") {
        let name = machine["name"].as_str().expect("a name");
        let list = home.json(&["tune", "list", "--json", "--machine", name]);
        let rows = list["tunables"].as_array().expect("a list");
        assert!(rows.len() > 25, "{name}: {}", rows.len());
        for row in rows {
            for field in ["name", "default", "value", "state", "about", "versions"] {
                assert!(row[field].as_str().is_some_and(|text| !text.is_empty()), "{name}: {field} of {row}");
            }
        }
        // What is shown as the value can be written again.
        let settable = rows.iter().filter(|row| row["takes_effect"] == "at once" && row["state"] == "default");
        let words: Vec<String> = settable
            .filter(|row| row["value"] != "0" && row["value"] != "-")
            .map(|row| format!("{}={}", row["name"].as_str().unwrap_or(""), row["value"].as_str().unwrap_or("")))
            .collect();
        let mut args = vec!["tune", "set", "--machine", name];
        args.extend(words.iter().map(String::as_str));
        home.ok(&args);
        let list = home.json(&["tune", "list", "--json", "--machine", name]);
        for row in list["tunables"].as_array().expect("a list") {
            assert!(row["value"] == row["default"] || row["state"] == "given", "{name}: {row}");
        }
    }
}

#[test]
fn as_a_file_of_sysctl_d_and_as_a_command_line() {
    let home = Home::new("export");
    home.ok(&[
        "tune",
        "set",
        "vm.min_free_kbytes=16384",
        "vm.lowmem_reserve_ratio=128 32",
        "vmalloc=217M",
        "slab_nomerge",
    ]);
    let file = home.0.join("90-kmem.conf").display().to_string();
    home.ok(&["tune", "--apply-sysctl", &file]);
    let text = fs::read_to_string(&file).expect("a file");
    assert!(text.ends_with(".\nvm.min_free_kbytes = 16384\nvm.lowmem_reserve_ratio = 128 32\n"), "{text}");
    let line = home.ok(&["tune", "--as-cmdline"]);
    assert_eq!(
        line,
        "sysctl.vm.min_free_kbytes=16384 \"sysctl.vm.lowmem_reserve_ratio=128 32\" vmalloc=217M slab_nomerge\n"
    );
    // Both say the same as the machine's own file.
    let show = ["--show", "zoneinfo,meminfo"];
    let tuned = home.ok(&[&["boot"][..], &show].concat());
    let by_line = home.ok(&[&["boot", "--no-tune", "--cmdline", line.trim()][..], &show].concat());
    let files = |text: &str| text.split_once("==> ").map(|(_, files)| files.to_owned());
    let marks = |text: &str| {
        zones(text).into_values().map(|zone| (zone["min"], zone["low"], zone["managed"])).collect::<Vec<_>>()
    };
    assert_eq!(marks(&files(&tuned).unwrap_or_default()), marks(&files(&by_line).unwrap_or_default()));
    home.ok(&["tune", "unset", "--all"]);
    assert_eq!(home.ok(&["tune", "diff"]), "default and current are the same\n");
    assert_eq!(home.ok(&["tune", "load", &file]), format!("{file}: 2 set, 0 held until boot\n"));
}
