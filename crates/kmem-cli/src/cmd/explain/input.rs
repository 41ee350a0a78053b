//! Files as text: packed ones are unpacked while they are read, and who waits long sees how far it is.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How much is read at a time.
const PIECE: usize = 1 << 16;

/// Opens a file.
///
/// # Errors
/// What opening gives, and what the first bytes of a packed file give.
pub fn file(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let file = File::open(path)?;
    let size = file.metadata().ok().map(|data| data.len());
    text(Progress::new(BufReader::with_capacity(PIECE, file), size))
}

/// Opens the standard input.
///
/// # Errors
/// As [`file`].
pub fn standard() -> io::Result<Box<dyn BufRead>> {
    text(Progress::new(BufReader::with_capacity(PIECE, io::stdin()), None))
}

/// Unpacks what its first bytes say is packed: gzip, zstd, xz.
fn text(mut input: impl BufRead + 'static) -> io::Result<Box<dyn BufRead>> {
    const GZIP: &[u8] = &[0x1f, 0x8b];
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
    let first = input.fill_buf()?;
    if first.starts_with(GZIP) {
        return Ok(boxed(flate2::bufread::MultiGzDecoder::new(input)));
    }
    if first.starts_with(ZSTD) {
        let decoder = ruzstd::decoding::StreamingDecoder::new(input);
        return decoder.map(boxed).map_err(io::Error::other);
    }
    if first.starts_with(XZ) {
        return Ok(boxed(lzma_rust2::XzReader::new(input, true)));
    }
    Ok(Box::new(input))
}

fn boxed(input: impl Read + 'static) -> Box<dyn BufRead> {
    Box::new(BufReader::with_capacity(PIECE, input))
}

/// An input that shows how far it is, on a terminal and from half a second on.
struct Progress<R> {
    input: R,
    bytes: u64,
    size: Option<u64>,
    next: Instant,
    shown: bool,
}

impl<R> Progress<R> {
    const EVERY: Duration = Duration::from_millis(500);

    fn new(input: R, size: Option<u64>) -> Self {
        Self { input, bytes: 0, size, next: Instant::now() + Self::EVERY, shown: false }
    }
    fn show(&mut self) {
        self.next = Instant::now() + Self::EVERY;
        let mut stderr = io::stderr();
        if stderr.is_terminal() {
            let of = self.size.map_or(String::new(), |size| format!(" of {}", size >> 20));
            // Where stderr is gone there is nobody to tell.
            let _ = write!(stderr, "\r\x1b[Kkmem: {}{of} MB read", self.bytes >> 20);
            self.shown = true;
        }
    }
}

impl<R: Read> Read for Progress<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl<R: BufRead> BufRead for Progress<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }
    fn consume(&mut self, amount: usize) {
        let before = self.bytes;
        self.bytes += amount as u64;
        // The clock is asked once a megabyte.
        if before >> 20 != self.bytes >> 20 && Instant::now() >= self.next {
            self.show();
        }
        self.input.consume(amount);
    }
}

impl<R> Drop for Progress<R> {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
