//! The header of a native library, read before the library is loaded: loading one of the wrong width or kind fails with
//! a number or a riddle. Reads headers only and loads nothing. Also the SHA-256 of a file.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use object::read::elf::FileHeader;
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};
use object::read::{ReadCache, ReadRef};
use object::{Endianness, elf, pe};
use sha2::{Digest, Sha256};

/// What kind of library a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// The container.
    pub format: Format,
    /// The processor.
    pub machine: Machine,
    /// Bits of a pointer: 32 or 64.
    pub width: u8,
    /// The byte order.
    pub big_endian: bool,
}

/// The container of a native library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Linux and most Unix systems.
    Elf,
    /// Windows.
    Pe,
    /// macOS.
    MachO,
}

/// A processor family. The number of an unknown one is its container's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Machine {
    X86,
    X86_64,
    Arm,
    Aarch64,
    LoongArch64,
    Mips,
    RiscV,
    Sw64,
    Other(u32),
}

/// Why a file cannot be loaded into this process. The text does not name the file: the caller does.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Neither ELF nor PE nor Mach-O.
    #[error("not a native library")]
    NotNative,
    /// The header of a library, cut short or contradictory.
    #[error("a damaged {0} library: its header is cut short or contradicts itself")]
    Damaged(Format),
    /// Segments reach beyond the end of the file: the loader would map them, and touching them would kill the process.
    #[error("the file is cut short: an interrupted download or update?")]
    CutShort,
    /// A program, an object file, a core dump.
    #[error("not a library, but another kind of {0} file")]
    NotALibrary(Format),
    /// A library of another system.
    #[error("{found} library cannot be loaded by this {process} process", found = .found.format.for_people(),
        process = .process.format.system())]
    OtherSystem {
        /// The library.
        found: Image,
        /// The process.
        process: Image,
    },
    /// 32-bit into 64-bit, or the other way round.
    #[error("a {}-bit {} library cannot be loaded by this {}-bit process", .found.width, .found.format, .process.width)]
    OtherWidth {
        /// The library.
        found: Image,
        /// The process.
        process: Image,
    },
    /// Another processor, or the other byte order.
    #[error("a library for {} cannot be loaded by this {} process", .found.processor(), .process.processor())]
    OtherMachine {
        /// The library.
        found: Image,
        /// The process.
        process: Image,
    },
}

impl Image {
    /// Reads the header of `path`.
    ///
    /// # Errors
    /// The file cannot be read, or is no library of any system we know.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        // Before it is opened: opening a pipe would wait for a writer.
        if !std::fs::metadata(path)?.is_file() {
            return Err(ImageError::NotNative);
        }
        let file = ReadCache::new(File::open(path)?);
        Self::parse(&file)
    }

    /// What a library must be to be loaded into this process.
    #[must_use]
    pub const fn of_this_process() -> Self {
        let format = match () {
            () if cfg!(windows) => Format::Pe,
            () if cfg!(target_vendor = "apple") => Format::MachO,
            () => Format::Elf,
        };
        let machine = match () {
            () if cfg!(target_arch = "x86") => Machine::X86,
            () if cfg!(target_arch = "x86_64") => Machine::X86_64,
            () if cfg!(target_arch = "arm") => Machine::Arm,
            () if cfg!(target_arch = "aarch64") => Machine::Aarch64,
            () if cfg!(target_arch = "loongarch64") => Machine::LoongArch64,
            () if cfg!(any(target_arch = "mips", target_arch = "mips64")) => Machine::Mips,
            () if cfg!(any(target_arch = "riscv32", target_arch = "riscv64")) => Machine::RiscV,
            () => Machine::Other(0),
        };
        let width = if cfg!(target_pointer_width = "64") { 64 } else { 32 };
        Self { format, machine, width, big_endian: cfg!(target_endian = "big") }
    }

    /// Whether this process can load it.
    ///
    /// # Errors
    /// Says in words what does not fit.
    pub fn fits_this_process(self) -> Result<(), ImageError> {
        self.fits(Self::of_this_process())
    }

    fn fits(self, process: Self) -> Result<(), ImageError> {
        let found = self;
        match () {
            () if found.format != process.format => Err(ImageError::OtherSystem { found, process }),
            () if found.width != process.width => Err(ImageError::OtherWidth { found, process }),
            () if found != process => Err(ImageError::OtherMachine { found, process }),
            () => Ok(()),
        }
    }

    fn parse<'d, R: ReadRef<'d>>(data: R) -> Result<Self, ImageError> {
        let Ok(magic) = data.read_bytes_at(0, 8) else { return Err(ImageError::NotNative) };
        match *magic {
            [0x7f, b'E', b'L', b'F', elf::ELFCLASS32, ..] => from_elf::<elf::FileHeader32<Endianness>, _>(data),
            [0x7f, b'E', b'L', b'F', elf::ELFCLASS64, ..] => from_elf::<elf::FileHeader64<Endianness>, _>(data),
            [0x7f, b'E', b'L', b'F', ..] => Err(ImageError::Damaged(Format::Elf)),
            [b'M', b'Z', ..] => from_pe(data),
            [0xce | 0xcf, 0xfa, 0xed, 0xfe, a, b, c, d] => from_macho(data, u32::from_le_bytes([a, b, c, d])),
            _ => Err(ImageError::NotNative),
        }
    }

    /// "aarch64", or with the byte order where that is the unusual one.
    fn processor(self) -> String {
        let order = if self.big_endian { " (big-endian)" } else { "" };
        format!("{}{order}", self.machine)
    }
}

fn from_elf<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(data: R) -> Result<Image, ImageError> {
    let damaged = |_| ImageError::Damaged(Format::Elf);
    let header = H::parse(data).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    if header.e_type(endian) != elf::ET_DYN {
        return Err(ImageError::NotALibrary(Format::Elf));
    }
    let length = data.len().map_err(|()| ImageError::Damaged(Format::Elf))?;
    for segment in header.program_headers(endian, data).map_err(damaged)? {
        use object::read::elf::ProgramHeader as _;
        let (start, size) = segment.file_range(endian);
        if segment.p_type(endian) == elf::PT_LOAD && start.checked_add(size).is_none_or(|end| end > length) {
            return Err(ImageError::CutShort);
        }
    }
    /// 申威: not in the ELF registry, but in every binary made for it.
    const EM_SW64: u16 = 0x9916;
    let machine = match header.e_machine(endian) {
        elf::EM_386 => Machine::X86,
        elf::EM_X86_64 => Machine::X86_64,
        elf::EM_ARM => Machine::Arm,
        elf::EM_AARCH64 => Machine::Aarch64,
        elf::EM_LOONGARCH => Machine::LoongArch64,
        elf::EM_MIPS => Machine::Mips,
        elf::EM_RISCV => Machine::RiscV,
        EM_SW64 => Machine::Sw64,
        other => Machine::Other(other.into()),
    };
    let width = if header.is_class_64() { 64 } else { 32 };
    Ok(Image { format: Format::Elf, machine, width, big_endian: header.is_big_endian() })
}

fn from_pe<'d, R: ReadRef<'d>>(data: R) -> Result<Image, ImageError> {
    let damaged = || ImageError::Damaged(Format::Pe);
    let offset = pe::ImageDosHeader::parse(data).map_err(|_| damaged())?.nt_headers_offset().into();
    // The 32-bit shape reads both: all that is asked of it lies before the first field that differs.
    let headers: &pe::ImageNtHeaders32 = data.read_at(offset).map_err(|()| damaged())?;
    let width = match headers.optional_header().magic() {
        _ if headers.signature() != pe::IMAGE_NT_SIGNATURE => return Err(damaged()),
        pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => 32,
        pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => 64,
        _ => return Err(damaged()),
    };
    let header = headers.file_header();
    let before_optional = (size_of_val(&headers.signature) + size_of_val(header)) as u64;
    let optional = header.size_of_optional_header.get(object::LittleEndian).into();
    data.read_bytes_at(offset + before_optional, optional).map_err(|()| damaged())?;
    if header.characteristics.get(object::LittleEndian) & pe::IMAGE_FILE_DLL == 0 {
        return Err(ImageError::NotALibrary(Format::Pe));
    }
    let machine = match header.machine.get(object::LittleEndian) {
        pe::IMAGE_FILE_MACHINE_I386 => Machine::X86,
        pe::IMAGE_FILE_MACHINE_AMD64 => Machine::X86_64,
        pe::IMAGE_FILE_MACHINE_ARMNT => Machine::Arm,
        pe::IMAGE_FILE_MACHINE_ARM64 => Machine::Aarch64,
        other => Machine::Other(other.into()),
    };
    Ok(Image { format: Format::Pe, machine, width, big_endian: false })
}

/// Only what is needed to name the file: mach_header is magic, cputype, cpusubtype, filetype, four bytes each.
fn from_macho<'d, R: ReadRef<'d>>(data: R, cpu: u32) -> Result<Image, ImageError> {
    const MH_DYLIB: u8 = 6;
    const MH_BUNDLE: u8 = 8;
    const ABI64: u32 = 0x0100_0000;
    const X86: u32 = 7;
    const ARM: u32 = 12;
    let is_64 = data.read_bytes_at(0, 1) == Ok(&[0xcf]);
    let header = data.read_bytes_at(0, if is_64 { 32 } else { 28 }).map_err(|()| ImageError::Damaged(Format::MachO))?;
    if !matches!(header.get(12..16), Some([MH_DYLIB | MH_BUNDLE, 0, 0, 0])) {
        return Err(ImageError::NotALibrary(Format::MachO));
    }
    let machine = match (cpu & !ABI64, is_64) {
        (X86, false) => Machine::X86,
        (X86, true) => Machine::X86_64,
        (ARM, false) => Machine::Arm,
        (ARM, true) => Machine::Aarch64,
        _ => Machine::Other(cpu),
    };
    Ok(Image { format: Format::MachO, machine, width: if is_64 { 64 } else { 32 }, big_endian: false })
}

impl Format {
    fn for_people(self) -> &'static str {
        match self {
            Self::Elf => "a Linux (ELF)",
            Self::Pe => "a Windows (PE)",
            Self::MachO => "a macOS (Mach-O)",
        }
    }

    fn system(self) -> &'static str {
        match self {
            Self::Elf => "Linux",
            Self::Pe => "Windows",
            Self::MachO => "macOS",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elf => "ELF",
            Self::Pe => "PE",
            Self::MachO => "Mach-O",
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86 => "x86",
            Self::X86_64 => "x86-64",
            Self::Arm => "arm",
            Self::Aarch64 => "aarch64",
            Self::LoongArch64 => "loongarch64",
            Self::Mips => "mips",
            Self::RiscV => "riscv",
            Self::Sw64 => "sw64",
            Self::Other(number) => return write!(f, "machine {number:#x}"),
        })
    }
}

/// The SHA-256 of a file, read in pieces.
///
/// # Errors
/// The file cannot be read.
pub fn sha256(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(length) => hash.update(piece.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
