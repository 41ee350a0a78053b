//! Files in memory, and what takes memory back: `file_open` to `file_close`, `sync`, `kswapd`, `reclaim`, `compact`.

use super::block::shown;
use super::fault::Fault;
use super::object::{Id, Kind};
use super::{line, Answer, Shell};
use crate::ast::Operand;
use crate::show::count as counted;
use kmem::reclaim::{FileId, VmEvent};
use kmem::units::PAGE_SIZE;
use kmem::{AllocError, Pfn};

/// kB of a page, which is what `pgpgin` counts.
const PAGE_KB: u64 = PAGE_SIZE >> 10;

impl Shell<'_> {
    pub(super) fn file_open(&mut self, name: Option<&str>, file: &str) -> Answer {
        let id = self.kernel.file_open(file).map_err(|error| Fault::from(error).of("file_open"))?;
        let kind = Kind::File { id, name: file.to_owned() };
        let text = format!("{}: {kind}", shown(name, "file_open"));
        self.objects.add(name, kind);
        line(text)
    }
    pub(super) fn file_read(&self, operand: &Operand, bytes: u64, offset: u64) -> Answer {
        let (_, id) = self.file(operand, "file_read")?;
        self.each_page(operand, ("file_read", "read"), (id, offset, bytes), |id, index| {
            self.kernel.file_read(id, index)
        })
    }
    pub(super) fn file_write(&self, operand: &Operand, bytes: u64, offset: u64) -> Answer {
        let (_, id) = self.file(operand, "file_write")?;
        let write = |id, index| self.kernel.file_write(id, index);
        self.each_page(operand, ("file_write", "wrote"), (id, offset, bytes), write)
    }
    fn each_page(
        &self,
        operand: &Operand,
        (verb, past): (&str, &str),
        (id, offset, bytes): (FileId, u64, u64),
        page: impl Fn(FileId, u32) -> Result<Pfn, AllocError>,
    ) -> Answer {
        let end = offset.checked_add(bytes).map_or(u64::MAX, |end| end.div_ceil(PAGE_SIZE));
        if bytes == 0 || end > u64::from(u32::MAX) {
            let why = format!("{bytes} bytes from {offset} on are no part of a file");
            return Err(Fault::misuse(why).of(format!("{verb} {operand}")));
        }
        let first = offset / PAGE_SIZE;
        let brought = || self.kernel.vm_event(VmEvent::PgPgIn) / PAGE_KB;
        let before = brought();
        for index in first..end {
            page(id, index as u32).map_err(|error| Fault::from(error).of(format!("{verb} {operand}: page {index}")))?;
        }
        let (pages, new) = (counted(end - first, "page"), brought() - before);
        let (cached, dirty) = self.kernel.file_info(id).map_or((0, 0), |info| (info.pages, info.dirty));
        line(format!("{operand}: {past} {pages} from page {first} on, new={new} cached={cached} dirty={dirty}"))
    }
    pub(super) fn file_close(&mut self, operand: &Operand) -> Answer {
        let (object, id) = self.file(operand, "file_close")?;
        let dropped = self.kernel.file_close(id)?;
        self.objects.free(object, "file_close");
        line(format!("{operand}: closed, {} dropped", counted(dropped, "page")))
    }
    fn file(&self, operand: &Operand, verb: &'static str) -> Result<(Id, FileId), Fault> {
        match self.must_be(operand, verb, |kind| matches!(kind, Kind::File { .. }))? {
            (object, Kind::File { id, .. }) => Ok((object, id)),
            _ => Err(Fault::misuse(format!("{operand} is no file"))),
        }
    }
    /// The frame of a file's page in memory: of `f`, or of `f+0x1000`.
    pub(super) fn file_frame(&self, operand: &Operand, id: FileId) -> Result<Pfn, Fault> {
        let index = u32::try_from(operand.offset / PAGE_SIZE).ok();
        let found = index.and_then(|index| self.kernel.file_page(id, index));
        found.ok_or_else(|| Fault::misuse(format!("page {} of {operand} is not in memory", operand.offset / PAGE_SIZE)))
    }

    pub(super) fn sync(&self) -> Answer {
        line(format!("sync: {} written", counted(self.kernel.flush(u64::MAX), "page")))
    }
    pub(super) fn kswapd(&self, node: Option<u32>) -> Answer {
        let nodes = self.kernel.pages().nodes();
        let freed = match node {
            Some(node) => {
                self.must_be_node(node)?;
                self.kernel.kswapd(node)
            }
            None => (0..nodes).map(|node| self.kernel.kswapd(node)).sum(),
        };
        line(format!("kswapd: {} freed", counted(freed, "page")))
    }
    pub(super) fn must_be_node(&self, node: u32) -> Result<(), Fault> {
        let nodes = self.kernel.pages().nodes();
        if node < nodes {
            return Ok(());
        }
        Err(Fault::misuse(format!("there is no node {node}; the last one is {}", nodes.saturating_sub(1))))
    }
    pub(super) fn reclaim(&self) -> Answer {
        line(format!("reclaim: {} freed", counted(self.kernel.reclaim_all(), "page")))
    }
    pub(super) fn compact(&self) -> Answer {
        line(format!("compact: {} moved", counted(self.kernel.compact(), "page")))
    }
}
