//! The page cache: pages that hold parts of files, found by file and place in it.
//!
//! What is read from disk stays in memory in case it is read again; what is written is written to memory first, and to
//! disk later. A clean page can be freed at once, a *dirty* one only after it was written. So the page cache is what
//! reclaim lives on.
//!
//! A file's pages hang on a tree of pages of 1024 words: a word of the last level is a frame, those above name the next
//! table. The tree is as high as the file needs. (A kernel's tree has nodes of 64 words from a slab cache.) The frame knows
//! the file and the place (`a` and `b` of the mem_map), so the way back is short.
//!
//! There is no disk: a page that is read holds zeros, one that is written is clean from then on. What a kernel would have
//! read and written is counted.
//!
//! A file has one lock (rank 3: above reclaim's lists); nobody allocates while holding it. Kernel counterpart:
//! `mm/filemap.c`, `lib/xarray.c`, `mm/page-writeback.c`.

use crate::error::{AllocError, Name};
use crate::page::frame::State;
use crate::page::{PageAllocator, PageUse};
use crate::raw::{Ram, Table};
use crate::sync::{AtomicU32, Ordering, SpinLock};
use crate::units::{Pfn, PhysAddr, PAGE_SIZE};

/// Words of a table, as a power of two.
const TABLE_BITS: u32 = 10;
/// The most levels: 2^40 pages.
const MAX_LEVELS: u32 = 4;

/// A file in the page cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct FileId {
    slot: u32,
    serial: u32,
}

/// A file and its numbers.
#[derive(Clone, Copy, Debug)]
pub struct FileInfo {
    /// Its name in calls.
    pub id: FileId,
    /// Its name.
    pub name: Name,
    /// Pages of it in memory.
    pub pages: u64,
    /// Of those, dirty.
    pub dirty: u64,
    /// Pages of its tree.
    pub tables: u64,
}

#[derive(Default)]
struct File {
    serial: u32,
    is_open: bool,
    name: Name,
    /// The root table's frame plus one; 0: none.
    root: u32,
    levels: u32,
    pages: u64,
    dirty: u64,
    tables: u64,
    /// Where writing goes on: `writeback_index`.
    written_to: u32,
}

/// A slot of the table of files.
#[derive(Default)]
pub(crate) struct Slot(SpinLock<File>);

/// The page cache of one kernel.
pub(crate) struct PageCache {
    table: Table<Slot>,
    coming: SpinLock<u32>,
    pages: AtomicU32,
    dirty: AtomicU32,
}

impl Default for PageCache {
    fn default() -> Self {
        Self { table: Table::new(), coming: SpinLock::new(0), pages: AtomicU32::new(0), dirty: AtomicU32::new(0) }
    }
}

/// What came of the attempt to enter a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Entered {
    /// It is in the cache.
    Done,
    /// Another page is there.
    There(Pfn),
    /// The tree lacks a table: give one with [`PageCache::add_table`].
    NeedsTable,
    /// There is no such file, or no such place in one.
    NoFile,
}

impl PageCache {
    /// Opens a file. `grow` makes the table larger when it is full; one at a time does so.
    pub(crate) fn open(
        &self,
        name: &str,
        grow: impl FnOnce(&Table<Slot>) -> Result<(), AllocError>,
    ) -> Result<FileId, AllocError> {
        let mut serial = self.coming.lock();
        let unused = || self.table.iter().find(|(_, file)| !file.0.lock().is_open);
        let (slot, file) = match unused() {
            Some(found) => found,
            None => {
                grow(&self.table)?;
                unused().ok_or(AllocError::NoSlot)?
            }
        };
        *serial = serial.wrapping_add(1);
        *file.0.lock() = File { serial: *serial, is_open: true, name: Name::new(name), ..File::default() };
        Ok(FileId { slot, serial: *serial })
    }
    fn with<T>(&self, id: FileId, work: impl FnOnce(&mut File) -> T) -> Option<T> {
        let mut file = self.table.get(id.slot)?.0.lock();
        (file.is_open && file.serial == id.serial).then(|| work(&mut file))
    }
    /// Describes a file.
    pub(crate) fn info(&self, id: FileId) -> Option<FileInfo> {
        self.with(id, |file| info(id, file))
    }
    /// Describes all files.
    pub(crate) fn infos(&self) -> impl Iterator<Item = FileInfo> + '_ {
        self.table.iter().filter_map(|(slot, file)| {
            let file = file.0.lock();
            file.is_open.then(|| info(FileId { slot, serial: file.serial }, &file))
        })
    }
    /// Returns the pages in the cache, and the dirty ones among them.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.pages.load(Ordering::Relaxed).into(), self.dirty.load(Ordering::Relaxed).into())
    }

    /// Finds a page.
    pub(crate) fn find(&self, pages: &PageAllocator, ram: &Ram, id: FileId, index: u32) -> Option<Pfn> {
        self.with(id, |file| {
            let word = file.word(pages, ram, index)?;
            frame_of(pages, ram.word(word)?.load(Ordering::Relaxed))
        })?
    }
    /// Finds a page and takes a reference to it.
    pub(crate) fn get(&self, pages: &PageAllocator, ram: &Ram, id: FileId, index: u32) -> Option<Pfn> {
        self.with(id, |file| {
            let word = file.word(pages, ram, index)?;
            let pfn = frame_of(pages, ram.word(word)?.load(Ordering::Relaxed))?;
            pages.frames.get(pfn)?.get();
            Some(pfn)
        })?
    }
    /// Enters a used page that nobody else has. The page that is there then, this one or another, has one more reference,
    /// the caller's.
    pub(crate) fn enter(&self, pages: &PageAllocator, ram: &Ram, id: FileId, index: u32, pfn: Pfn) -> Entered {
        let entered = self.with(id, |file| {
            let Some(word) = file.word(pages, ram, index).and_then(|word| ram.word(word)) else {
                return if index < u32::MAX { Entered::NeedsTable } else { Entered::NoFile };
            };
            let Some(frame) = pages.frames.get(pfn) else { return Entered::NoFile };
            let there = frame_of(pages, word.load(Ordering::Relaxed));
            if let Some((there, frame)) = there.and_then(|there| Some((there, pages.frames.get(there)?))) {
                frame.get();
                return Entered::There(there);
            }
            frame.get();
            frame.a.store(id.slot, Ordering::Relaxed);
            frame.b.store(index, Ordering::Relaxed);
            frame.flag(State::FILE, true);
            word.store(pages.frames.index(pfn) + 1, Ordering::Relaxed);
            file.pages += 1;
            Entered::Done
        });
        if entered == Some(Entered::Done) {
            self.pages.fetch_add(1, Ordering::Relaxed);
        }
        entered.unwrap_or(Entered::NoFile)
    }
    /// Adds a table, a zeroed page, where the way to `index` lacks one. False when it is not needed (any more).
    pub(crate) fn add_table(&self, pages: &PageAllocator, ram: &Ram, id: FileId, index: u32, table: Pfn) -> bool {
        let number = pages.frames.index(table) + 1;
        let added = self.with(id, |file| {
            if file.root == 0 {
                (file.root, file.levels) = (number, 1);
                return true;
            }
            if file.levels < MAX_LEVELS && index >> (TABLE_BITS * file.levels).min(31) != 0 {
                // Higher: the old root is the new one's first table.
                let Some(first) = ram.word(table.phys()) else { return false };
                first.store(file.root, Ordering::Relaxed);
                (file.root, file.levels) = (number, file.levels + 1);
                return true;
            }
            let mut at = file.root;
            for level in (1..file.levels).rev() {
                let Some(word) = entry(pages, ram, at, index, level) else { return false };
                at = word.load(Ordering::Relaxed);
                if at == 0 {
                    word.store(number, Ordering::Relaxed);
                    return true;
                }
            }
            false
        });
        let added = added == Some(true);
        if added {
            self.with(id, |file| file.tables += 1);
        }
        added
    }

    /// Makes a page dirty or clean; false when it was so already. The caller holds a reference or knows that it stays.
    pub(crate) fn set_dirty(&self, pages: &PageAllocator, pfn: Pfn, dirty: bool) -> bool {
        let Some(file) = self.file_of(pages, pfn) else { return false };
        let mut file = file.0.lock();
        let Some(frame) = pages.frames.get(pfn).filter(|frame| frame.state().has(State::FILE)) else { return false };
        if frame.state().has(State::DIRTY) == dirty {
            return false;
        }
        if dirty {
            frame.flag(State::DIRTY, true);
            file.dirty += 1;
            self.dirty.fetch_add(1, Ordering::Relaxed);
            pages.begin_use(pfn, PageUse::Dirty, 1);
        } else {
            self.clean(pages, &mut file, pfn);
        }
        true
    }
    /// Makes a file's page clean; false when it was so.
    fn clean(&self, pages: &PageAllocator, file: &mut File, pfn: Pfn) -> bool {
        let Some(frame) = pages.frames.get(pfn).filter(|frame| frame.state().has(State::DIRTY)) else { return false };
        frame.flag(State::DIRTY, false);
        file.dirty -= 1;
        self.dirty.fetch_sub(1, Ordering::Relaxed);
        pages.end_use(pfn, PageUse::Dirty, 1);
        true
    }
    /// Makes the next dirty page of a file clean, going round; false when there is none.
    pub(crate) fn clean_next(&self, pages: &PageAllocator, ram: &Ram, id: FileId) -> bool {
        let cleaned = self.with(id, |file| {
            let mut from = file.written_to;
            let mut is_again = false;
            while file.dirty > 0 {
                let Some((index, pfn)) = file.next(pages, ram, from) else {
                    if is_again {
                        return false;
                    }
                    (from, is_again) = (0, true);
                    continue;
                };
                from = index.saturating_add(1);
                if self.clean(pages, file, pfn) {
                    file.written_to = from;
                    return true;
                }
            }
            false
        });
        cleaned.unwrap_or(false)
    }
    fn file_of(&self, pages: &PageAllocator, pfn: Pfn) -> Option<&Slot> {
        let frame = pages.frames.get(pfn).filter(|frame| frame.state().has(State::FILE))?;
        self.table.get(frame.a.load(Ordering::Relaxed))
    }
    /// Takes a clean page out of the cache when nobody but the cache and the caller, who holds a reference, has it. The
    /// cache's reference is then the caller's.
    pub(crate) fn remove(&self, pages: &PageAllocator, ram: &Ram, pfn: Pfn) -> bool {
        let Some(slot) = self.file_of(pages, pfn) else { return false };
        let mut file = slot.0.lock();
        let Some(frame) = pages.frames.get(pfn) else { return false };
        let state = frame.state();
        if !state.has(State::FILE) || state.has(State::DIRTY) || frame.count() != 2 {
            return false;
        }
        file.clear(pages, ram, frame.b.load(Ordering::Relaxed), pfn) && {
            pages.lru_forget(pfn, State::FILE);
            self.pages.fetch_sub(1, Ordering::Relaxed);
            true
        }
    }
    /// Lets a file's page at `old` be the page at `new`, whose contents are the same; the caller holds a reference to the
    /// first. `old` is the caller's then. False when somebody else has it too.
    pub(crate) fn replace(
        &self,
        pages: &PageAllocator,
        ram: &Ram,
        old: Pfn,
        new: Pfn,
        copy: impl FnOnce() -> bool,
    ) -> bool {
        let Some(slot) = self.file_of(pages, old) else { return false };
        let file = slot.0.lock();
        let (Some(from), Some(to)) = (pages.frames.get(old), pages.frames.get(new)) else { return false };
        let state = from.state();
        if !state.has(State::FILE) || from.count() != 2 {
            return false;
        }
        let index = from.b.load(Ordering::Relaxed);
        let Some(word) = file.word(pages, ram, index).and_then(|word| ram.word(word)) else { return false };
        if frame_of(pages, word.load(Ordering::Relaxed)) != Some(old) || !copy() {
            return false;
        }
        to.a.store(from.a.load(Ordering::Relaxed), Ordering::Relaxed);
        to.b.store(index, Ordering::Relaxed);
        let kept = state.raw() & (State::DIRTY | State::REFERENCED);
        to.flag(State::FILE | kept, true);
        if state.has(State::DIRTY) {
            pages.end_use(old, PageUse::Dirty, 1);
            pages.begin_use(new, PageUse::Dirty, 1);
        }
        pages.lru_forget(old, State::FILE | State::DIRTY);
        word.store(pages.frames.index(new) + 1, Ordering::Relaxed);
        true
    }

    /// Returns one page of a file at or above `from`, with its place.
    pub(crate) fn next(&self, pages: &PageAllocator, ram: &Ram, id: FileId, from: u32) -> Option<(u32, Pfn)> {
        self.with(id, |file| file.next(pages, ram, from))?
    }
    /// Takes a page out of its file whatever its state: truncation. `None` when there is none. The page is the caller's.
    pub(crate) fn truncate(&self, pages: &PageAllocator, ram: &Ram, id: FileId, index: u32) -> Option<Pfn> {
        self.with(id, |file| {
            let pfn = frame_of(pages, ram.word(file.word(pages, ram, index)?)?.load(Ordering::Relaxed))?;
            self.clean(pages, file, pfn);
            file.clear(pages, ram, index, pfn).then(|| {
                pages.lru_forget(pfn, State::FILE);
                self.pages.fetch_sub(1, Ordering::Relaxed);
                pfn
            })
        })?
    }
    /// Closes a file that has no pages; hands each of its tables to `give`. False when it has pages, or is no file.
    pub(crate) fn close(&self, pages: &PageAllocator, ram: &Ram, id: FileId, mut give: impl FnMut(Pfn)) -> bool {
        self.with(id, |file| {
            if file.pages != 0 {
                return false;
            }
            if file.root != 0 {
                give_tables(pages, ram, file.root, file.levels, &mut give);
            }
            *file = File { serial: file.serial, ..File::default() };
            true
        })
        .unwrap_or(false)
    }
}

impl File {
    /// Returns where the word of a page lies; `None` when the tree lacks a table on the way.
    fn word(&self, pages: &PageAllocator, ram: &Ram, index: u32) -> Option<PhysAddr> {
        if self.root == 0 || self.levels < MAX_LEVELS && index >> (TABLE_BITS * self.levels).min(31) != 0 {
            return None;
        }
        let mut at = self.root;
        for level in (1..self.levels).rev() {
            at = entry(pages, ram, at, index, level)?.load(Ordering::Relaxed);
            if at == 0 {
                return None;
            }
        }
        Some(place(pages, at, index, 0))
    }
    fn clear(&mut self, pages: &PageAllocator, ram: &Ram, index: u32, pfn: Pfn) -> bool {
        let Some(word) = self.word(pages, ram, index).and_then(|word| ram.word(word)) else { return false };
        if frame_of(pages, word.load(Ordering::Relaxed)) != Some(pfn) {
            return false;
        }
        word.store(0, Ordering::Relaxed);
        self.pages -= 1;
        true
    }
    fn next(&self, pages: &PageAllocator, ram: &Ram, from: u32) -> Option<(u32, Pfn)> {
        let end = 1u64 << (TABLE_BITS * self.levels).min(32);
        let mut index = u64::from(from);
        while self.root != 0 && index < end {
            match self.word(pages, ram, index as u32).and_then(|word| ram.word(word)) {
                Some(word) => match frame_of(pages, word.load(Ordering::Relaxed)) {
                    Some(pfn) => return Some((index as u32, pfn)),
                    None => index += 1,
                },
                // No table: nothing up to the next one.
                None => index = ((index >> TABLE_BITS) + 1) << TABLE_BITS,
            }
        }
        None
    }
}

fn info(id: FileId, file: &File) -> FileInfo {
    FileInfo { id, name: file.name, pages: file.pages, dirty: file.dirty, tables: file.tables }
}
/// Returns the frame that a word names: its index plus one.
fn frame_of(pages: &PageAllocator, word: u32) -> Option<Pfn> {
    (word != 0).then(|| pages.frames.pfn(word - 1))
}
fn place(pages: &PageAllocator, table: u32, index: u32, level: u32) -> PhysAddr {
    let slot = index >> (TABLE_BITS * level).min(31) & ((1 << TABLE_BITS) - 1);
    pages.frames.pfn(table - 1).phys().offset(u64::from(slot) * 4)
}
fn entry<'a>(pages: &PageAllocator, ram: &'a Ram, table: u32, index: u32, level: u32) -> Option<&'a AtomicU32> {
    ram.word(place(pages, table, index, level))
}
fn give_tables(pages: &PageAllocator, ram: &Ram, table: u32, levels: u32, give: &mut impl FnMut(Pfn)) {
    let pfn = pages.frames.pfn(table - 1);
    if levels > 1 {
        for slot in 0..1u64 << TABLE_BITS {
            let below = ram.word(pfn.phys().offset(slot * 4)).map_or(0, |word| word.load(Ordering::Relaxed));
            if below != 0 {
                give_tables(pages, ram, below, levels - 1, give);
            }
        }
    }
    give(pfn);
}

const _: () = assert!(4 << TABLE_BITS == PAGE_SIZE);
