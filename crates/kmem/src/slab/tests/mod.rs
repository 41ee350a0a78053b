//! Tests of the slab allocator that need its inside.

#[cfg(kmem_loom)]
mod interleavings;
