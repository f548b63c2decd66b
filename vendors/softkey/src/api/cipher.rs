//! Encryption and decryption with session keys (clause 7.6). Encrypt is EncryptUpdate and EncryptFinal in one, as the standard
//! says, and so for Decrypt. Lengths are exact, so that asking for one and then getting the data always fits.

use zeroize::Zeroizing;

use super::call::{Call, Done, Failure};
use super::running::check_len;
use super::session_key::SessionKey;
use crate::crypto::block::{Direction, Parameters, Stream};
use crate::handles::Handle;
use crate::views::{Input, Output};

/// Begins an encryption; one that is under way is given up. SAR_KEYUSAGEERR: the key is for MACs.
pub fn SKF_EncryptInit(call: &Call, session_key: Handle, parameter: Parameters) -> Done {
    init(call, session_key, Direction::Encrypt, &parameter)
}

/// Encrypts all of the data, or the rest of them, and ends.
pub fn SKF_Encrypt(call: &Call, session_key: Handle, data: Input, encrypted: Output) -> Done {
    whole(call, session_key, Direction::Encrypt, &data, &encrypted)
}

/// Encrypts more data. What is less than a block waits for the next call.
pub fn SKF_EncryptUpdate(call: &Call, session_key: Handle, data: Input, encrypted: Output) -> Done {
    update(call, session_key, Direction::Encrypt, &data, &encrypted)
}

/// Gives what is left, with the padding, and ends.
pub fn SKF_EncryptFinal(call: &Call, session_key: Handle, encrypted: Output) -> Done {
    finish(call, session_key, Direction::Encrypt, &encrypted)
}

/// Begins a decryption; one that is under way is given up. SAR_KEYUSAGEERR: the key is for MACs.
pub fn SKF_DecryptInit(call: &Call, session_key: Handle, parameter: Parameters) -> Done {
    init(call, session_key, Direction::Decrypt, &parameter)
}

/// Decrypts all of the data, or the rest of them, and ends.
pub fn SKF_Decrypt(call: &Call, session_key: Handle, encrypted: Input, data: Output) -> Done {
    whole(call, session_key, Direction::Decrypt, &encrypted, &data)
}

/// Decrypts more data. What is less than a block, or may be the padding, waits for the next call.
pub fn SKF_DecryptUpdate(call: &Call, session_key: Handle, encrypted: Input, data: Output) -> Done {
    update(call, session_key, Direction::Decrypt, &encrypted, &data)
}

/// Gives what is left, without the padding, and ends.
pub fn SKF_DecryptFinal(call: &Call, session_key: Handle, data: Output) -> Done {
    finish(call, session_key, Direction::Decrypt, &data)
}

fn init(call: &Call, key: Handle, direction: Direction, parameter: &Parameters) -> Done {
    let (key, _) = call.object::<SessionKey>(key)?;
    let stream = Stream::new(&key.value, key.algorithm.mode()?, direction, parameter)?;
    key.running(direction).begin(stream);
    Ok(())
}

fn whole(call: &Call, key: Handle, direction: Direction, input: &Input, output: &Output) -> Done {
    let (key, connection) = call.object::<SessionKey>(key)?;
    key.running(direction).end(|stream| {
        check_len(&connection, input)?;
        put(output, stream.whole(&input.read())?)
    })
}

fn update(call: &Call, key: Handle, direction: Direction, input: &Input, output: &Output) -> Done {
    let (key, connection) = call.object::<SessionKey>(key)?;
    key.running(direction).step(|stream| {
        check_len(&connection, input)?;
        if output.wants(stream.would_output(input.len()))? {
            put(output, stream.update(&input.read()))?;
        }
        Ok(())
    })
}

fn finish(call: &Call, key: Handle, direction: Direction, output: &Output) -> Done {
    let (key, _) = call.object::<SessionKey>(key)?;
    key.running(direction).end(|stream| put(output, stream.finish()?))
}

/// Whether the bytes were given, not just their number.
fn put(output: &Output, bytes: Vec<u8>) -> Result<bool, Failure> {
    let bytes = Zeroizing::new(bytes);
    output.put(&bytes)?;
    Ok(!output.is_query())
}
