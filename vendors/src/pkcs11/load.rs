//! Opens a vendor's library so that neither side can capture the other's symbols (design D10).
//! Boundary file: the dynamic loader. It must not call anything the library exports.

use std::ffi::c_void;
use std::path::Path;

use libloading::Library;

/// Why a library could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The dynamic loader refused; its own words say which file is missing.
    #[error("cannot be loaded: {}", in_full(.0))]
    Loader(#[from] libloading::Error),
    /// The configuration names this module as a library behind itself.
    #[error("is this module itself")]
    Itself,
    /// The library has neither C_GetFunctionList nor C_GetInterface.
    #[error("is not a PKCS#11 library: it exports neither C_GetFunctionList nor C_GetInterface")]
    NotPkcs11,
    /// It answered the question for its functions with an error or a null table.
    #[error("gave no function table: {0}")]
    NoTable(crate::error::Error),
    /// A table entry points outside the library's own image.
    #[error(
        "its function table points outside the library itself at {0}; a profile may say `allow-foreign-entries = true`"
    )]
    ForeignEntry(&'static str),
    /// Where the image lies cannot be found out.
    #[error("its place in memory is unknown")]
    NoImage,
}

/// An error with all its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A library in this process. Dropping it unloads it, unless it was abandoned.
pub struct Opened {
    library: Option<Library>,
    image: Image,
}

impl Opened {
    /// Opens a library by its absolute path. Its constructors run now.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let (library, image) = open(path)?;
        if image.contains(Self::open as fn(&Path) -> Result<Self, LoadError> as usize) {
            return Err(LoadError::Itself);
        }
        Ok(Self { library: Some(library), image })
    }

    /// The address of an exported function, if there is one.
    pub fn symbol<F: Copy>(&self, name: &str) -> Option<F> {
        let library = self.library.as_ref()?;
        // SAFETY: the callers in `table` name functions whose types the standard fixes; the copy lives within `self`'s owner.
        unsafe { library.get::<F>(name).ok().map(|symbol| *symbol) }
    }

    /// Whether an address lies in the library's own image.
    pub fn contains(&self, address: *const c_void) -> bool {
        self.image.contains(address as usize)
    }

    /// Leaves the library mapped for good: a thread is still inside it.
    pub fn abandon(&mut self) {
        if let Some(library) = self.library.take() {
            std::mem::forget(library);
        }
    }
}

/// The address ranges that the loader mapped for one library.
struct Image(Vec<std::ops::Range<usize>>);

impl Image {
    fn contains(&self, address: usize) -> bool {
        self.0.iter().any(|range| range.contains(&address))
    }
}

#[cfg(unix)]
fn open(path: &Path) -> Result<(Library, Image), LoadError> {
    use libloading::os::unix;

    let mut flags = unix::RTLD_NOW | unix::RTLD_LOCAL;
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if global_scope_speaks_pkcs11() {
        // The host, or a library it loaded globally, exports C_* names: without this the vendor's own calls would go there.
        flags |= libc::RTLD_DEEPBIND;
    }
    // SAFETY: loading runs the vendor's constructors; the administrator named this file and its owner and width were checked.
    let library = unsafe { unix::Library::open(Some(path), flags) }?;
    let handle = library.into_raw();
    let image = image_of(handle);
    // SAFETY: the handle comes from `into_raw` just above and is used once.
    let library = unsafe { unix::Library::from_raw(handle) };
    Ok((library.into(), image?))
}

/// Whether a lookup in the global scope finds C_GetFunctionList. The main program's handle searches just that scope.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn global_scope_speaks_pkcs11() -> bool {
    let main = libloading::os::unix::Library::this();
    // SAFETY: the address is only compared with null, never called.
    unsafe { main.get::<*const c_void>("C_GetFunctionList") }.is_ok()
}

/// The loader's record of one library, as far as `<link.h>` publishes it.
#[cfg(target_os = "linux")]
#[repr(C)]
struct LinkMap {
    base: usize,
    name: *const libc::c_char,
    dynamic: *const c_void,
}

#[cfg(target_os = "linux")]
fn image_of(handle: *mut c_void) -> Result<Image, LoadError> {
    let mut map: *const LinkMap = std::ptr::null();
    // SAFETY: the handle is open, and this request writes one pointer to a link_map.
    let answer = unsafe { libc::dlinfo(handle, libc::RTLD_DI_LINKMAP, (&raw mut map).cast()) };
    if answer != 0 || map.is_null() {
        return Err(LoadError::NoImage);
    }
    // SAFETY: dlinfo succeeded, so it points to the loader's record, which lives as long as the handle is open.
    let wanted = unsafe { (*map).dynamic } as usize;
    let mut search = Search { wanted, found: Vec::new() };
    // SAFETY: the callback only reads the records it is given and writes to `search`, which outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    if search.found.is_empty() { Err(LoadError::NoImage) } else { Ok(Image(search.found)) }
}

#[cfg(target_os = "linux")]
struct Search {
    wanted: usize,
    found: Vec<std::ops::Range<usize>>,
}

#[cfg(target_os = "linux")]
unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _size: libc::size_t, data: *mut c_void) -> libc::c_int {
    // SAFETY: the loader passes its own record, and `data` is the Search that `image_of` lent.
    let (info, search) = unsafe { (&*info, &mut *data.cast::<Search>()) };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: the record says how many program headers stand there.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let ranges: Vec<_> = headers
        .iter()
        .filter(|header| header.p_type == libc::PT_LOAD)
        .map(|header| {
            let start = (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
            start..start.wrapping_add(header.p_memsz as usize)
        })
        .collect();
    if ranges.iter().any(|range| range.contains(&search.wanted)) {
        search.found = ranges;
        return 1;
    }
    0
}

/// Elsewhere the loader does not say where a library lies; its entries are then taken as they are.
#[cfg(all(unix, not(target_os = "linux")))]
fn image_of(_handle: *mut c_void) -> Result<Image, LoadError> {
    let everywhere = 0..usize::MAX;
    Ok(Image(vec![everywhere]))
}

#[cfg(windows)]
fn open(path: &Path) -> Result<(Library, Image), LoadError> {
    use libloading::os::windows;
    use object::LittleEndian as LE;
    use object::pe::{IMAGE_NT_OPTIONAL_HDR64_MAGIC, ImageDosHeader, ImageNtHeaders32, ImageNtHeaders64};

    // SAFETY: loading runs the vendor's DllMain; the administrator named this file and its width was checked.
    let library = unsafe {
        windows::Library::load_with_flags(
            path,
            windows::LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | windows::LOAD_LIBRARY_SEARCH_DEFAULT_DIRS,
        )
    }?;
    let handle = library.into_raw();
    let base = handle as usize;
    // SAFETY: a module handle is the address of its mapped DOS header.
    let dos = unsafe { std::ptr::read_unaligned(base as *const ImageDosHeader) };
    let headers = base + dos.e_lfanew.get(LE) as usize;
    // SAFETY: the loader accepted the file, so the PE headers stand where the DOS header says.
    let narrow = unsafe { std::ptr::read_unaligned(headers as *const ImageNtHeaders32) };
    let size = if narrow.optional_header.magic.get(LE) == IMAGE_NT_OPTIONAL_HDR64_MAGIC {
        // SAFETY: as above; the magic number says that the wide form stands there.
        unsafe { std::ptr::read_unaligned(headers as *const ImageNtHeaders64) }.optional_header.size_of_image.get(LE)
    } else {
        narrow.optional_header.size_of_image.get(LE)
    };
    // SAFETY: the handle comes from `into_raw` just above and is used once.
    let library = unsafe { windows::Library::from_raw(handle) };
    let whole = base..base + size as usize;
    Ok((library.into(), Image(vec![whole])))
}
