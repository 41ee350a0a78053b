//! Driver scripts and `--do`, against files that are played.

use super::{like, machine};
use crate::device::{Devices, Handle, OpenFlags, Refusal, Whence};
use crate::{Ending, Errno, FileReport, Shell, Style};
use std::collections::BTreeMap;

/// `/dev/echo` keeps what is written; `/dev/dead` dies when it is read; `/dev/full` takes nothing.
#[derive(Default)]
struct Played {
    data: Vec<u8>,
    open: BTreeMap<Handle, (String, usize)>,
    next: Handle,
    calls: Vec<String>,
    loaded: bool,
}

impl Played {
    fn file(&mut self, handle: Handle) -> Result<(&str, usize), Refusal> {
        self.open.get(&handle).map(|(name, at)| (name.as_str(), *at)).ok_or_else(|| Errno::EBADF.into())
    }
    fn moved(&mut self, handle: Handle, at: usize) {
        if let Some((_, position)) = self.open.get_mut(&handle) {
            *position = at;
        }
    }
}

impl Devices for Played {
    fn open(&mut self, node: &str, flags: OpenFlags) -> Result<Handle, Refusal> {
        if !["/dev/echo", "@echo:0", "/dev/dead", "/dev/full", "/proc/echo"].contains(&node) {
            return Err(Errno::ENOENT.into());
        }
        if flags.truncate {
            self.data.clear();
        }
        self.calls.push(format!("open {node} {:#o}", flags.bits()));
        self.next += 1;
        self.open.insert(self.next, (node.to_owned(), 0));
        Ok(self.next)
    }
    fn close(&mut self, handle: Handle) -> Result<(), Refusal> {
        let (name, _) = self.open.remove(&handle).ok_or(Refusal::Errno(Errno::EBADF))?;
        self.calls.push(format!("close {name}"));
        Ok(())
    }
    fn read(&mut self, handle: Handle, count: u64) -> Result<Vec<u8>, Refusal> {
        let (name, at) = self.file(handle)?;
        if name == "/dev/dead" {
            return Err(Refusal::Aborted);
        }
        // At most 8 bytes at once, as drivers do.
        let end = self.data.len().min(at + count.min(8) as usize);
        let part = self.data.get(at..end).unwrap_or(&[]).to_vec();
        self.moved(handle, at + part.len());
        Ok(part)
    }
    fn write(&mut self, handle: Handle, data: &[u8]) -> Result<u64, Refusal> {
        let (name, at) = self.file(handle)?;
        if name == "/dev/full" {
            return Ok(0);
        }
        let part = &data[..data.len().min(8)];
        self.data.resize(self.data.len().max(at + part.len()), 0);
        self.data[at..at + part.len()].copy_from_slice(part);
        self.moved(handle, at + part.len());
        Ok(part.len() as u64)
    }
    fn lseek(&mut self, handle: Handle, offset: i64, whence: Whence) -> Result<i64, Refusal> {
        let (_, at) = self.file(handle)?;
        let from = match whence {
            Whence::Set => 0,
            Whence::Current => at as i64,
            Whence::End => self.data.len() as i64,
        };
        let to = usize::try_from(from + offset).map_err(|_| Refusal::from(Errno::EINVAL))?;
        self.moved(handle, to);
        Ok(to as i64)
    }
    fn ioctl(&mut self, handle: Handle, command: u64, argument: u64) -> Result<i64, Refusal> {
        self.file(handle)?;
        if command == 0x7101 {
            Ok(argument as i64)
        } else {
            Err(Refusal::from(-25))
        }
    }
    fn insmod(&mut self, _: Option<&str>, params: &[String]) -> Result<(), Refusal> {
        self.calls.push(format!("insmod {}", params.join(" ")));
        if std::mem::replace(&mut self.loaded, true) {
            Err(Errno(17).into())
        } else {
            Ok(())
        }
    }
    fn rmmod(&mut self, _: Option<&str>) -> Result<(), Refusal> {
        self.calls.push("rmmod".into());
        if std::mem::replace(&mut self.loaded, false) {
            Ok(())
        } else {
            Err(Errno::ENOENT.into())
        }
    }
}

struct Ran {
    out: String,
    notes: String,
    ending: Ending,
    report: FileReport,
    calls: Vec<String>,
}

fn run(script: &str, style: Style) -> Ran {
    let kernel = machine("linux-2.6-i386");
    let mut devices = Played::default();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let mut shell = Shell::new(&kernel).with_devices(&mut devices, style);
    let program = shell.parse(script).unwrap_or_else(|error| panic!("{}", error.render("test", script)));
    let ending = shell.run(&program, &mut out, &mut notes).unwrap_or_else(|error| panic!("{error}"));
    let report = shell.finish_files(&mut out).unwrap_or_else(|error| panic!("{error}"));
    drop(shell);
    let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|error| panic!("{error}"));
    assert!(report.aborted || devices.open.is_empty(), "{script}: files stay open");
    Ran { out: text(out), notes: text(notes), ending, report, calls: devices.calls }
}

#[test]
fn a_driver_script_prints_as_on_a_real_linux() {
    let script = r#"# a comment
open  w  @echo:0 wt
write w  "hello\n\0\"\\"
expect ret 8
lseek w  -5 end
read  w  100
expect data "o\n\0\"\\"
ioctl w  0x7101 7
expect ret 7
ioctl w  1
expect ret -ENOTTY
read  w  9
expect ret 0
write w  fill:0x41:5
write q  "x"
expect ret -EBADF
close w
close w
cat /proc/nothere
expect ret -ENOENT
echo /proc/echo "42"
cat /proc/echo
expect data "42"
open z /dev/echo r
"#;
    let played = run(script, Style::Script);
    assert_eq!(
        played.out,
        r#"drv: open w -> 0
drv: write w -> 8
drv: lseek w -> 3
drv: read w -> 5 "lo\n\x00\x22"
drv: line 7: expect data "o\n\0\"\\": MISMATCH
drv: ioctl w -> 7
drv: ioctl w -> -ENOTTY
drv: read w -> 0
drv: write w -> 5
drv: write q -> -EBADF
drv: close w -> 0
drv: close w -> -EBADF
drv: cat /proc/nothere -> -ENOENT
drv: echo /proc/echo -> 2
drv: cat /proc/echo -> 8 "42llo\n\x00\x22"
drv: line 23: expect data "42": MISMATCH
drv: open z -> 0
drv: driver script: failed
"#
    );
    assert_eq!((played.report.mismatches, played.ending), (2, Ending::Done));
}

#[test]
fn do_gives_what_the_shells_commands_give() {
    let played =
        run("echo hello, device > /dev/echo; cat /dev/echo; echo -n 'a b' > /dev/echo; cat /dev/echo", Style::Do);
    assert_eq!(played.out, "hello, device\na b");
    assert_eq!(played.notes, "");
    assert_eq!(played.calls.iter().filter(|call| call.starts_with("open")).count(), 4);
    assert_eq!(played.calls[0], "open /dev/echo 0o1001");
    let played = run("echo a >> /dev/echo; dd if=/dev/zero of=/dev/echo count=0 conv=notrunc", Style::Do);
    assert_eq!(played.calls, ["open /dev/echo 0o2001", "close /dev/echo", "open /dev/echo 0o1", "close /dev/echo"]);

    let played = run("cat /dev/none; echo x > /dev/full; - cat /dev/none; rmmod; live", Style::Do);
    assert_eq!(
        played.notes,
        "cat: /dev/none: ENOENT\necho: /dev/full: ENOSPC\ncat: /dev/none: ENOENT\nrmmod: module: ENOENT\n"
    );
    assert_eq!((played.report.failures, played.ending), (3, Ending::Done));
    assert_eq!(played.out, "live: 0 objects, 0\n");

    let played =
        run("insmod; rmmod; insmod m.ko a=1 b=2; open h /dev/echo rw; write h hi; expect ret 2; close h", Style::Do);
    assert_eq!(played.out, "drv: open h -> 0\ndrv: write h -> 2\ndrv: close h -> 0\n");
    assert_eq!(played.calls[..3], ["insmod ", "rmmod", "insmod a=1 b=2"]);
    assert_eq!(played.report, FileReport::default());
}

#[test]
fn dd_copies_blocks() {
    let script = "echo -n 0123456789abcdefXYZ > /dev/echo; dd if=/dev/echo bs=4 count=2 skip=1; dd if=/dev/zero of=/dev/null bs=1K count=3";
    let played = run(script, Style::Do);
    assert_eq!(played.out, "456789ab");
    assert_eq!(
        played.notes,
        "2+0 records in\n2+0 records out\n8 bytes copied\n3+0 records in\n3+0 records out\n3072 bytes copied\n"
    );
    let played =
        run("dd if=/dev/zero of=/dev/echo bs=6 count=2 seek=1; dd if=/dev/echo bs=8; dd if=/dev/none", Style::Do);
    assert_eq!(played.out, "\0".repeat(18));
    assert!(played.notes.ends_with("2+1 records in\n2+1 records out\n18 bytes copied\n0+0 records in\n0+0 records out\n0 bytes copied\ndd: /dev/none: ENOENT\n"), "{}", played.notes);
    let played = run("dd if=/dev/zero of=/dev/echo bs=6 count=2", Style::Script);
    assert_eq!(played.out, "drv: dd /dev/zero -> 12\ndrv: driver script: ok\n");
}

#[test]
fn a_module_that_dies_ends_the_script() {
    for (style, verdict) in
        [(Style::Script, "drv: open d -> 0\ndrv: driver script: failed\n"), (Style::Do, "drv: open d -> 0\n")]
    {
        let played = run("open d /dev/dead r; read d 10; live", style);
        assert_eq!((played.ending, played.report.aborted), (Ending::Aborted, true));
        assert_eq!(played.out, verdict);
        assert!(!played.calls.contains(&"close /dev/dead".to_owned()), "nothing is asked of a dead module");
    }
    let played = run("cat /dev/dead; live", Style::Do);
    assert_eq!((played.ending, played.out.as_str()), (Ending::Aborted, ""));
}

#[test]
fn memory_and_files_live_in_one_script() {
    let played = run(
        "k = kmalloc 100 GFP_KERNEL; write k \"mem\"; open h /dev/echo rw; write h \"file\"; read k 3; lseek h 0 set; read h 4
         cat /proc/buddyinfo; kfree k",
        Style::Do,
    );
    let expected = "k: 0x* size=128
        k: 3 bytes written at 0x*
        drv: open h -> 0
        drv: write h -> 4
        k: 3 bytes at 0x*: 6d 65 6d |mem|
        drv: lseek h -> 0
        drv: read h -> 4 \"file\"
        Node 0, zone*
        Node 0, zone*
        Node 0, zone*
        k: freed 0x* size=128";
    assert!(like(&played.out, expected), "{}", played.out);
}
