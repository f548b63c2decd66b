//! The crate against its C twin, `vendors/softkey/include/skf.h`: sizes, offsets, constants, codes and prototypes are turned
//! into C that only compiles when the two agree, for 64- and 32-bit Linux and Windows and both widths of ULONG. On 32-bit
//! Windows the names in the object also prove the convention and the bytes of the arguments. Nothing is run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::Command;

use skf_sys::codes::CODES;
use skf_sys::constants::{self, SM2_FAMILY_A, SM2_FAMILY_B, Sm2Ids};
use skf_sys::{BOOL, BYTE, BlockCipherParam, CHAR, DevInfo, EccCipherBlob, EccPrivateKeyBlob, EccPublicKeyBlob};
use skf_sys::{
    EccSignatureBlob, EnvelopedKeyBlob, FileAttribute, RsaPrivateKeyBlob, RsaPublicKeyBlob, UINT32, Version,
};

const HEADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../softkey/include/skf.h");
const CONSTANTS: &str = include_str!("../src/constants.rs");
const TYPES: &str = include_str!("../src/types.rs");

/// A platform whose C compiler judges: how to call it and what to install when it is missing.
struct Target {
    name: &'static str,
    compiler: &'static [&'static str],
    package: &'static str,
    pointer: usize,
    is_stdcall: bool,
}

/// `-ffreestanding` takes the compiler's own headers, so no C library of the other width is needed.
const TARGETS: &[Target] = &[
    Target { name: "64-bit Linux", compiler: &["gcc", "-m64"], package: "gcc", pointer: 8, is_stdcall: false },
    Target { name: "32-bit Linux", compiler: &["gcc", "-m32"], package: "gcc", pointer: 4, is_stdcall: false },
    Target {
        name: "64-bit Windows",
        compiler: &["x86_64-w64-mingw32-gcc"],
        package: "gcc-mingw-w64-x86-64",
        pointer: 8,
        is_stdcall: false,
    },
    Target {
        name: "32-bit Windows",
        compiler: &["i686-w64-mingw32-gcc"],
        package: "gcc-mingw-w64-i686",
        pointer: 4,
        is_stdcall: true,
    },
];

/// One structure: its C name, its size, and each field with its offset and size.
struct Layout {
    rust: &'static str,
    c: &'static str,
    size: usize,
    fields: Vec<(&'static str, usize, usize)>,
}

fn size_read_by<T, F>(_: impl Fn(&T) -> F) -> usize {
    size_of::<F>()
}

macro_rules! layout {
    ($rust:ty = $c:ident { $($field:ident = $c_field:ident),* $(,)? }) => {
        Layout {
            rust: stringify!($rust).trim_end_matches("<U>"),
            c: stringify!($c),
            size: size_of::<$rust>(),
            fields: vec![$((
                stringify!($c_field),
                offset_of!($rust, $field),
                size_read_by(|value: &$rust| value.$field),
            )),*],
        }
    };
}

fn layouts<U: Copy>() -> Vec<Layout> {
    vec![
        layout!(Version = VERSION { major = major, minor = minor }),
        layout!(DevInfo<U> = DEVINFO {
            version = Version, manufacturer = Manufacturer, issuer = Issuer, label = Label, serial_number = SerialNumber,
            hw_version = HWVersion, firmware_version = FirmwareVersion, alg_sym_cap = AlgSymCap,
            alg_asym_cap = AlgAsymCap, alg_hash_cap = AlgHashCap, dev_auth_alg_id = DevAuthAlgId,
            total_space = TotalSpace, free_space = FreeSpace, max_ecc_buffer_size = MaxECCBufferSize,
            max_buffer_size = MaxBufferSize, reserved = Reserved,
        }),
        layout!(RsaPublicKeyBlob = RSAPUBLICKEYBLOB {
            alg_id = AlgID, bit_len = BitLen, modulus = Modulus, public_exponent = PublicExponent,
        }),
        layout!(RsaPrivateKeyBlob = RSAPRIVATEKEYBLOB {
            alg_id = AlgID, bit_len = BitLen, modulus = Modulus, public_exponent = PublicExponent,
            private_exponent = PrivateExponent, prime1 = Prime1, prime2 = Prime2, prime1_exponent = Prime1Exponent,
            prime2_exponent = Prime2Exponent, coefficient = Coefficient,
        }),
        layout!(EccPublicKeyBlob = ECCPUBLICKEYBLOB {
            bit_len = BitLen, x_coordinate = XCoordinate, y_coordinate = YCoordinate,
        }),
        layout!(EccPrivateKeyBlob = ECCPRIVATEKEYBLOB { bit_len = BitLen, private_key = PrivateKey }),
        layout!(EccSignatureBlob = ECCSIGNATUREBLOB { r = r, s = s }),
        layout!(FileAttribute = FILEATTRIBUTE {
            file_name = FileName, file_size = FileSize, read_rights = ReadRights, write_rights = WriteRights,
        }),
        layout!(EccCipherBlob<U> = ECCCIPHERBLOB {
            x_coordinate = XCoordinate, y_coordinate = YCoordinate, hash = HASH, cipher_len = CipherLen, cipher = Cipher,
        }),
        layout!(EnvelopedKeyBlob<U> = ENVELOPEDKEYBLOB {
            version = Version, symm_alg_id = ulSymmAlgID, bits = ulBits, encrypted_pri_key = cbEncryptedPriKey,
            pub_key = PubKey, ecc_cipher_blob = ECCCipherBlob,
        }),
        layout!(BlockCipherParam<U> = BLOCKCIPHERPARAM {
            iv = IV, iv_len = IVLen, padding_type = PaddingType, feed_bit_len = FeedBitLen,
        }),
    ]
}

macro_rules! values {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), constants::$name)),*] };
}

const VALUES: &[(&str, u32)] = values![
    ADMIN_TYPE,
    USER_TYPE,
    SECURE_NEVER_ACCOUNT,
    SECURE_ADM_ACCOUNT,
    SECURE_USER_ACCOUNT,
    SECURE_ANYONE_ACCOUNT,
    DEV_ABSENT_STATE,
    DEV_PRESENT_STATE,
    DEV_UNKNOW_STATE,
    EVENT_IN,
    EVENT_OUT,
    CONTAINER_UNKNOWN,
    CONTAINER_RSA,
    CONTAINER_ECC,
    INFINITE,
    SGD_SM1,
    SGD_SSF33,
    SGD_SM4,
    SGD_ECB,
    SGD_CBC,
    SGD_CFB,
    SGD_OFB,
    SGD_MAC,
    SGD_SM1_ECB,
    SGD_SSF33_ECB,
    SGD_SM4_ECB,
    SGD_SM4_CBC,
    SGD_SM4_CFB,
    SGD_SM4_OFB,
    SGD_SM4_MAC,
    SGD_RSA,
    SGD_SM3,
    SGD_SHA1,
    SGD_SHA256,
];

macro_rules! lengths {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), skf_sys::$name)),*] };
}

const LENGTHS: &[(&str, usize)] =
    lengths![MAX_RSA_MODULUS_LEN, MAX_RSA_EXPONENT_LEN, ECC_MAX_COORDINATE_LEN, MAX_IV_LEN, MAX_FILE_NAME_LEN];

/// A function and the Rust types of its arguments.
struct Prototype {
    name: &'static str,
    arguments: Vec<String>,
}

macro_rules! prototypes {
    (standard { $($s:ident($($a:ident: $at:ty),*);)* } additional { $($x:ident($($b:ident: $bt:ty),*);)* }) => {
        fn prototypes() -> Vec<Prototype> {
            vec![
                $(Prototype { name: stringify!($s), arguments: vec![$(spelt(stringify!($at))),*] },)*
                $(Prototype { name: stringify!($x), arguments: vec![$(spelt(stringify!($bt))),*] },)*
            ]
        }
    };
}
skf_sys::skf_functions!(prototypes);

/// The compiler may set a space behind the star of a pointer.
fn spelt(kind: &str) -> String {
    kind.replace("* ", "*")
}

impl Prototype {
    /// The pointer type a C compiler must accept the function as.
    fn pointer(&self, to: &[Layout]) -> String {
        let arguments: Vec<_> = self.arguments.iter().map(|kind| c_type(kind, to)).collect();
        let list = if arguments.is_empty() { "void".to_owned() } else { arguments.join(", ") };
        format!("ULONG (SKFAPI *const to_{0})({list}) = {0};", self.name)
    }

    /// Bytes of arguments on the stack of a 32-bit platform.
    fn stack(&self, to: &[Layout], ulong: usize) -> usize {
        let size = |kind: &String| {
            let bytes = match kind.as_str() {
                pointer if pointer.starts_with('*') || is_handle(pointer) => 4,
                "ULONG" => ulong,
                "BOOL" => size_of::<BOOL>(),
                name => to.iter().find(|layout| layout.c == name).expect(name).size,
            };
            bytes.next_multiple_of(4)
        };
        self.arguments.iter().map(size).sum()
    }
}

fn is_handle(kind: &str) -> bool {
    matches!(kind, "DEVHANDLE" | "HAPPLICATION" | "HCONTAINER" | "HANDLE")
}

/// `*const RsaPublicKeyBlob` as `const RSAPUBLICKEYBLOB *`.
fn c_type(kind: &str, to: &[Layout]) -> String {
    let named =
        |name: &str| to.iter().find(|layout| layout.rust == name).map_or(name.to_owned(), |found| found.c.into());
    match (kind.strip_prefix("*const "), kind.strip_prefix("*mut ")) {
        (Some(target), _) => format!("const {} *", named(target)),
        (_, Some(target)) => format!("{} *", named(target)),
        _ => named(kind),
    }
}

/// The C program for one width of ULONG. `slip` is added to one offset, to show that a difference is refused.
fn program(target: &Target, layouts: &[Layout], ulong: usize, family: Sm2Ids, slip: usize) -> String {
    let mut c = String::from("#include <stddef.h>\n#include \"skf.h\"\n");
    let mut claim = |condition: String| writeln!(c, "_Static_assert({condition}, \"skf-sys differs\");").unwrap();
    let scalars = [("BYTE", size_of::<BYTE>()), ("CHAR", size_of::<CHAR>()), ("BOOL", size_of::<BOOL>())];
    let handles = ["HANDLE", "DEVHANDLE", "HAPPLICATION", "HCONTAINER"].map(|name| (name, target.pointer));
    for (name, size) in scalars.into_iter().chain([("UINT32", size_of::<UINT32>()), ("ULONG", ulong)]).chain(handles) {
        claim(format!("sizeof({name}) == {size}"));
    }
    claim("(ULONG)-1 > 0 && (UINT32)-1 > 0 && (BYTE)-1 > 0 && (BOOL)-1 < 0".into());
    for Layout { c: name, size, fields, .. } in layouts {
        claim(format!("sizeof({name}) == {size} && _Alignof({name}) == 1"));
        for (field, offset, bytes) in fields {
            let offset = offset + if *field == "MaxBufferSize" { slip } else { 0 };
            claim(format!("offsetof({name}, {field}) == {offset} && sizeof((({name} *)0)->{field}) == {bytes}"));
        }
    }
    for (name, value) in LENGTHS {
        claim(format!("{name} == {value}"));
    }
    for (name, value) in VALUES {
        claim(format!("{name} == 0x{value:X}u"));
    }
    for (value, name) in CODES {
        claim(format!("{name} == 0x{value:08X}u"));
    }
    for (name, value) in [("SGD_SM2_1", family.sign), ("SGD_SM2_2", family.exchange), ("SGD_SM2_3", family.encrypt)] {
        claim(format!("{name} == 0x{value:08X}u"));
    }
    for prototype in prototypes() {
        writeln!(c, "{}", prototype.pointer(layouts)).unwrap();
    }
    c
}

/// Compiles to an object; the compiler's words on failure.
fn compile(target: &Target, program: &str, defines: &[&str], folder: &Path) -> Result<PathBuf, String> {
    let (source, object) = (folder.join("layout.c"), folder.join("layout.o"));
    std::fs::write(&source, program).unwrap();
    let (compiler, width) = target.compiler.split_first().unwrap();
    let ended = Command::new(compiler)
        .args(width)
        .args(["-std=c11", "-ffreestanding", "-Wall", "-Wextra", "-Werror", "-c"])
        .args(defines)
        .arg("-I")
        .arg(Path::new(HEADER).parent().unwrap())
        .arg("-o")
        .args([&object, &source])
        .env("LC_ALL", "C")
        .output()
        .unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!("{compiler} is missing: apt-get install {}", target.package),
            _ => panic!("{compiler}: {error}"),
        });
    if ended.status.success() { Ok(object) } else { Err(String::from_utf8_lossy(&ended.stderr).into_owned()) }
}

fn agrees<U: Copy>(width: &'static [&'static str]) {
    let folder = tempfile::tempdir().unwrap();
    let layouts = layouts::<U>();
    let ulong = size_of::<U>();
    for target in TARGETS {
        for (family, define) in [(SM2_FAMILY_A, "-DSKF_SM2_FAMILY_A"), (SM2_FAMILY_B, "-DSKF_SM2_FAMILY_B")] {
            let defines: Vec<_> = width.iter().copied().chain([define]).collect();
            let program = program(target, &layouts, ulong, family, 0);
            let object = compile(target, &program, &defines, folder.path())
                .unwrap_or_else(|said| panic!("{}, ULONG of {ulong} bytes, {define}:\n{said}", target.name));
            if target.is_stdcall {
                let object = std::fs::read(object).unwrap();
                for prototype in prototypes() {
                    let name = format!("_{}@{}\0", prototype.name, prototype.stack(&layouts, ulong));
                    let is_there = object.windows(name.len()).any(|window| window == name.as_bytes());
                    assert!(is_there, "{}: no {name:?} in the object", target.name);
                }
            }
        }
    }
}

#[test]
fn the_header_agrees_with_a_32_bit_ulong() {
    agrees::<u32>(&[]);
}

#[test]
fn the_header_agrees_with_a_64_bit_ulong() {
    agrees::<u64>(&["-DSKF_ULONG64"]);
}

#[test]
fn one_byte_of_difference_is_refused_by_every_compiler() {
    let folder = tempfile::tempdir().unwrap();
    for target in TARGETS {
        let said =
            compile(target, &program(target, &layouts::<u32>(), 4, SM2_FAMILY_A, 1), &[], folder.path()).unwrap_err();
        assert!(said.contains("skf-sys differs") && said.contains("MaxBufferSize"), "{}:\n{said}", target.name);
        let wider = compile(target, &program(target, &layouts::<u64>(), 8, SM2_FAMILY_A, 0), &[], folder.path());
        assert!(wider.is_err(), "{}: takes a ULONG of the other width", target.name);
    }
}

#[test]
fn encrypt_init_takes_its_parameter_by_value() {
    let init = prototypes().into_iter().find(|prototype| prototype.name == "SKF_EncryptInit").unwrap();
    assert_eq!((init.stack(&layouts::<u32>(), 4), init.stack(&layouts::<u64>(), 8)), (48, 60));
}

/// The fields listed here fill their structures, and every structure of the crate is listed.
#[test]
fn nothing_of_the_crate_is_left_out() {
    for layout in layouts::<u32>().into_iter().chain(layouts::<u64>()) {
        assert_eq!(layout.fields.iter().map(|field| field.2).sum::<usize>(), layout.size, "{}", layout.rust);
    }
    let structures = words_before(TYPES, "    ", &[" {", "<U> {"]);
    let listed: BTreeSet<_> = layouts::<u32>().iter().map(|layout| layout.rust.to_owned()).collect();
    assert_eq!(structures, listed);
    let constants = words_before(CONSTANTS, "pub const ", &[": u32 "]);
    assert_eq!(constants, VALUES.iter().map(|(name, _)| (*name).to_owned()).collect());
    let lengths = words_before(TYPES, "pub const ", &[": usize "]);
    assert_eq!(lengths, LENGTHS.iter().map(|(name, _)| (*name).to_owned()).collect());
    let families = words_before(CONSTANTS, "pub const ", &[": Sm2Ids "]);
    assert_eq!(families, BTreeSet::from(["SM2_FAMILY_A".to_owned(), "SM2_FAMILY_B".to_owned()]));
}

/// Words that stand between `prefix` at the start of a line and one of `ends`.
fn words_before(text: &str, prefix: &str, ends: &[&str]) -> BTreeSet<String> {
    let word = |line: &str| {
        let rest = line.strip_prefix(prefix)?;
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (word, end) = rest.split_at(length);
        (length > 0 && ends.iter().any(|wanted| end.starts_with(wanted))).then(|| word.to_owned())
    };
    text.lines().filter_map(word).collect()
}

/// The header names nothing that the crate does not know.
#[test]
fn nothing_of_the_header_is_left_out() {
    let header = std::fs::read_to_string(HEADER).unwrap();
    let layouts = layouts::<u32>();
    let own = ["UKEYHUB_SKF_H", "SKFAPI", "TRUE", "FALSE", "SGD_SM2_1", "SGD_SM2_2", "SGD_SM2_3"];
    let mut known: BTreeSet<&str> = own.into_iter().collect();
    known.extend(VALUES.iter().map(|(name, _)| *name));
    known.extend(LENGTHS.iter().map(|(name, _)| *name));
    known.extend(CODES.iter().map(|(_, name)| *name));
    for line in header.lines() {
        if let Some(define) = line.strip_prefix("#define ") {
            let name = define.split([' ', '(']).next().unwrap();
            assert!(known.contains(name), "{line}");
        }
        if let Some(name) = line.strip_prefix("} ").and_then(|rest| rest.strip_suffix(';')) {
            assert!(layouts.iter().any(|layout| layout.c == name), "{line}");
        }
    }
    let declared: Vec<_> =
        header.lines().filter_map(|line| line.strip_prefix("ULONG SKFAPI ")?.split('(').next()).collect();
    let table: Vec<_> = prototypes().iter().map(|prototype| prototype.name).collect();
    assert_eq!(declared, table, "the header has other functions, or in another order");
}
