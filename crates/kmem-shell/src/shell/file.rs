//! The file verbs: what a driver script does with a module's files.
//!
//! In both styles the verbs of a script (`open`, `read`, `ioctl`, …) print `drv: VERB H -> RESULT ["data"]`, and a
//! failing one is a result like any other: `expect` judges it. What differs are `cat`, `echo` and `dd`: a script prints
//! their result, `--do` what the shell's commands of these names give.

use super::Ending;
use crate::ast::{Argument, Command, Data, Dd, Expected, Failing, FileCommand, Mode, Operand, Transfer};
use crate::device::{Devices, Handle, OpenFlags, Refusal};
use crate::errno::{result, Errno};
use crate::show::quoted;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How the file verbs report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// As a driver script's: every verb prints a line, and the verdict stands at the end.
    Script,
    /// As a shell's: `cat`, `echo` and `dd` give what they give, raw.
    Do,
}

/// What came of the file verbs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FileReport {
    /// Expectations that were not met.
    pub mismatches: u32,
    /// In [`Style::Do`]: `cat`, `echo`, `dd`, `insmod`, `rmmod` that failed without a `-` before them.
    pub failures: u32,
    /// The module died.
    pub aborted: bool,
}

impl FileReport {
    /// True when nothing went wrong.
    pub fn is_ok(&self) -> bool {
        *self == Self::default()
    }
}

/// The most bytes that a script's `cat` reads, in one read.
const CAT_ONCE: u64 = 1 << 20;
/// What `cat` reads at once.
const CAT_CHUNK: u64 = 128 << 10;
/// A file that has given so much is taken for one without an end.
const CAT_MOST: u64 = 64 << 20;
/// The most bytes that one `read` asks for.
const READ_MOST: u64 = 16 << 20;
/// How many bytes of data a line shows.
const SHOWN: usize = 64;

pub(super) struct Files<'d> {
    devices: &'d mut dyn Devices,
    style: Style,
    handles: BTreeMap<String, Handle>,
    /// What is mapped of them.
    mappings: BTreeMap<String, Handle>,
    /// Open files whose name was given to another one.
    nameless: Vec<Handle>,
    /// The last command's result.
    ret: i64,
    /// What the last read or cat gave.
    data: Vec<u8>,
    report: FileReport,
}

type Outcome<T> = Result<T, Refusal>;

impl<'d> Files<'d> {
    pub(super) fn new(devices: &'d mut dyn Devices, style: Style) -> Self {
        let report = FileReport::default();
        Self {
            devices,
            style,
            handles: BTreeMap::new(),
            mappings: BTreeMap::new(),
            nameless: Vec::new(),
            ret: 0,
            data: Vec::new(),
            report,
        }
    }
    /// Returns a file of the kernel's as people are to see it.
    pub(super) fn as_shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.devices.as_shown(text)
    }
    pub(super) fn handles(&self) -> impl Iterator<Item = &String> {
        self.handles.keys()
    }
    /// True when a file is open under this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.handles.contains_key(name)
    }
    /// Runs one command. A failing one ends nothing: a driver script expects it, and a shell goes on.
    pub(super) fn run(
        &mut self,
        command: &Command,
        line: usize,
        failing: Failing,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<Ending> {
        let failures = self.report.failures;
        match command {
            Command::Read { from, count } => self.read(from, *count, out)?,
            Command::Write { to, data } => self.write(to, data, out)?,
            Command::Cat { path } if self.style == Style::Do => self.cat(path, out, notes)?,
            Command::Cat { path } => self.cat_once(path, out)?,
            Command::Echo { text, to: Some(to) } => self.echo(&to.path, text, redirected(to.append), out, notes)?,
            Command::File(command) => self.file(command, line, out, notes)?,
            _ => (),
        }
        if !self.report.aborted {
            self.tell_ended(out)?;
        }
        if failing == Failing::GoesOn {
            self.report.failures = failures;
        }
        Ok(if self.report.aborted { Ending::Aborted } else { Ending::Done })
    }

    fn file(
        &mut self,
        command: &FileCommand,
        line: usize,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<()> {
        match command {
            FileCommand::Open { handle, node, mode } => {
                let opened = self.devices.open(node, flags(*mode));
                let result = opened.map(|number| {
                    self.nameless.extend(self.handles.insert(handle.clone(), number));
                    0
                });
                self.say("open", handle, result, None, out)
            }
            FileCommand::Close { handle } => {
                let result = match self.handles.remove(handle) {
                    Some(number) => self.devices.close(number).map(|()| 0),
                    None => Err(Errno::EBADF.into()),
                };
                self.say("close", handle, result, None, out)
            }
            FileCommand::Lseek { handle, offset, whence } => {
                let result = self.number(handle).and_then(|number| self.devices.lseek(number, *offset, *whence));
                self.say("lseek", handle, result, None, out)
            }
            FileCommand::Ioctl { handle, command, argument } => self.ioctl(handle, *command, argument, out),
            FileCommand::Beside { handle, transfer } => self.beside(handle, transfer, out),
            FileCommand::Poll { handle } => {
                let mask = self.number(handle).and_then(|number| self.devices.poll(number));
                let shown = mask.as_ref().ok().map(|mask| poll_bits(*mask));
                self.say("poll", handle, mask.map(i64::from), shown, out)
            }
            FileCommand::Fasync { handle, on } => {
                let told = self.number(handle).and_then(|number| self.devices.fasync(number, *on));
                self.say("fasync", handle, told.map(i64::from), None, out)
            }
            FileCommand::MapMem { name, handle, length, offset, writes } => {
                let mapped = self.number(handle).and_then(|h| self.devices.map(h, *length, *offset, *writes));
                let result = mapped.map(|number| self.mappings.insert(name.clone(), number));
                self.say("mapmem", name, result.map(|_| 0), None, out)
            }
            FileCommand::Peek { name, offset, count } => {
                let mapping = self.mapping(name);
                let read = mapping.and_then(|map| self.devices.peek(map, *offset, (*count).min(READ_MOST)));
                self.say_data("peek", name, read, out)
            }
            FileCommand::Poke { name, offset, data } => {
                let written = self.mapping(name).and_then(|map| self.devices.poke(map, *offset, &bytes(data)));
                self.say("poke", name, written.map(|()| 0), None, out)
            }
            FileCommand::UnmapMem { name } => {
                let unmapped = self.mapping(name).and_then(|map| self.devices.unmap(map));
                self.mappings.remove(name);
                self.say("unmapmem", name, unmapped.map(|()| 0), None, out)
            }
            FileCommand::Gpio { line, level } => {
                let read = self.devices.gpio(*line, *level);
                if let (Style::Do, Ok(value), None) = (self.style, &read, level) {
                    self.ret = i64::from(*value);
                    return writeln!(out, "{value}");
                }
                self.device_verb("gpio", &line.to_string(), read.map(i64::from), out, notes)
            }
            FileCommand::Su { uid } => {
                let changed = self.devices.become_user(*uid);
                self.device_verb("su", &uid.to_string(), changed.map(|()| 0), out, notes)
            }
            FileCommand::PortRead { port, bytes } => {
                let read = self.devices.read_port(*port, *bytes);
                let port = format!("{port:#x}");
                if let (Style::Do, Ok(value)) = (self.style, &read) {
                    self.ret = i64::from(*value);
                    return writeln!(out, "{value:#0width$x}", width = 2 + 2 * *bytes as usize);
                }
                self.device_verb("port_read", &port, read.map(i64::from), out, notes)
            }
            FileCommand::PortWrite { port, value, bytes } => {
                let written = self.devices.write_port(*port, *bytes, *value);
                self.device_verb("port_write", &format!("{port:#x}"), written.map(|()| 0), out, notes)
            }
            FileCommand::ExpectRet { result } => self.expect_ret(result, line, out, notes),
            FileCommand::ExpectData { data, shown } => self.expect_data(data, shown, line, out, notes),
            FileCommand::WriteOnce { path, data } => {
                let text = bytes(data);
                if self.style == Style::Do {
                    return self.echo(path, &text, WRITE_ONLY, out, notes);
                }
                let result = self.write_path(path, &text, WRITE_ONLY);
                self.say("echo", path, result, None, out)
            }
            FileCommand::Dd(dd) => self.dd(dd, out, notes),
            FileCommand::MmioRead { device, offset, bytes } => {
                let read = self.devices.read_register(device, *offset, *bytes);
                if let (Style::Do, Ok(value)) = (self.style, &read) {
                    self.ret = i64::from(*value);
                    return writeln!(out, "{value:#0width$x}", width = 2 + 2 * *bytes as usize);
                }
                self.device_verb("mmio_read", device, read.map(i64::from), out, notes)
            }
            FileCommand::MmioWrite { device, offset, value, bytes } => {
                let written = self.devices.write_register(device, *offset, *bytes, *value);
                self.device_verb("mmio_write", device, written.map(|()| 0), out, notes)
            }
            FileCommand::Irq { device } => {
                let raised = self.devices.raise_irq(device);
                self.device_verb("irq", device, raised.map(|()| 0), out, notes)
            }
            FileCommand::Sleep { nanoseconds, shown } => {
                let slept = self.devices.sleep(*nanoseconds);
                self.device_verb("sleep", shown, slept.map(|()| 0), out, notes)
            }
            FileCommand::Insmod { file, params } => {
                let result = self.devices.insmod(file.as_deref(), params);
                self.module("insmod", file.as_deref(), result, out, notes)
            }
            FileCommand::Rmmod { name } => {
                let result = self.devices.rmmod(name.as_deref());
                self.module("rmmod", name.as_deref(), result, out, notes)
            }
        }
    }

    /// Ends a command on a device, or one that has no file: a script's line, or nothing but an error.
    fn device_verb(
        &mut self,
        verb: &str,
        name: &str,
        ret: Outcome<i64>,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<()> {
        if self.style == Style::Script {
            return self.say(verb, name, ret, None, out);
        }
        self.ret = ret.unwrap_or_default();
        self.done(verb, name, ret.map(|_| ()), notes)
    }

    fn ioctl(&mut self, handle: &str, command: u64, argument: &Argument, out: &mut dyn Write) -> io::Result<()> {
        let mut memory = match argument {
            Argument::Number(number) => {
                let result = self.number(handle).and_then(|open| self.devices.ioctl(open, command, *number));
                return self.say("ioctl", handle, result, None, out);
            }
            Argument::Int(value) => value.to_le_bytes().to_vec(),
            Argument::Bytes(data) => bytes(data),
        };
        let result = self.number(handle).and_then(|open| self.devices.ioctl_at(open, command, &mut memory));
        let shown = match (argument, <[u8; 4]>::try_from(&memory[..])) {
            (Argument::Int(_), Ok(word)) => format!("int:{}", i32::from_le_bytes(word)),
            _ => quoted(&memory, SHOWN),
        };
        self.data = memory;
        self.say("ioctl", handle, result, Some(shown), out)
    }

    fn beside(&mut self, handle: &str, transfer: &Transfer, out: &mut dyn Write) -> io::Result<()> {
        let number = self.number(handle);
        let begun = number.and_then(|number| match transfer {
            Transfer::Read(count) => self.devices.begin(number, (*count).min(READ_MOST), None),
            Transfer::Write(data) => self.devices.begin(number, 0, Some(&bytes(data))),
        });
        if begun.is_err() {
            return self.say("beside", handle, begun.map(|()| 0), None, out);
        }
        Ok(())
    }
    /// Tells what has ended of that which goes on beside the script. It does not change what `expect` looks at.
    fn tell_ended(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for (number, is_read, answer) in self.devices.ended() {
            let name = self.handles.iter().find(|(_, open)| **open == number).map_or("?", |(name, _)| name.as_str());
            let verb = if is_read { "read" } else { "write" };
            let (ret, data) = match answer {
                Ok(answer) => answer,
                Err(Refusal::Errno(errno)) => (-i64::from(errno.0), Vec::new()),
                Err(Refusal::Aborted) => {
                    self.report.aborted = true;
                    return Ok(());
                }
            };
            let data = if data.is_empty() { String::new() } else { format!(" {}", quoted(&data, SHOWN)) };
            writeln!(out, "drv: beside: {verb} {name} -> {}{data}", result(ret))?;
        }
        Ok(())
    }

    fn mapping(&self, name: &str) -> Outcome<Handle> {
        self.mappings.get(name).copied().ok_or_else(|| Errno::EBADF.into())
    }
    fn number(&self, handle: &str) -> Outcome<Handle> {
        self.handles.get(handle).copied().ok_or_else(|| Errno::EBADF.into())
    }

    fn read(&mut self, from: &Operand, count: u64, out: &mut dyn Write) -> io::Result<()> {
        let handle = from.to_string();
        let read = self.number(&handle).and_then(|number| self.devices.read(number, count.min(READ_MOST)));
        self.say_data("read", &handle, read, out)
    }
    fn write(&mut self, to: &Operand, data: &Data, out: &mut dyn Write) -> io::Result<()> {
        let handle = to.to_string();
        let number = self.number(&handle);
        let result = number.and_then(|number| self.devices.write(number, &bytes(data)));
        self.say("write", &handle, result.map(|taken| taken as i64), None, out)
    }

    /// A script's `cat`: one read.
    fn cat_once(&mut self, path: &str, out: &mut dyn Write) -> io::Result<()> {
        let read = self.with_open(path, READ_ONLY, |devices, number| devices.read(number, CAT_ONCE));
        self.say_data("cat", path, read, out)
    }
    /// The shell's `cat`: reads to the end and gives the bytes.
    fn cat(&mut self, path: &str, out: &mut dyn Write, notes: &mut dyn Write) -> io::Result<()> {
        let mut all = Vec::new();
        let result = self.with_open(path, READ_ONLY, |devices, number| loop {
            let part = devices.read(number, CAT_CHUNK)?;
            all.extend_from_slice(&part);
            if part.is_empty() || all.len() as u64 >= CAT_MOST {
                return Ok(());
            }
        });
        out.write_all(&all)?;
        if all.len() as u64 >= CAT_MOST {
            writeln!(notes, "cat: {path}: stopped after {CAT_MOST} bytes")?;
        }
        self.ret = all.len() as i64;
        self.data = all;
        self.done("cat", path, result, notes)
    }

    fn echo(
        &mut self,
        path: &str,
        text: &[u8],
        flags: OpenFlags,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<()> {
        if self.style == Style::Script {
            let result = self.write_path(path, text, flags);
            return self.say("echo", path, result, None, out);
        }
        let result = self.with_open(path, flags, |devices, number| write_all(devices, number, text));
        self.ret = text.len() as i64;
        self.done("echo", path, result, notes)
    }
    fn write_path(&mut self, path: &str, text: &[u8], flags: OpenFlags) -> Outcome<i64> {
        self.with_open(path, flags, |devices, number| devices.write(number, text)).map(|taken| taken as i64)
    }

    /// Copies blocks; says how many on the notes, as `dd` does.
    fn dd(&mut self, dd: &Dd, out: &mut dyn Write, notes: &mut dyn Write) -> io::Result<()> {
        let from = dd.from.as_deref().unwrap_or("/dev/zero");
        let mut copied = Copied::default();
        let mut shown = Vec::new();
        let result = self.copy(dd, from, &mut copied, &mut shown);
        if self.style == Style::Script {
            let result = result.map(|()| copied.bytes as i64);
            return self.say("dd", from, result, None, out);
        }
        out.write_all(&shown)?;
        writeln!(notes, "{}+{} records in", copied.whole_in, copied.part_in)?;
        writeln!(notes, "{}+{} records out", copied.whole_out, copied.part_out)?;
        writeln!(notes, "{} bytes copied", copied.bytes)?;
        self.ret = copied.bytes as i64;
        self.done("dd", from, result, notes)
    }

    fn copy(&mut self, dd: &Dd, from: &str, copied: &mut Copied, shown: &mut Vec<u8>) -> Outcome<()> {
        let input = if from == ZERO { None } else { Some(self.devices.open(from, READ_ONLY)?) };
        let write = OpenFlags { truncate: dd.seek == 0 && !dd.keeps, ..WRITE_ONLY };
        let output = match dd.to.as_deref() {
            None | Some(NULL) => Ok(None),
            Some(path) => self.devices.open(path, write).map(Some),
        };
        let result = output.and_then(|output| {
            let copying = self.copy_blocks(dd, input, output, copied, shown);
            let closed = output.map_or(Ok(()), |output| close_after(self.devices, output, &copying));
            copying.and(closed)
        });
        let closed = input.map_or(Ok(()), |input| close_after(self.devices, input, &result));
        result.and(closed)
    }

    fn copy_blocks(
        &mut self,
        dd: &Dd,
        input: Option<Handle>,
        output: Option<Handle>,
        copied: &mut Copied,
        shown: &mut Vec<u8>,
    ) -> Outcome<()> {
        use crate::device::Whence;
        let too_far = |_| Refusal::from(Errno::EINVAL);
        for (file, blocks) in [(input, dd.skip), (output, dd.seek)] {
            if let Some(file) = file.filter(|_| blocks > 0) {
                let offset = i64::try_from(u128::from(blocks) * u128::from(dd.block)).map_err(too_far)?;
                self.devices.lseek(file, offset, Whence::Set)?;
            }
        }
        let most = CAT_MOST / dd.block.max(1);
        for _ in 0..dd.count.unwrap_or(most).min(most.max(1)) {
            let part = match input {
                Some(input) => self.devices.read(input, dd.block)?,
                None => vec![0; dd.block as usize],
            };
            if part.is_empty() {
                break;
            }
            copied.came_in(part.len() as u64, dd.block);
            match output {
                Some(output) => {
                    write_all(self.devices, output, &part)?;
                }
                None if dd.to.is_none() => shown.extend_from_slice(&part),
                None => (),
            }
            copied.went_out(part.len() as u64, dd.block);
        }
        Ok(())
    }

    fn with_open<T>(
        &mut self,
        path: &str,
        flags: OpenFlags,
        work: impl FnOnce(&mut dyn Devices, Handle) -> Outcome<T>,
    ) -> Outcome<T> {
        let number = self.devices.open(path, flags)?;
        let result = work(self.devices, number);
        let closed = close_after(self.devices, number, &result);
        result.and_then(|value| closed.map(|()| value))
    }

    fn module(
        &mut self,
        verb: &str,
        name: Option<&str>,
        result: Outcome<()>,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<()> {
        let name = name.unwrap_or("module");
        match self.style {
            Style::Script => self.say(verb, name, result.map(|()| 0), None, out),
            Style::Do => {
                self.ret = 0;
                self.done(verb, name, result, notes)
            }
        }
    }

    /// Ends a command of [`Style::Do`]: silent when it succeeded.
    fn done(&mut self, verb: &str, path: &str, result: Outcome<()>, notes: &mut dyn Write) -> io::Result<()> {
        match result {
            Ok(()) => Ok(()),
            Err(Refusal::Errno(errno)) => {
                self.ret = -i64::from(errno.0);
                self.report.failures += 1;
                writeln!(notes, "{verb}: {path}: {errno}")
            }
            Err(Refusal::Aborted) => {
                self.report.aborted = true;
                Ok(())
            }
        }
    }

    fn say_data(&mut self, verb: &str, name: &str, read: Outcome<Vec<u8>>, out: &mut dyn Write) -> io::Result<()> {
        match read {
            Ok(data) => {
                self.data = data;
                let shown = (!self.data.is_empty()).then(|| quoted(&self.data, SHOWN));
                self.say(verb, name, Ok(self.data.len() as i64), shown, out)
            }
            Err(refusal) => self.say(verb, name, Err(refusal), None, out),
        }
    }
    /// Prints `drv: VERB NAME -> RESULT ["data"]`.
    fn say(
        &mut self,
        verb: &str,
        name: &str,
        ret: Outcome<i64>,
        data: Option<String>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.ret = match ret {
            Ok(ret) => ret,
            Err(Refusal::Errno(errno)) => -i64::from(errno.0),
            Err(Refusal::Aborted) => {
                self.report.aborted = true;
                return Ok(());
            }
        };
        let data = data.map_or(String::new(), |data| format!(" {data}"));
        writeln!(out, "drv: {verb} {name} -> {}{data}", result(self.ret))
    }

    fn expect_ret(
        &mut self,
        expected: &Expected,
        line: usize,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<()> {
        if self.ret == expected.ret {
            return Ok(());
        }
        self.mismatch(line, "ret", &expected.shown, out)?;
        writeln!(notes, "line {line}: the last result is {}", result(self.ret))
    }
    fn expect_data(
        &mut self,
        data: &[u8],
        shown: &str,
        line: usize,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<()> {
        if self.ret == data.len() as i64 && self.data.get(..data.len()) == Some(data) {
            return Ok(());
        }
        self.mismatch(line, "data", shown, out)?;
        let (ret, data) = (result(self.ret), quoted(&self.data, SHOWN));
        writeln!(notes, "line {line}: the last result is {ret}, the last data {data}")
    }
    fn mismatch(&mut self, line: usize, what: &str, shown: &str, out: &mut dyn Write) -> io::Result<()> {
        self.report.mismatches += 1;
        writeln!(out, "drv: line {line}: expect {what} {shown}: MISMATCH")
    }

    /// Closes what is open, and prints a script's verdict.
    pub(super) fn finish(&mut self, out: &mut dyn Write) -> io::Result<FileReport> {
        let open: Vec<Handle> = std::mem::take(&mut self.handles).into_values().collect();
        for mapping in std::mem::take(&mut self.mappings).into_values() {
            if !self.report.aborted && self.devices.unmap(mapping) == Err(Refusal::Aborted) {
                self.report.aborted = true;
            }
        }
        for handle in self.nameless.drain(..).chain(open) {
            if self.report.aborted {
                break;
            }
            if self.devices.close(handle) == Err(Refusal::Aborted) {
                self.report.aborted = true;
            }
        }
        if self.style == Style::Script {
            let failed = self.report.mismatches > 0 || self.report.aborted;
            writeln!(out, "drv: driver script: {}", if failed { "failed" } else { "ok" })?;
        }
        Ok(self.report)
    }
}

const READ_ONLY: OpenFlags = OpenFlags { read: true, write: false, truncate: false, append: false, nonblock: false };
const WRITE_ONLY: OpenFlags = OpenFlags { read: false, write: true, ..READ_ONLY };

/// How `> PATH` and `>> PATH` open it.
fn redirected(append: bool) -> OpenFlags {
    OpenFlags { append, truncate: !append, ..WRITE_ONLY }
}

/// Sources and sinks that every system has.
const ZERO: &str = "/dev/zero";
const NULL: &str = "/dev/null";

fn flags(mode: Mode) -> OpenFlags {
    let none = OpenFlags::default();
    match mode {
        Mode::Read => READ_ONLY,
        Mode::Write => WRITE_ONLY,
        Mode::ReadWrite => OpenFlags { read: true, write: true, ..none },
        Mode::WriteTruncate => OpenFlags { write: true, truncate: true, ..none },
        Mode::ReadNonblock => OpenFlags { read: true, nonblock: true, ..none },
    }
}

/// The names of the bits that poll(2) gives.
fn poll_bits(mask: u32) -> String {
    const BITS: [(u32, &str); 10] = [
        (0x1, "POLLIN"),
        (0x2, "POLLPRI"),
        (0x4, "POLLOUT"),
        (0x8, "POLLERR"),
        (0x10, "POLLHUP"),
        (0x20, "POLLNVAL"),
        (0x40, "POLLRDNORM"),
        (0x80, "POLLRDBAND"),
        (0x100, "POLLWRNORM"),
        (0x200, "POLLWRBAND"),
    ];
    let named: Vec<&str> = BITS.iter().filter(|(bit, _)| mask & bit != 0).map(|(_, name)| *name).collect();
    named.join("|")
}

fn bytes(data: &Data) -> Vec<u8> {
    match data {
        Data::Text(text) => text.clone(),
        Data::Fill { byte, count } => vec![*byte; *count as usize],
    }
}

/// Writes until all is taken; a driver that takes nothing is out of space.
fn write_all(devices: &mut dyn Devices, number: Handle, mut text: &[u8]) -> Outcome<()> {
    while !text.is_empty() {
        let taken = devices.write(number, text)?;
        if taken == 0 {
            return Err(Errno::ENOSPC.into());
        }
        text = text.get(taken as usize..).unwrap_or(&[]);
    }
    Ok(())
}

/// Closes a file, unless the module died while it was used.
fn close_after<T>(devices: &mut dyn Devices, number: Handle, result: &Outcome<T>) -> Outcome<()> {
    if matches!(result, Err(Refusal::Aborted)) {
        Ok(())
    } else {
        devices.close(number)
    }
}

/// What `dd` counts.
#[derive(Default)]
struct Copied {
    whole_in: u64,
    part_in: u64,
    whole_out: u64,
    part_out: u64,
    bytes: u64,
}

impl Copied {
    fn came_in(&mut self, bytes: u64, block: u64) {
        *(if bytes == block { &mut self.whole_in } else { &mut self.part_in }) += 1;
    }
    fn went_out(&mut self, bytes: u64, block: u64) {
        *(if bytes == block { &mut self.whole_out } else { &mut self.part_out }) += 1;
        self.bytes += bytes;
    }
}
