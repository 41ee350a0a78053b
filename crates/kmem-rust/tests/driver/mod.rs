//! A driver as it would stand in a kernel: a ring of messages that a device fills from its interrupt and readers empty. Nothing in
//! here names kmem.

use super::kernel;
use kernel::page::Page;
use kernel::prelude::*;
use kernel::types::ForeignOwnable;

/// What can be done with a message.
pub trait Message {
    fn bytes(&self) -> &[u8];
}

struct Short([u8; 16], u8);
struct Long(KVVec<u8>);

impl Message for Short {
    fn bytes(&self) -> &[u8] {
        &self.0[..self.1.into()]
    }
}
impl Message for Long {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What the device and the driver share.
#[pin_data]
pub struct Registers {
    status: u32,
    window: [u8; 8192],
}

pub struct Ring {
    messages: KVec<KBox<dyn Message>>,
    log: VVec<u8>,
    shared: Pin<KVBox<Registers>>,
    page: Page,
    limit: usize,
}

impl Ring {
    /// `probe`: everything is allocated, or nothing is.
    pub fn probe(limit: usize) -> Result<KBox<Self>> {
        if limit == 0 {
            return Err(EINVAL);
        }
        let registers = try_pin_init!(Registers { status: 1, window <- kernel::init::zeroed() }? Error);
        let ring = Self {
            messages: KVec::with_capacity(limit, GFP_KERNEL)?,
            log: VVec::new(),
            shared: KVBox::try_pin_init::<Error>(registers, GFP_KERNEL)?,
            page: Page::alloc_page(GFP_KERNEL | __GFP_ZERO)?,
            limit,
        };
        pr_info!("ring: {limit} messages, status {}\n", ring.shared.status);
        Ok(KBox::new(ring, GFP_KERNEL)?)
    }

    /// The interrupt: nothing in it sleeps.
    pub fn interrupt(&mut self, bytes: &[u8]) -> Result {
        if self.messages.len() == self.limit {
            return Err(ENOSPC);
        }
        let message: KBox<dyn Message> = if bytes.len() <= 16 {
            let mut short = Short([0; 16], bytes.len() as u8);
            short.0[..bytes.len()].copy_from_slice(bytes);
            kernel::unsize!(KBox::new(short, GFP_ATOMIC)? => dyn Message)
        } else {
            let mut long = KVVec::with_capacity(bytes.len(), GFP_ATOMIC)?;
            long.extend_from_slice(bytes, GFP_ATOMIC)?;
            kernel::unsize!(KBox::new(Long(long), GFP_ATOMIC)? => dyn Message)
        };
        // There is room since `probe`.
        self.messages.push_within_capacity(message)?;
        Ok(())
    }

    /// `read`: takes the oldest message, remembers it in the log.
    pub fn read(&mut self) -> Result<KVec<u8>> {
        let message = self.messages.remove(0).map_err(|_| EAGAIN)?;
        let mut copy = KVec::new();
        copy.extend_from_slice(message.bytes(), GFP_KERNEL)?;
        self.log.extend_from_slice(message.bytes(), GFP_KERNEL)?;
        // SAFETY: The page is the ring's; the copy has one byte for each.
        unsafe { self.page.write_raw(copy.as_ptr(), 0, copy.len().min(kernel::page::PAGE_SIZE))? };
        Ok(copy)
    }
    pub fn logged(&self) -> usize {
        self.log.len()
    }
    pub fn window(&self) -> &[u8] {
        &self.shared.window
    }
}

/// Through the hands of C, as `dev_set_drvdata` and `remove` do.
pub fn through_c(ring: KBox<Ring>) -> KBox<Ring> {
    let data = ring.into_foreign();
    // SAFETY: It was just given away, and is taken back once.
    unsafe {
        assert_eq!(<KBox<Ring>>::borrow(data).limit, 3);
        KBox::from_foreign(data)
    }
}
