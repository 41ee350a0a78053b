//! How a command ends: what `main` turns into the exit status.

use kmem_hosted::HostedBootError;
use std::io;

/// A command that did its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// All is well: exit status 0.
    Well,
    /// What was examined has a problem: 1.
    Problem,
    /// A module's init returned an error, and nothing else is wrong: 3.
    InitError,
}

/// A command that could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request cannot be understood, or asks for what cannot be: exit status 2.
    #[error("{what}")]
    Request {
        /// What is wrong with it.
        what: String,
        /// What to do.
        help: Option<String>,
    },
    /// The host refused, or kmem itself failed: 4.
    #[error("{what}")]
    Host {
        /// What happened.
        what: String,
        /// What to do.
        help: Option<String>,
    },
    /// The output cannot be written. A reader that went away is no failure.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// A request that cannot be understood.
    pub fn request(what: impl Into<String>) -> Self {
        Self::Request { what: what.into(), help: None }
    }
    /// Says what to do.
    #[must_use]
    pub fn help(self, text: impl Into<String>) -> Self {
        let text = Some(text.into());
        match self {
            Self::Request { what, .. } => Self::Request { what, help: text },
            Self::Host { what, .. } => Self::Host { what, help: text },
            output => output,
        }
    }
    /// What to do, if that is known.
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::Request { help, .. } | Self::Host { help, .. } => help.as_deref(),
            Self::Output(_) => None,
        }
    }
    /// True when the reader of the output went away: nothing is wrong then.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
    /// Returns the exit status.
    pub fn status(&self) -> u8 {
        match self {
            Self::Request { .. } => 2,
            Self::Host { .. } | Self::Output(_) => 4,
        }
    }
}

impl From<HostedBootError> for Failure {
    fn from(error: HostedBootError) -> Self {
        let what = error.to_string();
        match error {
            HostedBootError::Plan(_) => Self::request(what),
            HostedBootError::Boot(_) => Self::request(what),
            HostedBootError::Host(_) => Self::Host { what, help: None },
        }
    }
}
