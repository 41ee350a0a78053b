//! The commands on files of a module: how each reads its arguments. The forms of a driver script.

use super::args::Args;
use crate::ast::{Argument, Command, Dd, Expected, FileCommand, Mode, Transfer};
use crate::device::Whence;
use crate::errno::Errno;
use crate::lex::Kind;
use crate::number::{signed, size};
use crate::syntax::SyntaxError;

/// Reads the arguments of a command.
pub(super) fn command(mut args: Args<'_>) -> Result<Command, SyntaxError> {
    let command = read(&mut args)?;
    args.done()?;
    Ok(Command::File(command))
}

fn read(args: &mut Args<'_>) -> Result<FileCommand, SyntaxError> {
    Ok(match args.verb.name {
        "open" => FileCommand::Open {
            handle: args.name("a handle")?,
            node: args.word("a path, or @REGION:MINOR")?.to_owned(),
            mode: one_of(args, &MODES, "r, w, rw, wt or rn")?,
        },
        "lseek" => FileCommand::Lseek {
            handle: args.name("a handle")?,
            offset: args.signed("an offset")?,
            whence: one_of(args, &WHENCES, "set, cur or end")?,
        },
        "ioctl" => FileCommand::Ioctl {
            handle: args.name("a handle")?,
            command: args.number("a command number")?,
            argument: argument(args)?,
        },
        "beside" => beside(args)?,
        "poll" => FileCommand::Poll { handle: args.name("a handle")? },
        "fasync" => FileCommand::Fasync {
            handle: args.name("a handle")?,
            on: one_of(args, &[("on", true), ("off", false)], "on or off")?,
        },
        "mapmem" => FileCommand::MapMem {
            name: args.name("a name")?,
            handle: args.name("a handle")?,
            length: args.size("a length")?,
            offset: match args.peek_word() {
                None | Some("ro") => 0,
                Some(_) => args.size("an offset")?,
            },
            writes: args.is_empty() || !one_of(args, &[("ro", true)], "ro")?,
        },
        "peek" => FileCommand::Peek {
            name: args.name("a mapping")?,
            offset: args.size("an offset")?,
            count: args.size("a number of bytes")?,
        },
        "poke" => {
            FileCommand::Poke { name: args.name("a mapping")?, offset: args.size("an offset")?, data: args.data()? }
        }
        "unmapmem" => FileCommand::UnmapMem { name: args.name("a mapping")? },
        "gpio" => FileCommand::Gpio {
            line: args.number("a line")? as u32,
            level: if args.is_empty() { None } else { Some(one_of(args, &[("0", false), ("1", true)], "0 or 1")?) },
        },
        "su" => FileCommand::Su { uid: args.number("a user's number")? as u32 },
        "port_read" => FileCommand::PortRead { port: args.number("a port")? as u32, bytes: port_width(args)? },
        "port_write" => FileCommand::PortWrite {
            port: args.number("a port")? as u32,
            value: args.signed("a value")? as u32,
            bytes: port_width(args)?,
        },
        "close" => FileCommand::Close { handle: args.name("a handle")? },
        "expect" => expect(args)?,
        "dd" => FileCommand::Dd(dd(args)?),
        "insmod" => insmod(args)?,
        "rmmod" => {
            let name = if args.is_empty() { None } else { Some(args.word("a name")?.to_owned()) };
            FileCommand::Rmmod { name }
        }
        "mmio_read" => FileCommand::MmioRead {
            device: args.word("a device")?.to_owned(),
            offset: args.number("an offset")?,
            bytes: width(args)?,
        },
        "mmio_write" => FileCommand::MmioWrite {
            device: args.word("a device")?.to_owned(),
            offset: args.number("an offset")?,
            value: args.signed("a value")? as u32,
            bytes: width(args)?,
        },
        "irq" => FileCommand::Irq { device: args.word("a device")?.to_owned() },
        "sleep" => {
            let word = args.word("a time")?;
            match time(word) {
                Some(nanoseconds) => FileCommand::Sleep { nanoseconds, shown: word.to_owned() },
                None => {
                    return Err(args.expected("a time: 2, 0.5, 10ms or 500us", &format!("`{word}`"), args.last_place()))
                }
            }
        }
        other => return Err(SyntaxError::new(args.last_place(), format!("{other}: not in this version"))),
    })
}

fn argument(args: &mut Args<'_>) -> Result<Argument, SyntaxError> {
    let word = match args.peek_word() {
        None if args.is_empty() => return Ok(Argument::Number(0)),
        None => return Ok(Argument::Bytes(args.data()?)),
        Some(word) => word.to_owned(),
    };
    if let Some(value) = word.strip_prefix("int:") {
        let value = signed(value).ok().and_then(|value| i32::try_from(value).ok());
        args.word("int:N")?;
        let what = "int:N, N of 32 bits";
        return value.map(Argument::Int).ok_or_else(|| args.expected(what, &format!("`{word}`"), args.last_place()));
    }
    if word.starts_with("fill:") {
        return Ok(Argument::Bytes(args.data()?));
    }
    Ok(Argument::Number(args.signed("an argument")? as u64))
}

fn beside(args: &mut Args<'_>) -> Result<FileCommand, SyntaxError> {
    let reads = one_of(args, &[("read", true), ("write", false)], "read or write")?;
    let handle = args.name("a handle")?;
    let transfer = if reads { Transfer::Read(args.size("a count")?) } else { Transfer::Write(args.data()?) };
    Ok(FileCommand::Beside { handle, transfer })
}

/// How many bytes a port has: one, if it is not said.
fn port_width(args: &mut Args<'_>) -> Result<u32, SyntaxError> {
    if args.is_empty() {
        return Ok(1);
    }
    width(args)
}

/// How many bytes a register has.
fn width(args: &mut Args<'_>) -> Result<u32, SyntaxError> {
    if args.is_empty() {
        return Ok(4);
    }
    one_of(args, &[("1", 1), ("2", 2), ("4", 4)], "1, 2 or 4")
}

/// The longest pause: a day.
const LONGEST_NS: f64 = 86_400e9;

/// Reads a time: seconds, or a number with `ms`, `us` or `ns`. In nanoseconds.
fn time(word: &str) -> Option<u64> {
    let units = [("ms", 1e6), ("us", 1e3), ("ns", 1.0), ("s", 1e9), ("", 1e9)];
    let (number, unit) = units.iter().find_map(|(name, unit)| Some((word.strip_suffix(name)?, unit)))?;
    let is_plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let time = number.parse::<f64>().ok().filter(|_| is_plain)? * unit;
    (time <= LONGEST_NS).then_some(time as u64)
}

const MODES: [(&str, Mode); 5] = [
    ("r", Mode::Read),
    ("w", Mode::Write),
    ("rw", Mode::ReadWrite),
    ("wt", Mode::WriteTruncate),
    ("rn", Mode::ReadNonblock),
];
const WHENCES: [(&str, Whence); 3] = [("set", Whence::Set), ("cur", Whence::Current), ("end", Whence::End)];

fn one_of<T: Copy>(args: &mut Args<'_>, known: &[(&str, T)], what: &str) -> Result<T, SyntaxError> {
    let word = args.word(what)?;
    let found = known.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| *value).ok_or_else(|| args.expected(what, &format!("`{word}`"), args.last_place()))
}

fn expect(args: &mut Args<'_>) -> Result<FileCommand, SyntaxError> {
    let what = "`ret` or `data`";
    match args.word(what)? {
        "ret" => {
            let word = args.word("a number or -ENAME")?;
            let ret = match Errno::by_name(word) {
                Some(errno) => Ok(-i64::from(errno.0)),
                None => signed(word),
            };
            let ret = ret.map_err(|_| args.expected("a number or -ENAME", &format!("`{word}`"), args.last_place()))?;
            Ok(FileCommand::ExpectRet { result: Expected { ret, shown: word.to_owned() } })
        }
        "data" => {
            let token = args.token("a \"text\"")?;
            match &token.kind {
                Kind::Text { bytes, raw } => Ok(FileCommand::ExpectData { data: bytes.clone(), shown: raw.clone() }),
                Kind::Word(word) => {
                    Ok(FileCommand::ExpectData { data: word.clone().into_bytes(), shown: word.clone() })
                }
                _ => Err(args.expected("a \"text\"", &token.shown(), token.place)),
            }
        }
        other => Err(args.expected(what, &format!("`{other}`"), args.last_place())),
    }
}

fn dd(args: &mut Args<'_>) -> Result<Dd, SyntaxError> {
    let mut dd = Dd { from: None, to: None, block: 512, count: None, skip: 0, seek: 0, keeps: false };
    while !args.is_empty() {
        let what = "if=, of=, bs=, count=, skip=, seek= or conv=notrunc";
        let word = args.word(what)?;
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let sized = || {
            size(value).map_err(|why| {
                SyntaxError::new(args.last_place(), format!("expected a size behind `{key}=`, found `{value}`: {why}"))
            })
        };
        match key {
            "if" => dd.from = Some(value.to_owned()),
            "of" => dd.to = Some(value.to_owned()),
            "bs" => dd.block = sized()?,
            "count" => dd.count = Some(sized()?),
            "skip" => dd.skip = sized()?,
            "seek" => dd.seek = sized()?,
            "conv" if value == "notrunc" => dd.keeps = true,
            // How much dd says about its work.
            "status" => (),
            _ => return Err(args.expected(what, &format!("`{word}`"), args.last_place())),
        }
    }
    if dd.from.is_none() {
        return Err(args.expected("if=PATH: there is no other input", "none", args.last_place()));
    }
    if dd.block == 0 || dd.block > MOST_BLOCK {
        let what = format!("a block of {} bytes; 1 to {MOST_BLOCK} is possible", dd.block);
        return Err(SyntaxError::new(args.last_place(), what));
    }
    Ok(dd)
}

/// The largest block that `dd` copies at once.
const MOST_BLOCK: u64 = 64 << 20;

fn insmod(args: &mut Args<'_>) -> Result<FileCommand, SyntaxError> {
    let (mut file, mut params) = (None, Vec::new());
    while !args.is_empty() {
        let word = args.word("PARAM=VALUE")?.to_owned();
        if word.contains('=') {
            params.push(word);
        } else if file.is_none() && params.is_empty() {
            file = Some(word);
        } else {
            return Err(args.expected("PARAM=VALUE", &format!("`{word}`"), args.last_place()));
        }
    }
    Ok(FileCommand::Insmod { file, params })
}
