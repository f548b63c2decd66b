//! Headers made by hand, this test program's own file, and bytes that were never a header.

use super::*;

const LINUX: Image = Image { format: Format::Elf, machine: Machine::X86_64, width: 64, big_endian: false };
const WINDOWS: Image = Image { format: Format::Pe, ..LINUX };

/// An ELF header alone: class, byte order, type, machine.
fn elf_header(class: u8, big_endian: bool, kind: u16, machine: u16) -> Vec<u8> {
    let mut bytes = vec![0; if class == elf::ELFCLASS64 { 64 } else { 52 }];
    bytes[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, if big_endian { 2 } else { 1 }, 1]);
    let put = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    bytes[16..18].copy_from_slice(&put(kind));
    bytes[18..20].copy_from_slice(&put(machine));
    bytes[20 + usize::from(big_endian) * 3] = 1;
    bytes
}

/// DOS header, PE signature, file header and optional header without data directories.
fn pe_header(machine: u16, is_64: bool, characteristics: u16) -> Vec<u8> {
    let optional = if is_64 { 112 } else { 96 };
    let mut bytes = vec![0; 64 + 24 + optional];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[60] = 64;
    bytes[64..68].copy_from_slice(b"PE\0\0");
    bytes[68..70].copy_from_slice(&machine.to_le_bytes());
    bytes[84] = optional as u8;
    bytes[86..88].copy_from_slice(&characteristics.to_le_bytes());
    bytes[88..90].copy_from_slice(&(if is_64 { 0x20bu16 } else { 0x10b }).to_le_bytes());
    bytes
}

fn macho_header(magic: u8, cpu: u32, kind: u8) -> Vec<u8> {
    let mut bytes = vec![0; if magic == 0xcf { 32 } else { 28 }];
    bytes[..4].copy_from_slice(&[magic, 0xfa, 0xed, 0xfe]);
    bytes[4..8].copy_from_slice(&cpu.to_le_bytes());
    bytes[12] = kind;
    bytes
}

fn parse(bytes: &[u8]) -> Result<Image, ImageError> {
    Image::parse(bytes)
}

#[test]
fn libraries_of_every_kind_are_told_apart() {
    let image = |format, machine, width| Image { format, machine, width, big_endian: false };
    let cases = [
        (elf_header(2, false, elf::ET_DYN, elf::EM_X86_64), LINUX),
        (elf_header(1, false, elf::ET_DYN, elf::EM_386), image(Format::Elf, Machine::X86, 32)),
        (elf_header(1, false, elf::ET_DYN, elf::EM_X86_64), image(Format::Elf, Machine::X86_64, 32)),
        (elf_header(2, false, elf::ET_DYN, elf::EM_AARCH64), image(Format::Elf, Machine::Aarch64, 64)),
        (elf_header(2, false, elf::ET_DYN, 258), image(Format::Elf, Machine::LoongArch64, 64)),
        (elf_header(2, false, elf::ET_DYN, 0x9916), image(Format::Elf, Machine::Sw64, 64)),
        (
            elf_header(2, true, elf::ET_DYN, 22),
            Image { big_endian: true, ..image(Format::Elf, Machine::Other(22), 64) },
        ),
        (pe_header(0x8664, true, pe::IMAGE_FILE_DLL), WINDOWS),
        (pe_header(0x014c, false, pe::IMAGE_FILE_DLL), image(Format::Pe, Machine::X86, 32)),
        (macho_header(0xcf, 0x0100_000c, 6), image(Format::MachO, Machine::Aarch64, 64)),
        (macho_header(0xce, 7, 8), image(Format::MachO, Machine::X86, 32)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(parse(&bytes).unwrap(), expected);
        for length in 0..bytes.len() {
            assert!(parse(&bytes[..length]).is_err(), "{expected:?} cut to {length}");
        }
    }
}

#[test]
fn other_files_are_named_for_what_they_are() {
    let cases = [
        (Vec::new(), "not a native library"),
        (b"#!/bin/sh\nexit 0\n".to_vec(), "not a native library"),
        (b"/* GNU ld script */ INPUT(a.so)".to_vec(), "not a native library"),
        (elf_header(2, false, elf::ET_EXEC, elf::EM_X86_64), "not a library, but another kind of ELF file"),
        (elf_header(2, false, elf::ET_REL, elf::EM_X86_64), "not a library, but another kind of ELF file"),
        (elf_header(3, false, elf::ET_DYN, elf::EM_X86_64), "a damaged ELF library"),
        (pe_header(0x8664, true, 0x22), "not a library, but another kind of PE file"),
        (b"MZ is how some texts begin, too".to_vec(), "a damaged PE library"),
        (macho_header(0xcf, 7, 2), "not a library, but another kind of Mach-O file"),
    ];
    for (bytes, expected) in cases {
        let error = parse(&bytes).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn what_does_not_fit_is_said_in_words() {
    let text = |found: Image, process: Image| found.fits(process).unwrap_err().to_string();
    let narrow = Image { machine: Machine::X86, width: 32, ..LINUX };
    let arm = Image { machine: Machine::Aarch64, ..LINUX };
    assert_eq!(text(narrow, LINUX), "a 32-bit ELF library cannot be loaded by this 64-bit process");
    assert_eq!(text(LINUX, narrow), "a 64-bit ELF library cannot be loaded by this 32-bit process");
    assert_eq!(text(arm, LINUX), "a library for aarch64 cannot be loaded by this x86-64 process");
    assert_eq!(text(WINDOWS, LINUX), "a Windows (PE) library cannot be loaded by this Linux process");
    let power = Image { machine: Machine::Other(21), big_endian: true, ..LINUX };
    assert_eq!(text(power, LINUX), "a library for machine 0x15 (big-endian) cannot be loaded by this x86-64 process");
    LINUX.fits(LINUX).unwrap();
}

/// The C library that this very process has mapped.
#[cfg(target_os = "linux")]
#[test]
fn a_library_of_this_process_fits_it() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let path = maps.lines().find_map(|line| line.split_whitespace().nth(5).filter(|path| path.contains("/libc.so")));
    let image = Image::read(Path::new(path.expect("the C library is mapped"))).unwrap();
    image.fits_this_process().unwrap();
    assert_eq!(u32::from(image.width), usize::BITS);
}

#[test]
fn folders_and_absent_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Image::read(folder.path()), Err(ImageError::NotNative)));
    assert!(matches!(Image::read(&folder.path().join("none")), Err(ImageError::Read(_))));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    assert!(matches!(Image::read(&pipe), Err(ImageError::NotNative)));
}

#[test]
fn the_hash_is_that_of_the_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "abc").unwrap();
    // FIPS 180-2, B.1
    assert_eq!(sha256(&file).unwrap()[..4], [0xba, 0x78, 0x16, 0xbf]);
    let long = vec![b'a'; 1_000_000];
    std::fs::write(&file, &long).unwrap();
    // FIPS 180-2, B.3
    assert_eq!(sha256(&file).unwrap()[..4], [0xcd, 0xc7, 0x6e, 0x5c]);
    assert!(sha256(&folder.path().join("none")).is_err());
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..512)) {
        _ = parse(&bytes);
    }

    #[test]
    fn spoilt_and_shortened_headers_never_panic(
        which in 0..4usize,
        spoilt in proptest::collection::vec((0..200usize, proptest::num::u8::ANY), 0..12),
        length in 0..200usize,
    ) {
        let mut bytes = match which {
            0 => elf_header(1, false, elf::ET_DYN, elf::EM_386),
            1 => elf_header(2, true, elf::ET_DYN, elf::EM_X86_64),
            2 => pe_header(0x8664, true, pe::IMAGE_FILE_DLL),
            _ => macho_header(0xcf, 7, 6),
        };
        for (place, byte) in spoilt {
            if let Some(target) = bytes.get_mut(place) {
                *target = byte;
            }
        }
        bytes.truncate(length);
        _ = parse(&bytes);
        // The way that files take: a cache that trusts the length of the file only.
        _ = Image::parse(&ReadCache::new(io::Cursor::new(bytes)));
    }
}
