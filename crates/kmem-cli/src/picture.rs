//! Pictures as files: what `--report`, `--html` and `--svg` name.

use crate::failure::Failure;
use kmem_picture::Picture;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where pictures go: options of the commands that show the state of a machine.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct PictureOptions {
    /// Draw it: one HTML page that needs no network, to look at in a browser; - for standard output
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Draw it: one SVG image, for a document; - for standard output
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

impl PictureOptions {
    /// True when a picture is asked for.
    pub fn is_asked(&self) -> bool {
        self.report.is_some() || self.svg.is_some()
    }
    /// True when a picture goes where the result would: then it is the result.
    pub fn to_standard_output(&self) -> bool {
        self.files().any(is_standard)
    }
    /// Refuses what cannot be before any work is done.
    pub fn check(&self) -> Result<(), Failure> {
        match self.files().filter(|file| is_standard(file)).count() {
            0 | 1 => Ok(()),
            _ => Err(Failure::request("two pictures for one standard output").help("give one of them a file")),
        }
    }
    /// Writes the pictures.
    pub fn write(&self, out: &mut dyn Write, picture: &Picture) -> Result<(), Failure> {
        if let Some(file) = &self.report {
            write(out, file, &picture.html())?;
        }
        if let Some(file) = &self.svg {
            write(out, file, &picture.svg())?;
        }
        Ok(())
    }
    fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.report, &self.svg].into_iter().flatten().map(PathBuf::as_path)
    }
}

fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn write(out: &mut dyn Write, file: &Path, text: &str) -> Result<(), Failure> {
    if is_standard(file) {
        return Ok(out.write_all(text.as_bytes())?);
    }
    fs::write(file, text).map_err(|error| Failure::Host {
        what: format!("{}: the picture cannot be written: {error}", file.display()),
        help: Some(
            "name a file in a folder that is there and that you may write to, or - for standard output".to_owned(),
        ),
    })
}
