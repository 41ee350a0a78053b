//! The commands on memory and of the shell itself: how each reads its arguments.

use super::args::Args;
use crate::ast::{Access, Base, Brk, Command, Context, Fail, FileCommand, Operand, PoolOf, Redirection, Which};
use crate::lex::Kind;
use crate::number::{number as number_of_text, share, signed, size as size_of_text};
use crate::parse::FileVerbs;
use crate::syntax::SyntaxError;
use crate::verb::Verb;
use kmem::Gfp;

/// Reads the arguments of a command.
pub(super) fn command(mut args: Args<'_>) -> Result<Command, SyntaxError> {
    let command = read(&mut args)?;
    args.done()?;
    Ok(command)
}

fn read(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    Ok(match args.verb.name {
        "alloc_pages" => Command::AllocPages { order: args.small("an order")?, gfp: args.gfp()? },
        "get_free_pages" => Command::GetFreePages { order: args.small("an order")?, gfp: args.gfp()? },
        "get_zeroed_page" => Command::GetFreePages { order: 0, gfp: args.gfp()? | Gfp::ZERO },
        "alloc_pages_node" => {
            Command::AllocPagesNode { node: args.small("a node")?, order: args.small("an order")?, gfp: args.gfp()? }
        }
        "alloc_pages_bulk" => Command::AllocPagesBulk { count: args.small("a count")?, gfp: args.gfp()? },
        "alloc_pages_exact" => Command::AllocPagesExact { size: args.size("a size")?, gfp: args.gfp()? },
        "free_pages_exact" => Command::FreePagesExact { object: args.operand("pages")? },
        "split_page" => Command::SplitPage { pages: args.operand("pages")? },
        "get_page" => Command::GetPage { pages: args.operand("pages")? },
        "put_page" => Command::PutPage { pages: args.operand("pages")? },
        "free_pages" => {
            let object = args.operand("pages")?;
            let order = if args.is_empty() { None } else { Some(args.small("an order")?) };
            Command::FreePages { object, order }
        }
        "kmalloc" => Command::Kmalloc { size: args.size("a size")?, gfp: args.gfp()? },
        "kzalloc" => Command::Kmalloc { size: args.size("a size")?, gfp: args.gfp()? | Gfp::ZERO },
        "krealloc" => {
            Command::Krealloc { object: args.operand("an object")?, size: args.size("a size")?, gfp: args.gfp()? }
        }
        "kmalloc_array" => array(args, Gfp::empty())?,
        "kcalloc" => array(args, Gfp::ZERO)?,
        "kmalloc_node" => {
            Command::KmallocNode { size: args.size("a size")?, gfp: args.gfp()?, node: args.small("a node")? }
        }
        "kstrdup" => Command::Kstrdup { text: name_or_text(args, "a text")?.into_bytes(), gfp: args.gfp()? },
        "kvmalloc" => Command::Kvmalloc { count: 1, size: args.size("a size")?, gfp: args.gfp()? },
        "kvzalloc" => Command::Kvmalloc { count: 1, size: args.size("a size")?, gfp: args.gfp()? | Gfp::ZERO },
        "kvcalloc" => {
            Command::Kvmalloc { count: args.size("a count")?, size: args.size("a size")?, gfp: args.gfp()? | Gfp::ZERO }
        }
        "kvrealloc" => {
            Command::Kvrealloc { object: args.operand("an object")?, size: args.size("a size")?, gfp: args.gfp()? }
        }
        "kvfree" => Command::Kvfree { object: args.operand("an object")? },
        "kfree_sensitive" => Command::KfreeSensitive { object: args.operand("an object")? },
        "kfree_rcu" => Command::KfreeRcu { object: args.operand("an object")? },
        "kmem_cache_alloc_node" => {
            Command::CacheAllocNode { cache: cache(args)?, gfp: args.gfp()?, node: args.small("a node")? }
        }
        "kmem_cache_alloc_bulk" => {
            let (cache, gfp, count) = (cache(args)?, args.gfp()?, args.small("a count")?);
            args.affordable(u64::from(count) * 8)?;
            Command::CacheAllocBulk { cache, gfp, count }
        }
        "kmem_cache_free_bulk" => Command::CacheFreeBulk { cache: cache(args)?, objects: args.operand("objects")? },
        "mempool_resize" => Command::PoolResize { pool: pool(args)?, count: args.small("a count")? },
        "rcu_read_lock" => Command::Context(Context::RcuReadLock),
        "rcu_read_unlock" => Command::Context(Context::RcuReadUnlock),
        "synchronize_rcu" => Command::SynchronizeRcu,
        "rcu_barrier" => Command::RcuBarrier,
        "kfree" => Command::Kfree { object: args.operand("an object")? },
        "ksize" => Command::Ksize { object: args.operand("an object")? },
        "kmem_cache_create" => cache_create(args)?,
        "kmem_cache_alloc" => Command::CacheAlloc { cache: cache(args)?, gfp: args.gfp()? },
        "kmem_cache_free" => Command::CacheFree { cache: cache(args)?, object: args.operand("an object")? },
        "kmem_cache_shrink" => Command::CacheShrink { cache: cache(args)? },
        "kmem_cache_destroy" => Command::CacheDestroy { cache: cache(args)? },
        "mempool_create" => Command::PoolCreate { count: args.small("a count")?, of: pool_of(args)? },
        "mempool_alloc" => Command::PoolAlloc { pool: pool(args)?, gfp: args.gfp()? },
        "mempool_free" => Command::PoolFree { pool: pool(args)?, element: args.operand("an element")? },
        "mempool_destroy" => Command::PoolDestroy { pool: pool(args)? },
        "vmalloc" => Command::Vmalloc { size: args.size("a size")? },
        "vfree" => Command::Vfree { object: args.operand("an area")? },
        "vmap" => vmap(args)?,
        "vunmap" => Command::Vunmap { object: args.operand("a mapping")? },
        "ioremap" => Command::Ioremap { phys: args.size("a physical address")?, size: args.size("a size")? },
        "iounmap" => Command::Iounmap { object: args.operand("a mapping")? },
        "kmap" => Command::Kmap { pages: args.operand("pages")? },
        "kunmap" => Command::Kunmap { pages: args.operand("pages")? },
        "kmap_local" => Command::KmapLocal { pages: args.operand("pages")? },
        "kunmap_local" => Command::KunmapLocal { object: args.operand("a mapping")? },
        "mm_create" => mm_create(args)?,
        "mmap" => mmap(args)?,
        "brk" => brk(args)?,
        "touch" => Command::Touch { mm: mm(args)?, at: args.operand("an address")?, size: optional_size(args)? },
        "munmap" => Command::Munmap { mm: mm(args)?, at: args.operand("an address")?, size: optional_size(args)? },
        "mm_destroy" => Command::MmDestroy { mm: mm(args)? },
        "file_open" => Command::FileOpen { name: name_or_text(args, "a name for the file")? },
        "file_read" => {
            let (file, size, offset) = part_of_file(args)?;
            Command::FileRead { file, size, offset }
        }
        "file_write" => {
            let (file, size, offset) = part_of_file(args)?;
            Command::FileWrite { file, size, offset }
        }
        "file_close" => Command::FileClose { file: args.operand("a file")? },
        "sync" => Command::Sync,
        "kswapd" => Command::Kswapd { node: if args.is_empty() { None } else { Some(args.small("a node")?) } },
        "reclaim" => Command::Reclaim,
        "compact" => Command::Compact,
        "preempt_disable" => Command::Context(Context::PreemptDisable),
        "preempt_enable" => Command::Context(Context::PreemptEnable),
        "irq_disable" => Command::Context(Context::IrqDisable),
        "irq_enable" => Command::Context(Context::IrqEnable),
        "read" => {
            let from = args.operand("an object")?;
            let count = args.size("a count")?;
            Command::Read { from, count: args.affordable(count)? }
        }
        "write" => Command::Write { to: args.operand("an object")?, data: args.data()? },
        "fill" => fill(args)?,
        "virt_to_phys" => Command::VirtToPhys { object: args.operand("an address")? },
        "phys_to_virt" => Command::PhysToVirt { phys: args.size("a physical address")? },
        "page_of" => Command::PageOf { object: args.operand("an address")? },
        "vtop" => Command::Vtop { object: args.operand("an address")? },
        "cat" => Command::Cat { path: args.word("a path")?.to_owned() },
        "echo" => echo(args)?,
        "sysctl" => sysctl(args)?,
        "drain" => Command::Drain,
        "verify" => Command::Verify,
        "validate" if args.is_empty() => Command::Validate { cache: None },
        "validate" => Command::Validate { cache: Some(args.word("a cache")?.to_owned()) },
        "live" => Command::Live,
        "free_all" => Command::FreeAll,
        "free_every" => free_every(args)?,
        "fail" => Command::Fail(fail(args)?),
        "help" => help(args)?,
        // The table of commands and this function name the same ones; a test goes through all of them.
        other => return Err(SyntaxError::new(args.last_place(), format!("{other}: not in this version"))),
    })
}

fn cache(args: &mut Args<'_>) -> Result<Operand, SyntaxError> {
    args.operand("a cache")
}
fn pool(args: &mut Args<'_>) -> Result<Operand, SyntaxError> {
    args.operand("a pool")
}

fn array(args: &mut Args<'_>, also: Gfp) -> Result<Command, SyntaxError> {
    let (count, size) = (args.size("a count")?, args.size("a size")?);
    Ok(Command::KmallocArray { count, size, gfp: args.gfp()? | also })
}

fn mm(args: &mut Args<'_>) -> Result<Operand, SyntaxError> {
    args.operand("a process")
}
fn optional_size(args: &mut Args<'_>) -> Result<Option<u64>, SyntaxError> {
    if args.is_empty() {
        return Ok(None);
    }
    args.size("a size").map(Some)
}

fn mm_create(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    let (mut comm, mut oom_score_adj) = (None, 0);
    while !args.is_empty() {
        let what = "a name or oom_score_adj=N";
        let word = args.word(what)?;
        let place = args.last_place();
        if let Some(value) = word.strip_prefix("oom_score_adj=") {
            let adj = signed(value).ok().and_then(|adj| i16::try_from(adj).ok());
            let adj = adj.filter(|adj| (-1000..=1000).contains(adj));
            oom_score_adj = adj.ok_or_else(|| args.expected("-1000 to 1000", &format!("`{value}`"), place))?;
        } else if comm.is_none() && !word.contains('=') {
            comm = Some(word.to_owned());
        } else {
            return Err(args.expected(what, &format!("`{word}`"), place));
        }
    }
    Ok(Command::MmCreate { comm: comm.unwrap_or_else(|| "mm".into()), oom_score_adj })
}

fn mmap(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    let (mm, size) = (mm(args)?, args.size("a size")?);
    let (mut at, mut access) = (0, Access::ReadWrite);
    while !args.is_empty() {
        let what = "at=ADDR or ro";
        let word = args.word(what)?;
        let place = args.last_place();
        match word.strip_prefix("at=").map(size_of_text) {
            Some(Ok(addr)) => at = addr,
            None if word == "ro" => access = Access::Read,
            _ => return Err(args.expected(what, &format!("`{word}`"), place)),
        }
    }
    Ok(Command::Mmap { mm, size, at, access })
}

fn brk(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    let mm = mm(args)?;
    if args.is_empty() {
        return Ok(Command::Brk { mm, to: Brk::Here });
    }
    let what = "+SIZE, -SIZE or an address";
    let word = args.word(what)?;
    let place = args.last_place();
    let (make, text): (fn(u64) -> Brk, &str) = match (word.strip_prefix('+'), word.strip_prefix('-')) {
        (Some(up), _) => (Brk::Up, up),
        (None, Some(down)) => (Brk::Down, down),
        (None, None) => (Brk::To, word),
    };
    let value = size_of_text(text).map_err(|_| args.expected(what, &format!("`{word}`"), place))?;
    Ok(Command::Brk { mm, to: make(value) })
}

fn name_or_text(args: &mut Args<'_>, what: &str) -> Result<String, SyntaxError> {
    let token = args.token(what)?;
    match &token.kind {
        Kind::Word(word) => Ok(word.clone()),
        Kind::Text { bytes, .. } => Ok(String::from_utf8_lossy(bytes).into_owned()),
        _ => Err(args.expected(what, &token.shown(), token.place)),
    }
}

fn part_of_file(args: &mut Args<'_>) -> Result<(Operand, u64, u64), SyntaxError> {
    let (file, size) = (args.operand("a file")?, args.size("a size")?);
    Ok((file, size, optional_size(args)?.unwrap_or(0)))
}

fn free_every(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    let nth = args.number("a number")?;
    if nth == 0 {
        return Err(args.expected("1 or more", "`0`", args.last_place()));
    }
    let name = args.operand("a name")?;
    match name {
        Operand { base: Base::Name(_), offset: 0, .. } => Ok(Command::FreeEvery { nth, name }),
        other => Err(args.expected("a name", &format!("`{other}`"), other.place)),
    }
}

fn cache_create(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    Ok(Command::CacheCreate {
        name: name_or_text(args, "a name for the cache")?,
        size: args.small("a size")?,
        align: args.small("an alignment (0 for none)")?,
        flags: args.slab_flags()?,
    })
}

fn pool_of(args: &mut Args<'_>) -> Result<PoolOf, SyntaxError> {
    match args.peek().map(|token| &token.kind) {
        Some(Kind::Word(word)) if word == "kmalloc" => {
            args.word("kmalloc")?;
            Ok(PoolOf::Kmalloc(args.size("a size")?))
        }
        Some(Kind::Word(word)) if word == "pages" => {
            args.word("pages")?;
            Ok(PoolOf::Pages(args.small("an order")?))
        }
        _ => Ok(PoolOf::Cache(args.operand("a cache, `kmalloc SIZE` or `pages ORDER`")?)),
    }
}

fn vmap(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    let mut objects = vec![args.operand("pages")?];
    while !args.is_empty() {
        objects.push(args.operand("pages")?);
    }
    Ok(Command::Vmap { objects })
}

fn fill(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    let to = args.operand("an object")?;
    let byte = args.number("a byte")?;
    let byte = args.byte(byte)?;
    let count = args.size("a count")?;
    let count = args.affordable(count)?;
    Ok(Command::Write { to, data: crate::ast::Data::Fill { byte, count } })
}

/// `echo TEXT > PATH`, `echo PATH "text"`, or a text to show.
fn echo(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    if let Some(path) = path_before_text(args) {
        args.word("a path")?;
        return Ok(Command::File(FileCommand::WriteOnce { path, data: args.data()? }));
    }
    let (mut text, mut newline) = (Vec::new(), true);
    let mut first = true;
    while let Some(token) = args.peek().filter(|token| !matches!(token.kind, Kind::Redirect { .. })) {
        args.token("a text")?;
        let part = match &token.kind {
            Kind::Word(word) if first && word == "-n" => {
                newline = false;
                continue;
            }
            Kind::Word(word) => word.as_bytes(),
            Kind::Text { bytes, .. } => bytes,
            _ => return Err(args.expected("a text", &token.shown(), token.place)),
        };
        if !first {
            text.push(b' ');
        }
        first = false;
        text.extend_from_slice(part);
    }
    if newline {
        text.push(b'\n');
    }
    if args.is_empty() {
        return Ok(Command::Echo { text, to: None });
    }
    let redirect = args.token("`>`")?;
    let path = args.word("a path behind `>`")?.to_owned();
    if let Some(key) = path.strip_prefix("/proc/sys/vm/") {
        let value = String::from_utf8_lossy(&text).trim().to_owned();
        return Ok(Command::Sysctl { key: format!("vm.{key}"), value: Some(value) });
    }
    if args.dialect.files == FileVerbs::Absent {
        let error = SyntaxError::new(redirect.place, "there is no file here to write to");
        return Err(error.help("`kmem run` loads modules, which have some"));
    }
    let append = redirect.kind == Kind::Redirect { append: true };
    Ok(Command::Echo { text, to: Some(Redirection { path, append }) })
}

/// The path of `echo PATH "text"`, the driver script's form.
fn path_before_text(args: &Args<'_>) -> Option<String> {
    let path = args.peek()?;
    let Kind::Word(word) = &path.kind else { return None };
    let is_path = word.starts_with('/') || word.starts_with('@');
    (args.dialect.files == FileVerbs::Present && is_path && args.rest_is_one_text()).then(|| word.clone())
}

/// `sysctl vm.KEY`, `sysctl vm.KEY=VALUE`, `sysctl -w vm.KEY=256 32`.
fn sysctl(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    let mut word = args.word("vm.KEY")?;
    if word == "-w" {
        word = args.word("vm.KEY=VALUE")?;
    }
    let Some((key, value)) = word.split_once('=') else {
        return Ok(Command::Sysctl { key: word.to_owned(), value: None });
    };
    let mut value = value.to_owned();
    while !args.is_empty() {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(&name_or_text(args, "a value")?);
    }
    Ok(Command::Sysctl { key: key.to_owned(), value: Some(value) })
}

fn fail(args: &mut Args<'_>) -> Result<Fail, SyntaxError> {
    if args.is_empty() {
        return Ok(Fail::Show);
    }
    let word = args.word(FAIL)?;
    let place = args.last_place();
    fail_of(word).ok_or_else(|| args.expected(FAIL, &format!("`{word}`"), place))
}
const FAIL: &str = "none, nth=N, prob=P[,seed=S] (0 to 1, or 0% to 100%), size>=N, or each { COMMANDS }";

/// Reads what is to fail: `none`, `nth=3`, `prob=10%,seed=7`, `size>=4096`, and `,cache-filter` behind it. `None` for
/// anything else.
pub fn fail_of(word: &str) -> Option<Fail> {
    if word == "none" {
        return Some(Fail::None);
    }
    let (mut which, mut chance, mut seed, mut only_marked) = (None, None, None, false);
    for part in word.split(',') {
        if part == "cache-filter" {
            only_marked = true;
        } else if let Some(nth) = part.strip_prefix("nth=") {
            let nth = number_of_text(nth).ok().filter(|nth| *nth > 0)?;
            which = which.xor(Some(Which::Nth(nth))).map(Some)?;
        } else if let Some(least) = part.strip_prefix("size>=") {
            which = which.xor(Some(Which::Size(size_of_text(least).ok()?))).map(Some)?;
        } else if let Some(part) = part.strip_prefix("prob=") {
            chance = chance.xor(Some(share(part)?)).map(Some)?;
        } else {
            seed = seed.xor(Some(number_of_text(part.strip_prefix("seed=")?).ok()?)).map(Some)?;
        }
    }
    let which = match (which, chance, seed) {
        (Some(which), None, None) => which,
        (None, Some(per_million), seed) => Which::Share { per_million, seed: seed.unwrap_or(1) },
        _ => return None,
    };
    Some(Fail::These { which, only_marked })
}

fn help(args: &mut Args<'_>) -> Result<Command, SyntaxError> {
    if args.is_empty() {
        return Ok(Command::Help { verb: None });
    }
    let name = args.word("a command")?;
    if Verb::by_name(name).is_none() {
        return Err(SyntaxError::new(args.last_place(), format!("no command `{name}`")).help("`help` lists them"));
    }
    Ok(Command::Help { verb: Some(name.to_owned()) })
}
