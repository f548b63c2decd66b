//! Host pointers as values: names, inputs, outputs by the length convention of GM/T 0016, structures, key blobs of variable
//! length. The only file that follows a pointer of the host. It must not know what a function does with a value.
//!
//! Boundary file. A view is made by `take`, whose caller promises that the host passed what the standard prescribes for
//! the function; so the methods of a view are safe for as long as the call lasts. Inputs are copied out, because hosts
//! pass overlapping buffers (encryption in place).

use std::cell::RefCell;
use std::ffi::c_void;
use std::marker::PhantomData;

use skf_sys::{
    BlockCipherParam, DevInfo, EccCipherBlob, EccPrivateKeyBlob, EccPublicKeyBlob, EccSignatureBlob, EnvelopedKeyBlob,
    FileAttribute, RsaPrivateKeyBlob, RsaPublicKeyBlob, codes,
};
use zeroize::Zeroizing;

use crate::crypto::blob::Width;
use crate::crypto::block::Parameters;
use crate::crypto::encryption::Cipher;
use crate::handles::Handle;
use crate::sar::Sar;

/// ULONG of this build.
#[cfg(all(feature = "ulong64", not(windows)))]
pub type ULONG = u64;
/// ULONG of this build.
#[cfg(not(all(feature = "ulong64", not(windows))))]
pub type ULONG = u32;
/// DEVINFO of this build.
pub type DEVINFO = DevInfo<ULONG>;
/// ECCCIPHERBLOB of this build.
pub type ECCCIPHERBLOB = EccCipherBlob<ULONG>;
/// ENVELOPEDKEYBLOB of this build.
pub type ENVELOPEDKEYBLOB = EnvelopedKeyBlob<ULONG>;
/// BLOCKCIPHERPARAM of this build.
pub type BLOCKCIPHERPARAM = BlockCipherParam<ULONG>;

/// The width of ULONG in this build.
pub const WIDTH: Width = Width::of::<ULONG>();

const PARAMETER: Sar = Sar(codes::SAR_INVALIDPARAMERR);
const LENGTH: Sar = Sar(codes::SAR_INDATALENERR);

/// The longest ciphertext that is read from an ECCCIPHERBLOB: a broken length must not make us read the host's memory away.
const MAX_CIPHER: usize = 1 << 20;

/// What a call has written so far.
enum Written {
    Bytes(*mut u8, usize),
    Len(*mut ULONG),
}

thread_local! {
    static WRITTEN: RefCell<Vec<Written>> = const { RefCell::new(Vec::new()) };
}

fn written(what: Written) {
    WRITTEN.with_borrow_mut(|all| all.push(what));
}

/// At the start of a call: what earlier ones wrote is no longer ours.
pub(crate) fn forget_outputs() {
    WRITTEN.with_borrow_mut(Vec::clear);
}

/// At the end of a call, before it returns: changes what it has written, for faults on request.
pub(crate) fn change_outputs(bytes: impl Fn(&mut [u8]), len: impl Fn(u32) -> u32) {
    for one in WRITTEN.take() {
        match one {
            // SAFETY: written by this call, in this thread, and valid until it returns; nothing of ours points there now.
            Written::Bytes(at, len) => bytes(unsafe { std::slice::from_raw_parts_mut(at, len) }),
            // SAFETY: as above.
            Written::Len(at) => unsafe {
                #[allow(clippy::useless_conversion, reason = "ULONG has 32 or 64 bits")]
                let told = u32::try_from(at.read_unaligned()).unwrap_or(u32::MAX);
                at.write_unaligned(ulong(len(told)));
            },
        }
    }
}

/// A type without padding whose every bit pattern is a value.
///
/// # Safety
/// That is so.
pub unsafe trait Plain: Copy {}

macro_rules! plain {
    ($($kind:ty),*) => {$(
        // SAFETY: integers, raw pointers and structures of byte arrays and integers.
        unsafe impl Plain for $kind {}
    )*};
}
plain!(
    u32,
    u64,
    i32,
    *mut c_void,
    DEVINFO,
    BLOCKCIPHERPARAM,
    RsaPublicKeyBlob,
    RsaPrivateKeyBlob,
    EccPublicKeyBlob,
    EccPrivateKeyBlob,
    EccSignatureBlob,
    FileAttribute
);

/// A number as ULONG of this build.
pub fn ulong(number: u32) -> ULONG {
    #[allow(clippy::useless_conversion, reason = "ULONG has 32 or 64 bits")]
    ULONG::from(number)
}

/// The bytes of a structure, as C sees them.
pub fn bytes_of<T: Plain>(value: &T) -> Vec<u8> {
    // SAFETY: structures of the standard are packed, so they have no padding; every byte is initialised.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) }.to_vec()
}

/// What a host passes by value.
pub trait Value {
    /// What bodies see.
    type View;
    /// The view, or SAR_INVALIDPARAMERR for a number that no 32 bits hold.
    fn take(self) -> Result<Self::View, Sar>;
}

impl Value for u32 {
    type View = u32;
    fn take(self) -> Result<u32, Sar> {
        Ok(self)
    }
}

impl Value for u64 {
    type View = u32;
    fn take(self) -> Result<u32, Sar> {
        u32::try_from(self).map_err(|_| PARAMETER)
    }
}

impl Value for i32 {
    type View = bool;
    fn take(self) -> Result<bool, Sar> {
        Ok(self != 0)
    }
}

impl Value for *mut c_void {
    type View = Handle;
    fn take(self) -> Result<Handle, Sar> {
        Ok(Handle(self as usize))
    }
}

impl Value for BLOCKCIPHERPARAM {
    type View = Parameters;
    fn take(self) -> Result<Parameters, Sar> {
        Parameters::from_blob(&self)
    }
}

/// A NUL-terminated string of the host: name, label or PIN. Bytes, in whatever encoding the host likes.
#[derive(Clone, Copy)]
pub struct Text<'call>(*const u8, PhantomData<&'call u8>);

impl Text<'_> {
    /// # Safety
    /// Null, or a string that ends with NUL and lives as long as the call.
    pub unsafe fn take(text: *const u8) -> Result<Self, Sar> {
        Ok(Self(text, PhantomData))
    }

    /// The bytes before the NUL, wiped when dropped. Null is SAR_INVALIDPARAMERR; `too_long` when there is no NUL within
    /// `longest` + 1 bytes. No byte behind the first NUL is looked at.
    pub fn read(&self, longest: usize, too_long: u32) -> Result<Zeroizing<Vec<u8>>, Sar> {
        if self.0.is_null() {
            return Err(PARAMETER);
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(longest.min(256)));
        loop {
            // SAFETY: the string is not null and no byte so far was its NUL, so this one belongs to it.
            let byte = unsafe { self.0.add(bytes.len()).read() };
            match byte {
                0 => return Ok(bytes),
                _ if bytes.len() == longest => return Err(Sar(too_long)),
                _ => bytes.push(byte),
            }
        }
    }
}

/// Bytes of the host with their length.
#[derive(Clone, Copy)]
pub struct Input<'call>(*const u8, usize, PhantomData<&'call [u8]>);

impl Input<'_> {
    /// SAR_INVALIDPARAMERR when the pointer is null and the length is not 0, or the length is beyond memory.
    ///
    /// # Safety
    /// Null, or valid for reads of that many bytes as long as the call lasts.
    pub unsafe fn take(data: *const u8, len: ULONG) -> Result<Self, Sar> {
        let len = usize::try_from(len).ok().filter(|len| isize::try_from(*len).is_ok()).ok_or(PARAMETER)?;
        if data.is_null() && len != 0 { Err(PARAMETER) } else { Ok(Self(data, len, PhantomData)) }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.1 == 0
    }

    /// A copy of the bytes, wiped when dropped.
    pub fn read(&self) -> Zeroizing<Vec<u8>> {
        if self.1 == 0 {
            return Zeroizing::default();
        }
        // SAFETY: not null, because the length is not 0, and valid for the call as promised to `take`.
        Zeroizing::new(unsafe { std::slice::from_raw_parts(self.0, self.1) }.to_vec())
    }
}

/// A symmetric key of the host: how long it is follows from its algorithm.
#[derive(Clone, Copy)]
pub struct KeyBytes<'call>(*const u8, PhantomData<&'call u8>);

impl KeyBytes<'_> {
    /// # Safety
    /// Null, or valid for reads of 16 bytes (every block cipher of GM/T 0016 has such keys) as long as the call lasts.
    pub unsafe fn take(key: *const u8) -> Result<Self, Sar> {
        if key.is_null() { Err(PARAMETER) } else { Ok(Self(key, PhantomData)) }
    }

    /// A copy of the key, wiped when dropped.
    pub fn read(&self) -> Zeroizing<[u8; 16]> {
        // SAFETY: not null, and valid as promised to `take`; byte arrays have no alignment.
        Zeroizing::new(unsafe { self.0.cast::<[u8; 16]>().read() })
    }
}

/// A structure of the host, to be read.
#[derive(Clone, Copy)]
pub struct In<'call, T: Plain>(*const T, PhantomData<&'call T>);

impl<T: Plain> In<'_, T> {
    /// # Safety
    /// Null, or valid for reads as long as the call lasts.
    pub unsafe fn take(pointer: *const T) -> Result<Self, Sar> {
        Ok(Self(pointer, PhantomData))
    }

    /// Whether the host passed none.
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// A copy; SAR_INVALIDPARAMERR for null.
    pub fn read(&self) -> Result<T, Sar> {
        if self.0.is_null() {
            return Err(PARAMETER);
        }
        // SAFETY: not null, valid as promised to `take`, and any bytes are a T.
        Ok(unsafe { self.0.read_unaligned() })
    }
}

/// Room for a number, a handle or a structure.
pub struct Out<'call, T: Plain>(*mut T, PhantomData<&'call mut T>);

/// Room for a handle.
pub type OutHandle<'call> = Out<'call, *mut c_void>;
/// Room for a ULONG.
pub type OutNumber<'call> = Out<'call, ULONG>;
/// Room for a BOOL.
pub type OutBool<'call> = Out<'call, i32>;

impl<T: Plain> Out<'_, T> {
    /// SAR_INVALIDPARAMERR for null: no function of the standard lets the host leave such a result out.
    ///
    /// # Safety
    /// Null, or valid for writes as long as the call lasts.
    pub unsafe fn take(pointer: *mut T) -> Result<Self, Sar> {
        if pointer.is_null() { Err(PARAMETER) } else { Ok(Self(pointer, PhantomData)) }
    }

    /// Writes the result.
    pub fn put(&self, value: T) {
        // SAFETY: not null, and valid as promised to `take`.
        unsafe { self.0.write_unaligned(value) };
        written(Written::Bytes(self.0.cast(), size_of::<T>()));
    }
}

impl Out<'_, *mut c_void> {
    /// Writes a handle.
    pub fn put_handle(&self, handle: Handle) {
        self.put(handle.0 as *mut c_void);
    }
}

/// A buffer of the host with a length that the host sets before and the call after: null asks for the length only.
pub struct Output<'call> {
    buffer: *mut u8,
    size: *mut ULONG,
    capacity: usize,
    call: PhantomData<&'call mut [u8]>,
}

impl Output<'_> {
    /// SAR_INVALIDPARAMERR when there is no room for the length.
    ///
    /// # Safety
    /// The length is null or valid for reads and writes, and the buffer null or valid for writes of that many bytes, as
    /// long as the call lasts.
    pub unsafe fn take(buffer: *mut u8, size: *mut ULONG) -> Result<Self, Sar> {
        if size.is_null() {
            return Err(PARAMETER);
        }
        // SAFETY: not null, and valid as promised.
        let capacity = unsafe { size.read_unaligned() };
        Ok(Self { buffer, size, capacity: usize::try_from(capacity).unwrap_or(usize::MAX), call: PhantomData })
    }

    /// Whether the host asks for the length only.
    pub fn is_query(&self) -> bool {
        self.buffer.is_null()
    }

    /// How many bytes the host has room for; 0 for a query.
    pub fn capacity(&self) -> usize {
        if self.is_query() { 0 } else { self.capacity }
    }

    /// For results whose length is known before the work. False: the host asked for the length only and has it now, the
    /// call is done. SAR_BUFFER_TOO_SMALL, with the length written: the call must change nothing.
    pub fn wants(&self, len: usize) -> Result<bool, Sar> {
        if self.is_query() {
            self.put_len(len)?;
            return Ok(false);
        }
        if self.capacity < len {
            self.put_len(len)?;
            return Err(Sar(codes::SAR_BUFFER_TOO_SMALL));
        }
        Ok(true)
    }

    /// Writes the result and its length; the length only for a query; SAR_BUFFER_TOO_SMALL, with the length, when there is
    /// too little room.
    pub fn put(&self, bytes: &[u8]) -> Result<(), Sar> {
        if self.wants(bytes.len())? {
            self.copy(bytes);
            self.put_len(bytes.len())?;
        }
        Ok(())
    }

    /// As [`Output::put`], but the length that is told and asked for is smaller than the bytes: some products do not count
    /// the last NUL of a list. What there is no room for is cut off.
    pub fn put_short(&self, bytes: &[u8], told: usize) -> Result<(), Sar> {
        if self.wants(told)? {
            self.copy(&bytes[..bytes.len().min(self.capacity)]);
            self.put_len(told)?;
        }
        Ok(())
    }

    /// Writes any length, however wrong: for products that tell absurd ones.
    pub fn put_len(&self, len: usize) -> Result<(), Sar> {
        let len = ULONG::try_from(len).map_err(|_| LENGTH)?;
        // SAFETY: not null, and valid as promised to `take`.
        unsafe { self.size.write_unaligned(len) };
        written(Written::Len(self.size));
        Ok(())
    }

    /// Writes as many of the bytes as there is room for, and no length.
    pub fn copy(&self, bytes: &[u8]) {
        let len = bytes.len().min(self.capacity());
        if len > 0 {
            // SAFETY: the buffer is not null and has room for `capacity` bytes; our bytes are no memory of the host's.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.buffer, len) };
            written(Written::Bytes(self.buffer, len));
        }
    }
}

/// A buffer of the host that is filled to its end.
pub struct Fill<'call>(*mut u8, usize, PhantomData<&'call mut [u8]>);

impl Fill<'_> {
    /// SAR_INVALIDPARAMERR when the pointer is null or the length beyond memory.
    ///
    /// # Safety
    /// Null, or valid for writes of that many bytes as long as the call lasts.
    pub unsafe fn take(data: *mut u8, len: ULONG) -> Result<Self, Sar> {
        let len = usize::try_from(len).ok().filter(|len| isize::try_from(*len).is_ok()).ok_or(PARAMETER)?;
        if data.is_null() { Err(PARAMETER) } else { Ok(Self(data, len, PhantomData)) }
    }

    /// How many bytes are wanted.
    pub fn len(&self) -> usize {
        self.1
    }

    /// Whether none are wanted.
    pub fn is_empty(&self) -> bool {
        self.1 == 0
    }

    /// Writes the bytes: as many as there are, at most those wanted.
    pub fn put(&self, bytes: &[u8]) {
        let len = bytes.len().min(self.1);
        // SAFETY: not null, and valid for that many bytes as promised to `take`; ours are no memory of the host's.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0, len) };
        written(Written::Bytes(self.0, len));
    }
}

/// An ECCCIPHERBLOB of the host, as long as its CipherLen says.
#[derive(Clone, Copy)]
pub struct CipherIn<'call>(*const u8, PhantomData<&'call u8>);

impl CipherIn<'_> {
    /// # Safety
    /// Null, or valid for reads of the structure and its data as long as the call lasts.
    pub unsafe fn take(blob: *const ECCCIPHERBLOB) -> Result<Self, Sar> {
        if blob.is_null() { Err(PARAMETER) } else { Ok(Self(blob.cast(), PhantomData)) }
    }

    /// The ciphertext. SAR_INDATALENERR: no data, or more than a mebibyte; SAR_INDATAERR: values not right-aligned.
    pub fn read(&self) -> Result<Cipher, Sar> {
        // SAFETY: not null, and valid as promised to `take`.
        unsafe { cipher_at(self.0) }
    }
}

/// # Safety
/// An ECCCIPHERBLOB with its data starts here.
unsafe fn cipher_at(blob: *const u8) -> Result<Cipher, Sar> {
    // SAFETY: the structure is there up to its data, as promised.
    let head = unsafe { std::slice::from_raw_parts(blob, Cipher::blob_len(0, WIDTH)) };
    let data_len = Cipher::blob_data_len(head, WIDTH)?;
    if data_len > MAX_CIPHER {
        return Err(LENGTH);
    }
    // SAFETY: and so are its data.
    let whole = unsafe { std::slice::from_raw_parts(blob, Cipher::blob_len(data_len, WIDTH)) };
    Cipher::from_blob(whole, WIDTH)
}

/// Room for an ECCCIPHERBLOB with its data; the host knows how long it will be.
pub struct CipherOut<'call>(*mut u8, PhantomData<&'call mut u8>);

impl CipherOut<'_> {
    /// # Safety
    /// Null, or valid for writes of the structure with the data that the call produces, as long as it lasts.
    pub unsafe fn take(blob: *mut ECCCIPHERBLOB) -> Result<Self, Sar> {
        if blob.is_null() { Err(PARAMETER) } else { Ok(Self(blob.cast(), PhantomData)) }
    }

    /// Writes the ciphertext.
    pub fn put(&self, cipher: &Cipher) -> Result<(), Sar> {
        let bytes = cipher.to_blob(WIDTH)?;
        // SAFETY: not null, and valid for the whole ciphertext as promised to `take`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0, bytes.len()) };
        written(Written::Bytes(self.0, bytes.len()));
        Ok(())
    }
}

/// An ENVELOPEDKEYBLOB, read.
pub struct Envelope {
    /// 1.
    pub version: u64,
    /// The symmetric algorithm, an SGD number.
    pub algorithm: u64,
    /// Length of the key in bits.
    pub bits: u64,
    /// The private key under the symmetric key.
    pub encrypted: [u8; 64],
    /// Its public key.
    pub public: EccPublicKeyBlob,
    /// The symmetric key, encrypted with the signing public key.
    pub wrapped: Cipher,
}

/// An ENVELOPEDKEYBLOB of the host, as long as the CipherLen in it says.
#[derive(Clone, Copy)]
pub struct EnvelopeIn<'call>(*const ENVELOPEDKEYBLOB, PhantomData<&'call u8>);

impl EnvelopeIn<'_> {
    /// # Safety
    /// Null, or valid for reads of the structure and its data as long as the call lasts.
    pub unsafe fn take(blob: *const ENVELOPEDKEYBLOB) -> Result<Self, Sar> {
        if blob.is_null() { Err(PARAMETER) } else { Ok(Self(blob, PhantomData)) }
    }

    /// The envelope; errors of the ciphertext as in [`CipherIn::read`].
    pub fn read(&self) -> Result<Envelope, Sar> {
        // SAFETY: not null and valid as promised to `take`; the blob is at least as long as declared (its CipherLen is not 0,
        // or else the declared byte of data is there all the same). Addresses only, no reference to a packed field.
        let (head, wrapped) =
            unsafe { (self.0.read_unaligned(), cipher_at(std::ptr::addr_of!((*self.0).ecc_cipher_blob).cast())) };
        #[allow(clippy::useless_conversion, reason = "ULONG has 32 or 64 bits")]
        Ok(Envelope {
            version: head.version.into(),
            algorithm: head.symm_alg_id.into(),
            bits: head.bits.into(),
            encrypted: head.encrypted_pri_key,
            public: head.pub_key,
            wrapped: wrapped?,
        })
    }
}
