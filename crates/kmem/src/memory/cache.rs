//! Files in memory: reading and writing through the page cache.
//!
//! Kernel counterpart: `mm/filemap.c` (`filemap_get_folio`, `filemap_add_folio`), `mm/truncate.c`.

use super::Memory;
use crate::error::{AllocError, Misuse};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::page::frame::State;
use crate::reclaim::files::Entered;
use crate::reclaim::{FileId, FileInfo, VmEvent};
use crate::units::{Order, Pfn};

impl<M: Machine> Memory<M> {
    /// Opens a file that has no page in memory yet.
    ///
    /// # Errors
    /// [`AllocError::NoMemory`], [`AllocError::NoSlot`] when the table of files cannot grow.
    pub fn file_open(&self, name: &str) -> Result<FileId, AllocError> {
        self.reclaim.files.open(name, |table| self.grow(table))
    }
    /// Reads page `index` of a file: brings it from disk unless it is in memory, and notes that it was used. May sleep.
    ///
    /// # Errors
    /// [`AllocError::NoMemory`]; [`AllocError::BadFlags`] when there is no such file.
    pub fn file_read(&self, id: FileId, index: u32) -> Result<Pfn, AllocError> {
        let pfn = self.file_get(id, index)?;
        self.put(pfn);
        Ok(pfn)
    }
    /// As [`Memory::file_read`], with a reference: reclaim leaves the page alone until the caller drops it.
    fn file_get(&self, id: FileId, index: u32) -> Result<Pfn, AllocError> {
        let (pages, ram) = (&self.pages, &self.ram);
        if let Some(pfn) = self.reclaim.files.get(pages, ram, id, index) {
            let _irq = self.irq_off();
            if pages.mark_accessed(pfn) {
                self.reclaim.events.add(VmEvent::PgActivate, 1);
            }
            return Ok(pfn);
        }
        let new = self.alloc_pages(FILE_PAGES | Gfp::ZERO, Order::ZERO)?;
        loop {
            match self.reclaim.files.enter(pages, ram, id, index, new) {
                Entered::Done => {
                    let _irq = self.irq_off();
                    pages.lru_add(new, false);
                    self.reclaim.events.add(VmEvent::PgPgIn, 4);
                    return Ok(new);
                }
                Entered::There(pfn) => {
                    // Another CPU was faster.
                    let _ = self.free_pages(new, Order::ZERO);
                    return Ok(pfn);
                }
                Entered::NoFile => {
                    let _ = self.free_pages(new, Order::ZERO);
                    return Err(AllocError::BadFlags("no such file, or no such place in a file"));
                }
                Entered::NeedsTable => {
                    let table = match self.alloc_pages(Gfp::KERNEL | Gfp::RECLAIMABLE | Gfp::ZERO, Order::ZERO) {
                        Ok(table) => table,
                        Err(error) => {
                            let _ = self.free_pages(new, Order::ZERO);
                            return Err(error);
                        }
                    };
                    pages.keep(table, true);
                    if !self.reclaim.files.add_table(pages, ram, id, index, table) {
                        pages.keep(table, false);
                        let _ = self.free_pages(table, Order::ZERO);
                    }
                }
            }
        }
    }
    /// Writes page `index` of a file: in memory, the disk has it later. May sleep.
    ///
    /// # Errors
    /// As [`Memory::file_read`].
    pub fn file_write(&self, id: FileId, index: u32) -> Result<Pfn, AllocError> {
        let pfn = self.file_get(id, index)?;
        if self.reclaim.files.set_dirty(&self.pages, pfn, true) {
            self.reclaim.events.add(VmEvent::NrDirtied, 1);
        }
        self.put(pfn);
        Ok(pfn)
    }
    /// Drops all of a file's pages, written or not, and closes it. Returns how many pages there were.
    ///
    /// # Errors
    /// [`Misuse::NoSuchObject`].
    pub fn file_close(&self, id: FileId) -> Result<u64, Misuse> {
        let info = self.reclaim.files.info(id).ok_or(Misuse::NoSuchObject(0))?;
        let (pages, ram) = (&self.pages, &self.ram);
        let (mut dropped, mut at) = (0, 0);
        while let Some((index, _)) = self.reclaim.files.next(pages, ram, id, at) {
            let irq = self.irq_off();
            if let Some(pfn) = self.reclaim.files.truncate(pages, ram, id, index) {
                pages.put_page(irq.cpu(), pfn);
                dropped += 1;
            }
            drop(irq);
            let Some(next) = index.checked_add(1) else { break };
            at = next;
        }
        let give = |table| {
            pages.keep(table, false);
            let _ = self.free_pages(table, Order::ZERO);
        };
        if !self.reclaim.files.close(pages, ram, info.id, give) {
            return Err(Misuse::BadArgument("the file was read again while it was closed"));
        }
        Ok(dropped)
    }
    /// Frees the clean pages of all files: `drop_caches` 1. Returns how many. May sleep.
    pub fn drop_pagecache(&self) -> u64 {
        let (pages, ram) = (&self.pages, &self.ram);
        let mut dropped = 0;
        for file in self.reclaim.files.infos() {
            let mut at = 0;
            while let Some((index, pfn)) = self.reclaim.files.next(pages, ram, file.id, at) {
                let state = pages.state(pfn);
                let isolated = !state.has(State::DIRTY) && {
                    let _irq = self.irq_off();
                    pages.lru_isolate_page(pfn)
                };
                if isolated && self.remove_page(pfn) {
                    // The cache's reference, then the isolation's.
                    self.put(pfn);
                    self.put(pfn);
                    dropped += 1;
                } else if isolated {
                    self.put_back(pfn, state.has(State::ACTIVE));
                }
                let Some(next) = index.checked_add(1) else { break };
                at = next;
            }
        }
        self.reclaim.events.add(VmEvent::DropPagecache, 1);
        dropped
    }
    /// Asks the kernel's caches for all they can give: `drop_caches` 2. Returns the objects freed. May sleep.
    pub fn drop_slab(&self) -> u64 {
        let mut freed = 0;
        for round in 0..u64::BITS {
            let now = self.shrink_caches(0);
            freed += now;
            if now >> round <= 1 {
                break;
            }
        }
        self.reclaim.events.add(VmEvent::DropSlab, 1);
        freed
    }
    /// Returns where page `index` of a file is in memory, without reading it; `None` when it is not.
    pub fn file_page(&self, id: FileId, index: u32) -> Option<Pfn> {
        self.reclaim.files.find(&self.pages, &self.ram, id, index)
    }
    /// Describes a file; `None` when it is not open.
    pub fn file_info(&self, id: FileId) -> Option<FileInfo> {
        self.reclaim.files.info(id)
    }
    /// Describes all open files.
    pub fn files(&self) -> impl Iterator<Item = FileInfo> + '_ {
        self.reclaim.files.infos()
    }
    /// Returns the pages of the page cache, and the dirty ones among them.
    pub fn file_counts(&self) -> (u64, u64) {
        self.reclaim.files.counts()
    }
}

/// What pages of files are allocated with: `GFP_HIGHUSER_MOVABLE`.
const FILE_PAGES: Gfp = Gfp::HIGHUSER.union(Gfp::MOVABLE);
