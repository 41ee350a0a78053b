//! The advised `vmalloc=` is right: booted with it the request fits, with one megabyte less it does not.
//!
//! A machine is booted and uses some of its vmalloc area; its log and vmallocinfo are explained; then it is booted again with
//! what was advised, and with less, does the same, and asks.

mod support;

fn kmem(args: &[&str], input: &str) -> (i32, String) {
    let done = support::kmem(args, input.as_bytes());
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stdout).into_owned())
}

/// What the machine does before it is asked.
const USES: &str = "a = vmalloc 10M; b = vmalloc 3M; c = ioremap 0xfeb00000 0x10000";

#[track_caller]
fn check(machine: &str, ram: &str, asked: &str) {
    let chosen = ["--machine", machine, "--ram", ram];
    let boot = kmem(&[&["boot"], &chosen[..]].concat(), "").1;
    let listing = kmem(&[&["shell"], &chosen[..], &["-c", &format!("{USES}; cat /proc/vmallocinfo")]].concat(), "").1;
    let dump = boot + &listing;
    let (status, text) = kmem(&["explain", "-", "--fit", asked, "--advise", "--json"], &dump);
    let document: serde_json::Value = serde_json::from_str(&text).expect("a document");
    assert_eq!(status, 1, "{machine} {ram} {asked} fits already:\n{text}");
    let advised = document["vmalloc"][0]["advice"]["vmalloc_mb"].as_u64();
    let advised = advised.unwrap_or_else(|| panic!("{machine} {ram} {asked}: no advice in\n{text}"));
    let fits = |megabytes: u64| {
        let cmdline = format!("vmalloc={megabytes}M");
        let script = format!("{USES}; d = vmalloc {asked}");
        kmem(&[&["shell"], &chosen[..], &["--cmdline", &cmdline, "-c", &script]].concat(), "").0 == 0
    };
    assert!(fits(advised), "{machine} {ram}: {asked} do not fit with the advised {advised}M");
    assert!(!fits(advised - 1), "{machine} {ram}: {asked} fit with less than the advised {advised}M");
}

#[test]
fn the_advice_is_the_least_that_helps() {
    for (machine, ram, asked) in [
        ("msm8x25", "1G", "120M"),
        ("msm8x25", "1G", "150M"),
        ("arm-3.2", "1G", "130M"),
        ("arm-3.4", "1G", "300M"),
        ("armhf-6.1", "1G", "500M"),
        ("armhf-6.1", "2G", "250M"),
        ("armhf-lpae-6.1", "2G", "400M"),
        ("armhf-6.12", "2G", "300M"),
        ("i386-6.1", "2G", "200M"),
        ("i386-pae-6.1", "1G", "300M"),
        ("i386-pae-6.1", "2G", "110M"),
        ("linux-2.6-i386", "2G", "100M"),
        ("linux-2.6-i386", "2G", "130M"),
    ] {
        check(machine, ram, asked);
    }
}
