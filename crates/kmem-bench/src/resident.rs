//! What this process has in memory, as the host counts it: exactly, page by page.

/// Returns the bytes of shared memory, which machines' RAM is, that this process has touched.
pub fn shared_bytes() -> Option<u64> {
    counted("Pss_Shmem:")
}

/// Returns the bytes of all memory that this process has touched.
pub fn bytes() -> Option<u64> {
    counted("Rss:")
}

/// Reads one of the sums over all mappings.
fn counted(name: &str) -> Option<u64> {
    let counts = std::fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let kib = counts.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB"))?;
    Some(kib.trim().parse::<u64>().ok()? << 10)
}
