//! The only file that prints: the result to standard output, everything else to standard error.
//! Libraries in our process may print as well; on Unix their standard output is turned to standard error, so that what
//! a program reads from us is ours alone. It must not decide what is said.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr, reason = "this file prints for all")]

use std::io::{self, Write};

use anstream::AutoStream;

use crate::visible::visible;

/// Where results go.
pub struct Output {
    stream: Box<dyn Write>,
    width: Option<usize>,
}

impl Output {
    /// Takes the standard output of this process. What others print to it from now on goes to standard error (Unix).
    pub fn take() -> io::Result<Self> {
        let (stream, width) = own()?;
        Ok(Self { stream, width })
    }

    /// Columns of the terminal; `None` when the result goes elsewhere, where lines may be as long as they are.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Prints a result. Bold type is left out unless a terminal shows it. A reader that has had enough is no error.
    pub fn result(&mut self, text: &str) -> io::Result<()> {
        let written = self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}

/// Tells people what went wrong. Control characters in it, as from a path, are shown and not obeyed.
pub fn complain(text: &str) {
    let shown: Vec<String> = text.trim_end().split('\n').map(visible).collect();
    // Without a standard error there is nowhere left to say so; the exit code still does.
    _ = writeln!(io::stderr(), "{}", shown.join("\n"));
}

#[cfg(unix)]
fn own() -> io::Result<(Box<dyn Write>, Option<usize>)> {
    use std::fs::File;
    use std::os::fd::AsFd;

    let own = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    let width = terminal_size::terminal_size_of(&own);
    Ok((Box::new(AutoStream::auto(File::from(own))), width.map(columns)))
}

/// Windows gives a console its text through the standard handle only, so that one stays shared.
#[cfg(not(unix))]
fn own() -> io::Result<(Box<dyn Write>, Option<usize>)> {
    let width = terminal_size::terminal_size_of(io::stdout());
    Ok((Box::new(AutoStream::auto(io::stdout())), width.map(columns)))
}

fn columns((width, _): (terminal_size::Width, terminal_size::Height)) -> usize {
    width.0.into()
}
