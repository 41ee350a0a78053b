//! A kernel log of any size is read in bounded memory, and as fast as disks give it.
//!
//! The log is made while it is read: time stamps, lines of networks and of other parts of the kernel, and again and again
//! reports of failures. The long form (`KMEM_LONG=1`, `cargo xtask long`, a release build) reads a gigabyte.

use kmem_inspect::explain::{explain, Question};
use kmem_inspect::Reader;
use std::io::{self, BufRead, Read};
use std::{env, fs};

/// What a machine that is short of memory says, without times: blocks of lines.
const REPORT: &str = include_str!("corpus/failure-3.10-network-burst.txt");
const MISUSE: &str = include_str!("corpus/trouble-kasan-6.x.txt");
const BOOT: &str = include_str!("corpus/boot-android-logcat.txt");

/// Lines between reports.
const USUAL: [&str; 12] = [
    "eth0: link up, 1000Mbps, full-duplex, lpa 0xC1E1",
    "IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready",
    "[UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56:52:55:0a:00:02:02:08:00 SRC=10.0.2.2 DST=10.0.2.15 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=2011 PROTO=TCP SPT=443 DPT=40000 WINDOW=65535 RES=0x00 ACK URGP=0",
    "usb 1-1.2: new high-speed USB device number 7 using dwc_otg",
    "usb 1-1.2: New USB device found, idVendor=0bda, idProduct=8176, bcdDevice= 2.00",
    "audit: type=1400 audit(1700000000.123:456): apparmor=\"STATUS\" operation=\"profile_load\" profile=\"unconfined\" name=\"x\"",
    "EXT4-fs (mmcblk0p2): re-mounted. Opts: data=ordered",
    "br-4d2a: port 3(veth1a2b3c) entered forwarding state",
    "device veth1a2b3c entered promiscuous mode",
    "nf_conntrack: nf_conntrack: table full, dropping packet",
    "systemd[1]: Started Session 42 of user root.",
    "mmc0: tuning execution failed: -84",
];

/// A log of so many bytes. Nothing of it exists but the piece that is read.
struct Log {
    piece: Vec<u8>,
    at: usize,
    left: u64,
    line: u64,
}

impl Log {
    fn new(bytes: u64) -> Self {
        Self { piece: Vec::new(), at: 0, left: bytes, line: 0 }
    }
    fn make(&mut self) {
        self.piece.clear();
        self.at = 0;
        while self.piece.len() < 1 << 16 {
            let block = match self.line % 4000 {
                0 => BOOT,
                7 | 1507 => MISUSE,
                n if n % 200 == 0 => REPORT,
                n => USUAL[n as usize % USUAL.len()],
            };
            self.line += 1;
            let (seconds, part) = (self.line / 50, self.line % 50 * 20_000);
            let stamped = block.starts_with('[') && !block.starts_with("[UFW") || block.starts_with("01-02");
            let by_syslog = self.line % 4 == 1;
            for line in block.lines() {
                if by_syslog {
                    self.piece.extend(b"Mar  3 11:20:01 box kernel: ");
                }
                if !stamped {
                    self.piece.extend(format!("[{seconds:>5}.{part:06}] ").as_bytes());
                }
                self.piece.extend(line.as_bytes());
                self.piece.push(b'\n');
            }
        }
        self.piece.truncate(usize::try_from(self.left).unwrap_or(usize::MAX).min(self.piece.len()));
        self.left -= self.piece.len() as u64;
    }
}

impl Read for Log {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let piece = self.fill_buf()?;
        let count = piece.len().min(into.len());
        into[..count].copy_from_slice(&piece[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Log {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.piece.len() {
            self.make();
        }
        Ok(&self.piece[self.at..])
    }
    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

/// Seconds of processor time that this thread has had: others may have their share of the machine.
fn seconds() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux process");
    let nanoseconds: Option<u64> = text.split_whitespace().next().and_then(|word| word.parse().ok());
    nanoseconds.expect("a number") as f64 / 1e9
}

/// The most bytes that this process has ever held.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kb: Option<u64> = line.split_whitespace().next().and_then(|word| word.parse().ok());
    kb.expect("a Linux process") << 10
}

#[test]
fn a_large_log_is_read_in_bounded_memory_and_in_good_time() {
    let long = env::var_os("KMEM_LONG").is_some();
    let bytes: u64 = if long { 1 << 30 } else { 8 << 20 };
    let begun = seconds();
    let mut made = Log::new(bytes);
    let mut lines = 0;
    while made.left > 0 {
        made.make();
        lines += made.piece.len() as u64;
    }
    let making = seconds() - begun;
    assert_eq!(lines, bytes);
    let begun = seconds();
    let mut reader = Reader::new();
    reader.read("log", Log::new(bytes)).expect("it can be read");
    let mut capture = reader.finish();
    let mut out = String::new();
    explain(&mut out, &mut capture, &Question::default()).expect("a string can be written");
    // What making the log takes does not count.
    let took = seconds() - begun - making;
    let rate = bytes as f64 / took / 1e6;
    println!("{} MB: {rate:.0} MB/s, at most {} MB of memory", bytes >> 20, peak() >> 20);
    assert!(peak() <= 64 << 20, "{} MB", peak() >> 20);
    assert!(out.len() < 1 << 20, "{} bytes are said", out.len());
    let misuse = capture.troubles.iter().map(|it| it.count).sum::<u64>();
    let failures = capture.repeats.iter().map(|it| it.count).sum::<u64>();
    assert!(misuse > 10 && failures > 100, "{misuse} misuses, {failures} failures");
    if long && !cfg!(debug_assertions) {
        assert!(rate >= 100.0, "{rate:.0} MB/s");
    }
}
