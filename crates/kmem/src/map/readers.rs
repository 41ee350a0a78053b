//! vmalloc areas that readers may still look at: what [`crate::Kernel::kvfree_rcu`] does with them.
//!
//! Such an area is nobody's any more, but stays mapped until all who read when it was freed have left. It carries the grace
//! period that it waits for (an area of vmalloc's has no physical address of its own, so there is room), so that nothing
//! needs to be allocated and nothing can fail. It goes when somebody comes by: who frees another one so, who allocates an
//! area, who waits for all.
//!
//! Kernel counterpart: `mm/slab_common.c`, `kernel/rcu/tree.c` (`kvfree_call_rcu`).

use super::vm_area::VmFlags;
use super::Map;
use crate::error::{Misuse, Name};
use crate::machine::Machine;
use crate::memory::Memory;
use crate::rcu::Cookie;
use crate::sync::Ordering;
use crate::units::{PhysAddr, VirtAddr};

impl Map {
    /// Gives a vmalloc area back once nobody who reads now can still look at it.
    ///
    /// # Errors
    /// As [`Map::vfree`].
    pub fn vfree_rcu<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr) -> Result<(), Misuse> {
        let Some(virt) = &self.virt else { return Err(Misuse::NoArea(addr)) };
        let area = virt.areas.claim(addr, super::vmalloc::may_be_freed)?;
        let cookie = mem.rcu_cookie().raw();
        virt.areas.update(area.start, |area| {
            area.phys = PhysAddr::new(cookie.into());
            area.flags = (area.flags - VmFlags::DYING) | VmFlags::READ;
        });
        self.read_areas.fetch_add(1, Ordering::Relaxed);
        self.release_read(mem);
        Ok(())
    }
    /// Returns how many areas wait for readers.
    pub fn read_areas(&self) -> u32 {
        self.read_areas.load(Ordering::Relaxed)
    }
    /// Gives those areas back that nobody reads any more, without waiting for anybody.
    pub fn release_read<M: Machine>(&self, mem: &Memory<M>) {
        if self.read_areas() == 0 {
            return;
        }
        mem.rcu_advance();
        let Some(virt) = &self.virt else { return };
        for area in self.areas().filter(|area| area.flags.contains(VmFlags::READ)) {
            if !mem.rcu_has_passed(Cookie::from_raw(area.phys.raw() as u32)) {
                continue;
            }
            let mut is_mine = false;
            virt.areas.update(area.start, |area| {
                // Another CPU may have been faster.
                is_mine = area.flags.contains(VmFlags::READ);
                if is_mine {
                    area.flags = (area.flags - VmFlags::READ) | VmFlags::DYING;
                }
            });
            if is_mine {
                self.read_areas.fetch_sub(1, Ordering::Relaxed);
                if let Err(misuse) = self.release_area(mem, &virt.tables, &area, Some(Name::default())) {
                    mem.machine.printk(format_args!("kvfree_rcu: {misuse}"));
                }
            }
        }
    }
}
