//! Addresses, page frame numbers and orders: the units everything else is said in.
//!
//! They are 64 bits wide on every host, because one process plays 32-bit, PAE and 64-bit machines. Pages are 4 KiB:
//! every kernel in the profiles is built so, and a constant shift keeps division out of the hit paths.

use core::fmt;

/// Base-2 logarithm of the page size.
pub const PAGE_SHIFT: u32 = 12;
/// Bytes of a page.
pub const PAGE_SIZE: u64 = 1 << PAGE_SHIFT;

macro_rules! address {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Wraps a raw address.
            #[inline]
            pub const fn new(raw: u64) -> Self {
                Self(raw)
            }
            /// Returns the raw address.
            #[inline]
            pub const fn raw(self) -> u64 {
                self.0
            }
            /// Returns the address `bytes` further up, wrapping at 64 bits.
            #[must_use]
            #[inline]
            pub const fn offset(self, bytes: u64) -> Self {
                Self(self.0.wrapping_add(bytes))
            }
            /// Returns the start of the page that holds this address.
            #[must_use]
            #[inline]
            pub const fn page_down(self) -> Self {
                Self(self.0 & !(PAGE_SIZE - 1))
            }
            /// Returns the first page boundary at or above this address.
            #[must_use]
            #[inline]
            pub const fn page_up(self) -> Self {
                Self(align_up(self.0, PAGE_SIZE))
            }
            /// Returns the offset within the page.
            #[inline]
            pub const fn page_offset(self) -> u64 {
                self.0 & (PAGE_SIZE - 1)
            }
            /// True at a multiple of `align`, which is a power of two.
            #[inline]
            pub const fn is_aligned(self, align: u64) -> bool {
                self.0 & (align - 1) == 0
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }
    };
}

address! {
    /// Physical address.
    PhysAddr
}
address! {
    /// Virtual address of the machine (not of the host).
    VirtAddr
}

/// Rounds `value` up to a multiple of `align`, a power of two.
pub const fn align_up(value: u64, align: u64) -> u64 {
    value.wrapping_add(align - 1) & !(align - 1)
}

/// Rounds `value` down to a multiple of `align`, a power of two.
pub const fn align_down(value: u64, align: u64) -> u64 {
    value & !(align - 1)
}

/// Page frame number: a physical address without its page offset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Pfn(u64);

impl Pfn {
    /// Wraps a raw frame number.
    #[inline]
    pub const fn new(raw: u64) -> Self {
        Self(raw)
    }
    /// Returns the raw frame number.
    #[inline]
    pub const fn raw(self) -> u64 {
        self.0
    }
    /// Returns the physical address of the frame's first byte.
    #[inline]
    pub const fn phys(self) -> PhysAddr {
        PhysAddr(self.0 << PAGE_SHIFT)
    }
    /// Returns the frame that holds `addr`.
    #[inline]
    pub const fn containing(addr: PhysAddr) -> Self {
        Self(addr.0 >> PAGE_SHIFT)
    }
    /// Returns the frame `pages` further up.
    #[must_use]
    #[inline]
    pub const fn add(self, pages: u64) -> Self {
        Self(self.0 + pages)
    }
    /// Returns the other half of the parent block.
    #[must_use]
    #[inline]
    pub const fn buddy(self, order: Order) -> Self {
        Self(self.0 ^ order.pages())
    }
    /// Returns the first frame of the naturally aligned block of `order` that holds this frame.
    #[must_use]
    #[inline]
    pub const fn align_down(self, order: Order) -> Self {
        Self(self.0 & !(order.pages() - 1))
    }
    /// True when a block of `order` may start here.
    #[inline]
    pub const fn is_aligned(self, order: Order) -> bool {
        self.0 & (order.pages() - 1) == 0
    }
}
impl fmt::Debug for Pfn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pfn:{:#x}", self.0)
    }
}

/// Base-2 logarithm of a block's size in pages, below [`Order::COUNT`]: the capacity of the tables. The top order in
/// use is the profile's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Order(u8);

impl Order {
    /// How many orders the tables have room for.
    pub const COUNT: usize = 16;
    /// A single page.
    pub const ZERO: Self = Self(0);

    /// Returns order `raw`, or `None` from [`Order::COUNT`] on.
    #[inline]
    pub const fn new(raw: u32) -> Option<Self> {
        if raw < Self::COUNT as u32 {
            Some(Self(raw as u8))
        } else {
            None
        }
    }
    /// Returns the smallest order whose block holds `bytes`: the kernel's `get_order`. `None` when no order does.
    #[inline]
    pub const fn covering(bytes: u64) -> Option<Self> {
        let pages = bytes.div_ceil(PAGE_SIZE);
        if pages > 1 << (Self::COUNT - 1) {
            return None;
        }
        Self::new(pages.next_power_of_two().trailing_zeros())
    }
    /// Returns the order as an index into a table.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
    /// Returns the raw order.
    #[inline]
    pub const fn raw(self) -> u32 {
        self.0 as u32
    }
    /// Returns the pages of a block.
    #[inline]
    pub const fn pages(self) -> u64 {
        1 << self.0
    }
    /// Returns the bytes of a block.
    #[inline]
    pub const fn bytes(self) -> u64 {
        PAGE_SIZE << self.0
    }
    /// Returns the order of twice this size.
    #[must_use]
    #[inline]
    pub const fn up(self) -> Self {
        Self(self.0 + 1)
    }
    /// Returns the order of half this size; order 0 has none.
    #[must_use]
    #[inline]
    pub const fn down(self) -> Self {
        Self(self.0 - 1)
    }
    /// Returns the orders from this one to `top`, both included.
    pub fn up_to(self, top: Order) -> impl DoubleEndedIterator<Item = Order> {
        (self.0..=top.0).map(Order)
    }
}
impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {}", self.0)
    }
}
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A half-open range of physical addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PhysRange {
    /// First byte.
    pub start: PhysAddr,
    /// One past the last byte.
    pub end: PhysAddr,
}

impl PhysRange {
    /// Returns the range from `start` to `end`, both raw addresses; an end below the start makes an empty range.
    #[inline]
    pub const fn new(start: u64, end: u64) -> Self {
        Self { start: PhysAddr(start), end: PhysAddr(if end < start { start } else { end }) }
    }
    /// Returns the number of bytes.
    #[inline]
    pub const fn bytes(self) -> u64 {
        self.end.0 - self.start.0
    }
    /// True when `addr` lies inside.
    #[inline]
    pub const fn contains(self, addr: PhysAddr) -> bool {
        self.start.0 <= addr.0 && addr.0 < self.end.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn get_order_of_the_kernel() {
        for (bytes, order) in [(1, 0), (4096, 0), (4097, 1), (5 * 4096, 3), (4 << 20, 10)] {
            assert_eq!(Order::covering(bytes).map(Order::raw), Some(order), "{bytes}");
        }
        assert_eq!(Order::covering(u64::MAX), None);
    }

    #[test]
    fn a_buddy_is_its_buddys_buddy() {
        let order = Order::new(3).unwrap_or_default();
        assert_eq!(Pfn::new(0x18).buddy(order), Pfn::new(0x10));
        assert_eq!(Pfn::new(0x10).buddy(order), Pfn::new(0x18));
    }
}
