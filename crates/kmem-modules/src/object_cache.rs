//! Compiled runtimes, kept in the user's cache folder between runs.
//!
//! The runtime is the same C text in every run, for one compiler, one set of flags and one machine. Compiling it takes most
//! of the time of a run, so what came out is kept under a name that is a hash of all that went in. A file carries the hash of
//! its contents: one that was damaged is as good as none. It is written under another name and then renamed, so that runs
//! beside each other see all of it or nothing. Where nothing can be written, nothing is kept.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// As many files as are kept; a machine of another size is another file.
const MOST: usize = 48;
const PREFIX: &str = "runtime-";

/// The folder of one user.
#[derive(Clone, Debug)]
pub(crate) struct ObjectCache {
    folder: Option<PathBuf>,
}

impl ObjectCache {
    /// Finds the user's folder: `$XDG_CACHE_HOME/kmem`, else `~/.cache/kmem`.
    pub(crate) fn of_user() -> Self {
        let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let folder = named.or_else(home).filter(|folder| folder.is_absolute());
        Self { folder: folder.map(|folder| folder.join("kmem")) }
    }
    #[cfg(test)]
    fn at(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()) }
    }
    /// Returns what was kept under a key.
    pub(crate) fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.path(key)?).ok()?;
        let sum = bytes.split_off(bytes.len().checked_sub(8)?);
        (sum == checksum(&bytes)).then_some(bytes)
    }
    /// Keeps an object. What cannot be kept is compiled again another time.
    pub(crate) fn put(&self, key: &str, object: &[u8]) {
        let Some(path) = self.path(key) else { return };
        let Some(folder) = path.parent() else { return };
        // As the documentation says: failing is no failure.
        if Self::write(folder, &path, object).is_ok() {
            Self::tidy(folder, &path);
        }
    }
    fn write(folder: &Path, path: &Path, object: &[u8]) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let new = folder.join(format!("new-{}-{:?}", std::process::id(), std::thread::current().id()));
        let written = fs::write(&new, [object, &checksum(object)].concat()).and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            // It may not even be there.
            let _ = fs::remove_file(&new);
        }
        written
    }
    /// Takes away the oldest files beyond those that are kept.
    fn tidy(folder: &Path, newest: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut files: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.path() != newest)
            .filter_map(|entry| Some((entry.metadata().and_then(|data| data.modified()).ok()?, entry.path())))
            .collect();
        files.sort();
        for (_, path) in files.iter().take((files.len() + 1).saturating_sub(MOST)) {
            // Somebody else may have done it.
            let _ = fs::remove_file(path);
        }
    }
    fn path(&self, key: &str) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{PREFIX}{key}.o")))
    }
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish().to_le_bytes()
}

/// Returns the name for what these parts become: 128 bits of hash.
pub(crate) fn key<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut halves = [DefaultHasher::new(), DefaultHasher::new()];
    1u8.hash(&mut halves[1]);
    for part in parts {
        halves.iter_mut().for_each(|half| part.hash(half));
    }
    halves.iter().map(|half| format!("{:016x}", half.finish())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_or_cannot_be_kept_is_not_there() {
        let folder = env::temp_dir().join(format!("kmem-cache-test-{}", std::process::id()));
        let cache = ObjectCache::at(&folder);
        let (one, two) = (key([b"ab".as_slice(), b"c"]), key([b"a".as_slice(), b"bc"]));
        assert_ne!(one, two);
        assert_eq!(cache.get(&one), None);
        cache.put(&one, b"object");
        assert_eq!(cache.get(&one).as_deref(), Some(b"object".as_slice()));
        assert_eq!(cache.get(&two), None);
        let path = cache.path(&one).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes[0] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(cache.get(&one), None);
        for n in 0..MOST + 5 {
            cache.put(&key([n.to_string().as_bytes()]), b"x");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), MOST);
        fs::remove_dir_all(&folder).unwrap();
        // A folder that cannot be made.
        let nowhere = ObjectCache::at(Path::new("/proc/none"));
        nowhere.put(&one, b"object");
        assert_eq!(nowhere.get(&one), None);
    }
}
