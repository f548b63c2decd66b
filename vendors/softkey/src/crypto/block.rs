//! SM4 in the modes of GM/T 0016 (ECB, CBC, CFB, OFB and CBC-MAC), in pieces of any length. A caller always knows how long
//! an output will be before it asks for it. The modes are written here, over the one-block cipher of crate sm4, because the
//! buffering of EncryptUpdate and the feedback lengths of BLOCKCIPHERPARAM are the point.

use skf_sys::{BlockCipherParam, codes, constants};
use sm4::{
    Sm4,
    cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
};
use zeroize::{Zeroize, Zeroizing};

use crate::sar::Sar;

/// Length of a block, of a key and of an IV in bytes.
pub const BLOCK_LEN: usize = 16;

type Block = [u8; BLOCK_LEN];

const LENGTH: Sar = Sar(codes::SAR_INDATALENERR);
const PARAMETER: Sar = Sar(codes::SAR_INVALIDPARAMERR);

/// A mode of operation (GB/T 17964).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Electronic codebook.
    Ecb,
    /// Cipher block chaining.
    Cbc,
    /// Cipher feedback.
    Cfb,
    /// Output feedback.
    Ofb,
}

impl Mode {
    /// The mode of an SGD_SM4 number. SAR_NOTSUPPORTYETERR for any other number: SM1 and SSF33 are not public, and MAC is
    /// no mode of encryption.
    pub fn from_id(id: u32) -> Result<Self, Sar> {
        match id {
            constants::SGD_SM4_ECB => Ok(Self::Ecb),
            constants::SGD_SM4_CBC => Ok(Self::Cbc),
            constants::SGD_SM4_CFB => Ok(Self::Cfb),
            constants::SGD_SM4_OFB => Ok(Self::Ofb),
            _ => Err(Sar(codes::SAR_NOTSUPPORTYETERR)),
        }
    }
}

/// Which way a stream goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Plaintext in, ciphertext out.
    Encrypt,
    /// Ciphertext in, plaintext out.
    Decrypt,
}

/// PaddingType of BLOCKCIPHERPARAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// 0: the data come in whole blocks (ECB, CBC), or in any length (CFB, OFB).
    None,
    /// 1: 1 to 16 bytes are added, each holding their number. The standard limits it to no mode, so it holds for all.
    Pkcs5,
}

/// What EncryptInit, DecryptInit and MacInit bring: BLOCKCIPHERPARAM, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// As long as IVLen says.
    pub iv: Vec<u8>,
    /// The padding.
    pub padding: Padding,
    /// FeedBitLen, for CFB and OFB: a multiple of 8 up to 128. 128 is the whole block, and so is 0, for callers that leave
    /// the field empty. CFB shifts that many bits of ciphertext into its register; OFB uses that many of each block and
    /// feeds the whole block back (GB/T 17964). ECB and CBC do not look at it.
    pub feed_bits: u32,
}

impl Parameters {
    /// From the structure in either width of ULONG. SAR_INVALIDPARAMERR: IVLen beyond the field, an unknown PaddingType, or
    /// a FeedBitLen beyond 128.
    pub fn from_blob<U: Copy + Into<u64>>(blob: &BlockCipherParam<U>) -> Result<Self, Sar> {
        let (iv, iv_len, padding, feed_bits) = (blob.iv, blob.iv_len, blob.padding_type, blob.feed_bit_len);
        let iv_len = usize::try_from(iv_len.into()).map_err(|_| PARAMETER)?;
        let padding = match padding.into() {
            0 => Padding::None,
            1 => Padding::Pkcs5,
            _ => return Err(PARAMETER),
        };
        let feed_bits = u32::try_from(feed_bits.into()).ok().filter(|bits| *bits <= 128).ok_or(PARAMETER)?;
        Ok(Self { iv: iv.get(..iv_len).ok_or(PARAMETER)?.to_vec(), padding, feed_bits })
    }

    fn iv(&self) -> Result<Block, Sar> {
        self.iv.as_slice().try_into().map_err(|_| PARAMETER)
    }

    /// The feedback length in bytes.
    fn feed(&self) -> Result<usize, Sar> {
        match self.feed_bits {
            0 => Ok(BLOCK_LEN),
            bits if bits <= 128 && bits % 8 == 0 => Ok(bits as usize / 8),
            _ => Err(PARAMETER),
        }
    }
}

/// Encryption or decryption under way. A clone goes on from the same point.
#[derive(Clone)]
pub struct Stream {
    cipher: Sm4,
    mode: Mode,
    direction: Direction,
    padding: Padding,
    feed: usize,
    /// The block fed back: IV, last ciphertext (CBC), shift register (CFB), last output (OFB).
    register: Block,
    /// CFB: what masks the current unit, and the ciphertext of it so far.
    mask: Block,
    unit: Block,
    /// CFB, OFB: how many bytes of the current unit are used.
    used: usize,
    /// Input that no output was made of yet: less than a block, or exactly one where it may be the padded one.
    held: Vec<u8>,
}

impl Stream {
    /// Starts. SAR_INVALIDPARAMERR: an IV that is not of 16 bytes (except for ECB, which has none), or a feedback length
    /// that the mode does not know.
    pub fn new(key: &Block, mode: Mode, direction: Direction, parameters: &Parameters) -> Result<Self, Sar> {
        let (register, feed) = match mode {
            Mode::Ecb => ([0; BLOCK_LEN], BLOCK_LEN),
            Mode::Cbc => (parameters.iv()?, BLOCK_LEN),
            Mode::Cfb | Mode::Ofb => (parameters.iv()?, parameters.feed()?),
        };
        Ok(Self {
            cipher: Sm4::new(&(*key).into()),
            mode,
            direction,
            padding: parameters.padding,
            feed,
            register,
            mask: [0; BLOCK_LEN],
            unit: [0; BLOCK_LEN],
            used: 0,
            held: Vec::with_capacity(BLOCK_LEN),
        })
    }

    /// How many bytes the next `update` gives for `len` bytes of input: exact.
    ///
    /// With padding, or in ECB and CBC, only whole blocks come out and the rest is held; a padded decryption also holds the
    /// last whole block, which may be padding. CFB and OFB without padding give as much as they get.
    pub fn would_output(&self, len: usize) -> usize {
        let total = self.held.len().saturating_add(len);
        match (self.padding, self.direction) {
            _ if self.is_bytewise() => len,
            (Padding::Pkcs5, Direction::Decrypt) => whole_blocks(total.saturating_sub(1)),
            _ => whole_blocks(total),
        }
    }

    /// How many bytes `len` bytes give from start to end (Encrypt and Decrypt of GM/T 0016): exact for encryption, the most
    /// it can be for decryption. Input that would be refused counts as it is.
    pub fn would_output_whole(&self, len: usize) -> usize {
        match (self.padding, self.direction) {
            (Padding::Pkcs5, Direction::Encrypt) => whole_blocks(len).saturating_add(BLOCK_LEN),
            _ => len,
        }
    }

    /// Takes more input and gives [`Self::would_output`] bytes.
    pub fn update(&mut self, input: &[u8]) -> Vec<u8> {
        let ready = self.would_output(input.len());
        let mut out = Vec::with_capacity(self.held.len() + input.len());
        out.append(&mut self.held);
        out.extend_from_slice(input);
        self.held.extend_from_slice(&out[ready..]);
        out[ready..].zeroize();
        out.truncate(ready);
        self.transform(&mut out);
        out
    }

    /// What is left to give at the end. It changes nothing, so that a caller may first learn how long the answer is.
    /// SAR_INDATALENERR: the input was not of whole blocks, or a padded ciphertext was empty; SAR_DECRYPTPADERR: the padding
    /// is wrong, so the key, the IV or the data are.
    pub fn finish(&self) -> Result<Vec<u8>, Sar> {
        let mut last = self.clone();
        match (self.padding, self.direction) {
            (Padding::None, _) if self.held.is_empty() => Ok(Vec::new()),
            (Padding::None, _) => Err(LENGTH),
            (Padding::Pkcs5, Direction::Encrypt) => {
                let mut block = padded(&self.held).to_vec();
                last.transform(&mut block);
                Ok(block)
            }
            (Padding::Pkcs5, Direction::Decrypt) => {
                let mut block = Block::try_from(self.held.as_slice()).map_err(|_| LENGTH)?;
                last.transform(&mut block);
                let kept = unpadded_len(&block)?;
                let out = block[..kept].to_vec();
                block.zeroize();
                Ok(out)
            }
        }
    }

    /// The whole of `input` from the current point to the end, changing nothing: Encrypt and Decrypt of GM/T 0016, after
    /// their Init. Errors as in [`Self::finish`].
    pub fn whole(&self, input: &[u8]) -> Result<Vec<u8>, Sar> {
        let mut stream = self.clone();
        let mut out = stream.update(input);
        let mut rest = stream.finish()?;
        out.append(&mut rest);
        Ok(out)
    }

    fn is_bytewise(&self) -> bool {
        self.padding == Padding::None && matches!(self.mode, Mode::Cfb | Mode::Ofb)
    }

    /// In place; whole blocks only in ECB and CBC.
    fn transform(&mut self, data: &mut [u8]) {
        match self.mode {
            Mode::Ecb | Mode::Cbc => {
                let (blocks, _) = data.as_chunks_mut::<BLOCK_LEN>();
                blocks.iter_mut().for_each(|block| self.transform_block(block));
            }
            Mode::Cfb => data.iter_mut().for_each(|byte| self.cfb(byte)),
            Mode::Ofb => data.iter_mut().for_each(|byte| self.ofb(byte)),
        }
    }

    fn transform_block(&mut self, block: &mut Block) {
        match (self.mode, self.direction) {
            (Mode::Cbc, Direction::Encrypt) => {
                xor(block, &self.register);
                encrypt(&self.cipher, block);
                self.register = *block;
            }
            (Mode::Cbc, Direction::Decrypt) => {
                let ciphertext = *block;
                decrypt(&self.cipher, block);
                xor(block, &self.register);
                self.register = ciphertext;
            }
            (_, Direction::Encrypt) => encrypt(&self.cipher, block),
            (_, Direction::Decrypt) => decrypt(&self.cipher, block),
        }
    }

    fn cfb(&mut self, byte: &mut u8) {
        if self.used == 0 {
            self.mask = self.register;
            encrypt(&self.cipher, &mut self.mask);
        }
        let result = *byte ^ self.mask[self.used];
        self.unit[self.used] = if self.direction == Direction::Encrypt { result } else { *byte };
        *byte = result;
        self.used += 1;
        if self.used == self.feed {
            self.register.rotate_left(self.feed);
            self.register[BLOCK_LEN - self.feed..].copy_from_slice(&self.unit[..self.feed]);
            self.used = 0;
        }
    }

    fn ofb(&mut self, byte: &mut u8) {
        if self.used == 0 {
            encrypt(&self.cipher, &mut self.register);
        }
        *byte ^= self.register[self.used];
        self.used = (self.used + 1) % self.feed;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.register.zeroize();
        self.mask.zeroize();
        self.held.zeroize();
    }
}

/// A CBC-MAC under way (SGD_SM4_MAC): the last block of a CBC encryption (GB/T 15852.1, algorithm 1, not cut).
#[derive(Clone)]
pub struct Mac {
    cipher: Sm4,
    padding: Padding,
    register: Block,
    held: Vec<u8>,
    empty: bool,
}

impl Mac {
    /// Starts. SAR_INVALIDPARAMERR: an IV that is neither of 16 bytes nor absent; absent means zero, as GB/T 15852.1 has it.
    pub fn new(key: &Block, parameters: &Parameters) -> Result<Self, Sar> {
        let register = if parameters.iv.is_empty() { [0; BLOCK_LEN] } else { parameters.iv()? };
        let cipher = Sm4::new(&(*key).into());
        Ok(Self { cipher, padding: parameters.padding, register, held: Vec::with_capacity(BLOCK_LEN), empty: true })
    }

    /// Takes more of the message, of any length.
    pub fn update(&mut self, data: &[u8]) {
        self.empty &= data.is_empty();
        for byte in data {
            self.held.push(*byte);
            if let Ok(block) = Block::try_from(self.held.as_slice()) {
                xor(&mut self.register, &block);
                encrypt(&self.cipher, &mut self.register);
                self.held.clear();
            }
        }
    }

    /// The MAC, 16 bytes. It changes nothing. SAR_INDATALENERR: without padding, a message that is empty or not of whole
    /// blocks.
    pub fn finish(&self) -> Result<Block, Sar> {
        match self.padding {
            Padding::None if self.empty || !self.held.is_empty() => Err(LENGTH),
            Padding::None => Ok(self.register),
            Padding::Pkcs5 => {
                let mut block = padded(&self.held);
                xor(&mut block, &self.register);
                encrypt(&self.cipher, &mut block);
                Ok(block)
            }
        }
    }
}

impl Drop for Mac {
    fn drop(&mut self) {
        self.register.zeroize();
        self.held.zeroize();
    }
}

fn encrypt(cipher: &Sm4, block: &mut Block) {
    cipher.encrypt_block(block.into());
}

fn decrypt(cipher: &Sm4, block: &mut Block) {
    cipher.decrypt_block(block.into());
}

fn xor(block: &mut Block, other: &Block) {
    block.iter_mut().zip(other).for_each(|(byte, mask)| *byte ^= mask);
}

fn whole_blocks(len: usize) -> usize {
    len - len % BLOCK_LEN
}

/// The last block: less than a block of data, and its padding.
fn padded(data: &[u8]) -> Block {
    let missing = BLOCK_LEN - data.len() % BLOCK_LEN;
    let mut block = [missing as u8; BLOCK_LEN];
    block[..BLOCK_LEN - missing].copy_from_slice(&data[..BLOCK_LEN - missing]);
    block
}

/// How much of the last block is data; SAR_DECRYPTPADERR if it does not end in padding.
fn unpadded_len(block: &Block) -> Result<usize, Sar> {
    let added = usize::from(block[BLOCK_LEN - 1]);
    let kept = BLOCK_LEN.checked_sub(added).filter(|_| added > 0).ok_or(Sar(codes::SAR_DECRYPTPADERR))?;
    if block[kept..].iter().all(|byte| usize::from(*byte) == added) {
        Ok(kept)
    } else {
        Err(Sar(codes::SAR_DECRYPTPADERR))
    }
}

/// One block under one key, as in device authentication.
pub fn encrypt_one(key: &Block, block: &Block) -> Block {
    let mut out = *block;
    encrypt(&Sm4::new(&(*key).into()), &mut out);
    out
}

/// A key from bytes of unknown length, such as a decrypted session key. SAR_INDATALENERR: not 16 bytes.
pub fn key_from_slice(bytes: &[u8]) -> Result<Zeroizing<Block>, Sar> {
    Block::try_from(bytes).map(Zeroizing::new).map_err(|_| LENGTH)
}
