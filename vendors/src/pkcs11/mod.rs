//! The PKCS#11 backend in process ("direct"): loads a vendor's module and passes calls through with the host's own pointers.
//! It must not translate what the standard already names, and nothing outside `load`, `table` and `call` may be unsafe.
//! A crash or a C++ exception of such a library is the host's: only a worker process can prevent that.

#[allow(unsafe_code, reason = "boundary: calls into the vendor's functions")]
mod call;
mod library;
#[allow(unsafe_code, reason = "boundary: the dynamic loader")]
mod load;
#[allow(unsafe_code, reason = "boundary: reads the vendor's function tables")]
mod table;
mod uplift;

pub use call::{HostThreads, Mutexes};
pub use library::{StartError, start};
pub use load::LoadError;
