//! A piece of user space: where the calling process keeps what it reads and writes.
//!
//! On a machine with an MMU it is pages of user memory, mapped at a user address in the real page tables; without one it
//! is a block of RAM.

use kmem::gfp::Gfp;
use kmem::map::entry::Prot;
use kmem::units::PAGE_SIZE;
use kmem::{AllocError, Kernel, Order, Pfn, VirtAddr};
use kmem_hosted::Hosted;

/// Where the buffer lies in user space: above the place of a program's text.
const AT: u64 = 0x0900_0000;
/// Where the second place is: behind what one read or write moves at most.
const SECOND: u64 = AT + (64 << 20);
/// How far the others are apart.
const APART: u64 = 17 << 20;

/// A buffer in user space.
#[derive(Debug)]
pub struct UserBuffer {
    addr: VirtAddr,
    pages: Vec<Pfn>,
    /// The order of the one block, without an MMU.
    block: Option<Order>,
}

impl UserBuffer {
    /// Takes at least `bytes` bytes.
    ///
    /// # Errors
    /// When the machine has no memory for it.
    pub fn new(kernel: &Kernel<Hosted>, bytes: u64) -> Result<Self, AllocError> {
        Self::at(kernel, bytes, 0)
    }
    /// Takes them in one of several places, so that several buffers are there at once; 0 is the plain one.
    ///
    /// # Errors
    /// As [`UserBuffer::new`].
    pub fn at(kernel: &Kernel<Hosted>, bytes: u64, place: u64) -> Result<Self, AllocError> {
        let first = place.checked_sub(1).map_or(AT, |place| SECOND + place * APART);
        let bytes = bytes.max(1);
        if kernel.profile.paging.is_none() {
            let limit = kernel.pages().top_order().bytes();
            let order = Order::covering(bytes).ok_or(AllocError::TooLarge { bytes, limit })?;
            let pfn = kernel.alloc_pages(Gfp::USER, order)?;
            let addr = kernel.phys_to_virt(pfn.phys()).ok_or(AllocError::Unsupported("the page has no address"))?;
            return Ok(Self { addr, pages: vec![pfn], block: Some(order) });
        }
        let mut this = Self { addr: VirtAddr::new(first), pages: Vec::new(), block: None };
        for page in 0..bytes.div_ceil(PAGE_SIZE) {
            let mapped = kernel.alloc_pages(Gfp::HIGHUSER, Order::ZERO).and_then(|pfn| {
                let at = VirtAddr::new(first + page * PAGE_SIZE);
                let mapped = kernel.map().map_user_page(kernel.memory(), at, pfn, Prot::USER_DATA);
                if mapped.is_err() {
                    // It was just allocated.
                    let _ = kernel.free_pages(pfn, Order::ZERO);
                }
                Ok(mapped.map(|()| pfn)?)
            });
            match mapped {
                Ok(pfn) => this.pages.push(pfn),
                Err(error) => {
                    this.free(kernel);
                    return Err(error);
                }
            }
        }
        Ok(this)
    }
    /// Returns the user address.
    pub fn addr(&self) -> u32 {
        self.addr.raw() as u32
    }
    /// Gives the memory back.
    pub fn free(self, kernel: &Kernel<Hosted>) {
        for (page, pfn) in self.pages.iter().enumerate() {
            if self.block.is_none() {
                let at = VirtAddr::new(self.addr.raw() + page as u64 * PAGE_SIZE);
                // It was mapped by `new`.
                let _ = kernel.map().unmap_user_page(kernel.memory(), at);
            }
            // It was allocated by `new` with this order.
            let _ = kernel.free_pages(*pfn, self.block.unwrap_or(Order::ZERO));
        }
    }
}
