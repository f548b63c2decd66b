//! The PKCS#11 module: the C interface towards hosts, handles, state and routing. It knows no vendor: what is behind a slot
//! is `ukeyhub_vendors`' business. It lives in a stranger's process, so it never prints, never panics into the host,
//! starts no thread and holds no lock while a library is called.

#![deny(unsafe_code)]

#[cfg(panic = "abort")]
compile_error!("the module must unwind to its guard: build it with panic = \"unwind\"");

#[allow(unsafe_code, reason = "boundary: a page that a forked child finds empty")]
mod anchor;
mod api;
#[allow(unsafe_code, reason = "boundary: host pointers of the module's own functions")]
mod arguments;
#[allow(unsafe_code, reason = "boundary: per-thread records that outlive their threads")]
mod calls;
#[allow(unsafe_code, reason = "boundary: the exported C functions")]
mod entry;
#[allow(unsafe_code, reason = "boundary: the process's exit handlers")]
mod exit;
mod guard;
#[allow(unsafe_code, reason = "boundary: statics handed to C")]
mod lists;
mod log;
#[allow(unsafe_code, reason = "boundary: sessions shared between threads without a lock")]
mod sessions;
mod stack;
mod state;
#[allow(unsafe_code, reason = "boundary: memory mapped for the table of sessions")]
mod table;
