//! Names: a script that uses one which nothing in it makes is refused before it runs.

use super::{Dialect, FileVerbs};
use crate::ast::{Base, Command, FileCommand, Operand, PoolOf, Program, Statement};
use crate::syntax::{did_you_mean, SyntaxError};
use std::collections::BTreeSet;

/// The names that a shell holds when a script begins.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a>(&'a [String]);

impl<'a> Known<'a> {
    /// A shell that holds nothing.
    pub const fn nothing() -> Self {
        Self(&[])
    }
    /// A shell that holds these.
    pub const fn names(names: &'a [String]) -> Self {
        Self(names)
    }
}

pub(super) fn check(program: &Program, dialect: Dialect, known: Known<'_>) -> Result<(), SyntaxError> {
    let mut names: BTreeSet<&str> = known.0.iter().map(String::as_str).collect();
    collect(&program.statements, &mut names);
    uses(&program.statements, dialect, &mut |operand| match &operand.base {
        Base::Name(name) if !names.contains(name.as_str()) => {
            let error = SyntaxError::new(operand.place, format!("nothing is named `{name}`"));
            Err(match did_you_mean(name, names.iter().copied()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help(format!("`{name} = …` would make it")),
            })
        }
        _ => Ok(()),
    })
}

fn collect<'p>(statements: &'p [Statement], names: &mut BTreeSet<&'p str>) {
    for statement in statements {
        names.extend(statement.target.as_deref());
        match &statement.command {
            Command::For { body, .. } | Command::Random { body, .. } | Command::FailEach { body } => {
                collect(body, names)
            }
            Command::File(FileCommand::Open { handle, .. }) => {
                names.insert(handle);
            }
            _ => (),
        }
    }
}

fn uses(
    statements: &[Statement],
    dialect: Dialect,
    visit: &mut impl FnMut(&Operand) -> Result<(), SyntaxError>,
) -> Result<(), SyntaxError> {
    for statement in statements {
        match &statement.command {
            Command::For { body, .. } | Command::Random { body, .. } | Command::FailEach { body } => {
                uses(body, dialect, visit)?
            }
            // A handle that is not open is answered at run time, as by a kernel: EBADF.
            Command::Read { .. } | Command::Write { .. } if dialect.files == FileVerbs::Present => (),
            command => operands(command).into_iter().try_for_each(&mut *visit)?,
        }
    }
    Ok(())
}

/// Returns what a command works on.
pub(crate) fn operands(command: &Command) -> Vec<&Operand> {
    match command {
        Command::FreePages { object, .. }
        | Command::FreePagesExact { object }
        | Command::Krealloc { object, .. }
        | Command::Kfree { object }
        | Command::KfreeSensitive { object }
        | Command::KfreeRcu { object }
        | Command::Kvfree { object }
        | Command::Kvrealloc { object, .. }
        | Command::Ksize { object }
        | Command::Vfree { object }
        | Command::Vunmap { object }
        | Command::Iounmap { object }
        | Command::KunmapLocal { object }
        | Command::VirtToPhys { object }
        | Command::PageOf { object }
        | Command::Vtop { object } => vec![object],
        Command::CacheAlloc { cache, .. } | Command::CacheShrink { cache } | Command::CacheDestroy { cache } => {
            vec![cache]
        }
        Command::CacheAllocNode { cache, .. } | Command::CacheAllocBulk { cache, .. } => vec![cache],
        Command::CacheFree { cache, object } => vec![cache, object],
        Command::CacheFreeBulk { cache, objects } => vec![cache, objects],
        Command::PoolCreate { of: PoolOf::Cache(cache), .. } => vec![cache],
        Command::PoolAlloc { pool, .. } | Command::PoolResize { pool, .. } | Command::PoolDestroy { pool } => {
            vec![pool]
        }
        Command::PoolFree { pool, element } => vec![pool, element],
        Command::Vmap { objects } => objects.iter().collect(),
        Command::Kmap { pages } | Command::Kunmap { pages } | Command::KmapLocal { pages } => vec![pages],
        Command::SplitPage { pages } | Command::GetPage { pages } | Command::PutPage { pages } => vec![pages],
        Command::FileRead { file, .. } | Command::FileWrite { file, .. } | Command::FileClose { file } => vec![file],
        Command::FreeEvery { name, .. } => vec![name],
        Command::Mmap { mm, .. } | Command::Brk { mm, .. } | Command::MmDestroy { mm } => vec![mm],
        Command::Touch { mm, at, .. } | Command::Munmap { mm, at, .. } => vec![mm, at],
        Command::Read { from: operand, .. } | Command::Write { to: operand, .. } => vec![operand],
        _ => Vec::new(),
    }
}
