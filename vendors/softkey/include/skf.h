/*
 * SKF: the interface of smart keys of GM/T 0016-2012, as it stands in libraries.
 *
 * Types, constants, return codes, the 78 functions of the standard and those that makers add for decryption with a private
 * key. The twin of crate skf-sys (vendors/skf-sys); its test tests/layout.rs compares the two, down to each offset, for
 * 64- and 32-bit Linux and Windows. It must not describe what one maker does.
 *
 * Before including it:
 *   SKF_ULONG64       ULONG has 64 bits (some Linux builds of some makers); without it, 32.
 *   SKF_SM2_FAMILY_B  the SM2 numbers of GM/T 0006-2012; without it, those of GM/T 0016.
 *
 * Structures are packed to single bytes. Values shorter than their field stand at its end, zeros first.
 */
#ifndef UKEYHUB_SKF_H
#define UKEYHUB_SKF_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The callee clears the stack on 32-bit Windows; everywhere else the platform's own convention. */
#if defined(_WIN32) && !defined(_WIN64)
#define SKFAPI __stdcall
#else
#define SKFAPI
#endif

/* ----- Types (clause 6.2) ----- */

typedef unsigned char BYTE;
typedef char CHAR;
typedef int BOOL;
typedef uint32_t UINT32;
typedef void *HANDLE;
typedef HANDLE DEVHANDLE;
typedef HANDLE HAPPLICATION;
typedef HANDLE HCONTAINER;

#if defined(SKF_ULONG64)
typedef uint64_t ULONG;
#elif defined(_WIN32)
typedef unsigned long ULONG; /* 32 bits, and the same type as in windows.h */
#else
typedef uint32_t ULONG;
#endif

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

#define MAX_RSA_MODULUS_LEN    256
#define MAX_RSA_EXPONENT_LEN   4
#define ECC_MAX_COORDINATE_LEN 64
#define MAX_IV_LEN             32
#define MAX_FILE_NAME_LEN      32

/* ----- Structures (clause 6.4) ----- */

#pragma pack(push, 1)

typedef struct {
    BYTE major;
    BYTE minor;
} VERSION;

/* 294 bytes, or 326. The first 198 are the same in both. */
typedef struct {
    VERSION Version;
    CHAR Manufacturer[64];
    CHAR Issuer[64];
    CHAR Label[32];
    CHAR SerialNumber[32];
    VERSION HWVersion;
    VERSION FirmwareVersion;
    ULONG AlgSymCap;
    ULONG AlgAsymCap;
    ULONG AlgHashCap;
    ULONG DevAuthAlgId;
    ULONG TotalSpace;
    ULONG FreeSpace;
    ULONG MaxECCBufferSize;
    ULONG MaxBufferSize;
    BYTE Reserved[64];
} DEVINFO;

typedef struct {
    UINT32 AlgID;
    UINT32 BitLen;
    BYTE Modulus[MAX_RSA_MODULUS_LEN];
    BYTE PublicExponent[MAX_RSA_EXPONENT_LEN]; /* big-endian */
} RSAPUBLICKEYBLOB;

typedef struct {
    UINT32 AlgID;
    UINT32 BitLen;
    BYTE Modulus[MAX_RSA_MODULUS_LEN];
    BYTE PublicExponent[MAX_RSA_EXPONENT_LEN];
    BYTE PrivateExponent[MAX_RSA_MODULUS_LEN];
    BYTE Prime1[MAX_RSA_MODULUS_LEN / 2];
    BYTE Prime2[MAX_RSA_MODULUS_LEN / 2];
    BYTE Prime1Exponent[MAX_RSA_MODULUS_LEN / 2];
    BYTE Prime2Exponent[MAX_RSA_MODULUS_LEN / 2];
    BYTE Coefficient[MAX_RSA_MODULUS_LEN / 2];
} RSAPRIVATEKEYBLOB;

typedef struct {
    UINT32 BitLen;
    BYTE XCoordinate[ECC_MAX_COORDINATE_LEN];
    BYTE YCoordinate[ECC_MAX_COORDINATE_LEN];
} ECCPUBLICKEYBLOB;

typedef struct {
    UINT32 BitLen;
    BYTE PrivateKey[ECC_MAX_COORDINATE_LEN];
} ECCPRIVATEKEYBLOB;

typedef struct {
    BYTE r[ECC_MAX_COORDINATE_LEN];
    BYTE s[ECC_MAX_COORDINATE_LEN];
} ECCSIGNATUREBLOB;

/* The declared size less one, plus CipherLen. */
typedef struct {
    BYTE XCoordinate[ECC_MAX_COORDINATE_LEN]; /* C1 */
    BYTE YCoordinate[ECC_MAX_COORDINATE_LEN];
    BYTE HASH[32]; /* C3 */
    ULONG CipherLen;
    BYTE Cipher[1]; /* C2 */
} ECCCIPHERBLOB;

typedef struct {
    ULONG Version; /* 1 */
    ULONG ulSymmAlgID; /* ECB only */
    ULONG ulBits;
    BYTE cbEncryptedPriKey[64];
    ECCPUBLICKEYBLOB PubKey;
    ECCCIPHERBLOB ECCCipherBlob; /* longer by the wrapped key */
} ENVELOPEDKEYBLOB;

typedef struct {
    BYTE IV[MAX_IV_LEN];
    ULONG IVLen;
    ULONG PaddingType; /* 0 none, 1 PKCS#5 */
    ULONG FeedBitLen;
} BLOCKCIPHERPARAM;

typedef struct {
    CHAR FileName[MAX_FILE_NAME_LEN];
    UINT32 FileSize;
    UINT32 ReadRights;
    UINT32 WriteRights;
} FILEATTRIBUTE;

#pragma pack(pop)

/* ----- Constants ----- */

/* PIN types */
#define ADMIN_TYPE 0u
#define USER_TYPE  1u

/* Rights (clause 6.3) */
#define SECURE_NEVER_ACCOUNT  0x00u
#define SECURE_ADM_ACCOUNT    0x01u
#define SECURE_USER_ACCOUNT   0x10u
#define SECURE_ANYONE_ACCOUNT 0xFFu

/* States of SKF_GetDevState, events of SKF_WaitForDevEvent */
#define DEV_ABSENT_STATE  0u
#define DEV_PRESENT_STATE 1u
#define DEV_UNKNOW_STATE  2u
#define EVENT_IN          1u
#define EVENT_OUT         2u

/* Answers of SKF_GetContainerType */
#define CONTAINER_UNKNOWN 0u
#define CONTAINER_RSA     1u
#define CONTAINER_ECC     2u

/* SKF_LockDev: no limit */
#ifndef INFINITE
#define INFINITE 0xFFFFFFFFu
#endif

/* Algorithms (GM/T 0006): family plus mode */
#define SGD_SM1       0x00000100u
#define SGD_SSF33     0x00000200u
#define SGD_SM4       0x00000400u
#define SGD_ECB       0x01u
#define SGD_CBC       0x02u
#define SGD_CFB       0x04u
#define SGD_OFB       0x08u
#define SGD_MAC       0x10u
#define SGD_SM1_ECB   (SGD_SM1 | SGD_ECB)
#define SGD_SSF33_ECB (SGD_SSF33 | SGD_ECB)
#define SGD_SM4_ECB   (SGD_SM4 | SGD_ECB)
#define SGD_SM4_CBC   (SGD_SM4 | SGD_CBC)
#define SGD_SM4_CFB   (SGD_SM4 | SGD_CFB)
#define SGD_SM4_OFB   (SGD_SM4 | SGD_OFB)
#define SGD_SM4_MAC   (SGD_SM4 | SGD_MAC)
#define SGD_RSA       0x00010000u
#define SGD_SM3       0x00000001u
#define SGD_SHA1      0x00000002u
#define SGD_SHA256    0x00000004u

/* SM2: signature, key agreement, encryption */
#ifdef SKF_SM2_FAMILY_B
#define SGD_SM2_1 0x00020200u
#define SGD_SM2_2 0x00020400u
#define SGD_SM2_3 0x00020800u
#else
#define SGD_SM2_1 0x00020100u
#define SGD_SM2_2 0x00020200u
#define SGD_SM2_3 0x00020400u
#endif

/* ----- Return codes (appendix A). Compare the low 32 bits only. ----- */

#define SAR_OK                        0x00000000u
#define SAR_FAIL                      0x0A000001u
#define SAR_UNKNOWNERR                0x0A000002u
#define SAR_NOTSUPPORTYETERR          0x0A000003u
#define SAR_FILEERR                   0x0A000004u
#define SAR_INVALIDHANDLEERR          0x0A000005u
#define SAR_INVALIDPARAMERR           0x0A000006u
#define SAR_READFILEERR               0x0A000007u
#define SAR_WRITEFILEERR              0x0A000008u
#define SAR_NAMELENERR                0x0A000009u
#define SAR_KEYUSAGEERR               0x0A00000Au
#define SAR_MODULUSLENERR             0x0A00000Bu
#define SAR_NOTINITIALIZEERR          0x0A00000Cu
#define SAR_OBJERR                    0x0A00000Du
#define SAR_MEMORYERR                 0x0A00000Eu
#define SAR_TIMEOUTERR                0x0A00000Fu
#define SAR_INDATALENERR              0x0A000010u
#define SAR_INDATAERR                 0x0A000011u
#define SAR_GENRANDERR                0x0A000012u
#define SAR_HASHOBJERR                0x0A000013u
#define SAR_HASHERR                   0x0A000014u
#define SAR_GENRSAKEYERR              0x0A000015u
#define SAR_RSAMODULUSLENERR          0x0A000016u
#define SAR_CSPIMPRTPUBKEYERR         0x0A000017u
#define SAR_RSAENCERR                 0x0A000018u
#define SAR_RSADECERR                 0x0A000019u
#define SAR_HASHNOTEQUALERR           0x0A00001Au
#define SAR_KEYNOTFOUNTERR            0x0A00001Bu
#define SAR_CERTNOTFOUNTERR           0x0A00001Cu
#define SAR_NOTEXPORTERR              0x0A00001Du
#define SAR_DECRYPTPADERR             0x0A00001Eu
#define SAR_MACLENERR                 0x0A00001Fu
#define SAR_BUFFER_TOO_SMALL          0x0A000020u
#define SAR_KEYINFOTYPEERR            0x0A000021u
#define SAR_NOT_EVENTERR              0x0A000022u
#define SAR_DEVICE_REMOVED            0x0A000023u
#define SAR_PIN_INCORRECT             0x0A000024u
#define SAR_PIN_LOCKED                0x0A000025u
#define SAR_PIN_INVALID               0x0A000026u
#define SAR_PIN_LEN_RANGE             0x0A000027u
#define SAR_USER_ALREADY_LOGGED_IN    0x0A000028u
#define SAR_USER_PIN_NOT_INITIALIZED  0x0A000029u
#define SAR_USER_TYPE_INVALID         0x0A00002Au
#define SAR_APPLICATION_NAME_INVALID  0x0A00002Bu
#define SAR_APPLICATION_EXISTS        0x0A00002Cu
#define SAR_USER_NOT_LOGGED_IN        0x0A00002Du
#define SAR_APPLICATION_NOT_EXISTS    0x0A00002Eu
#define SAR_FILE_ALREADY_EXIST        0x0A00002Fu
#define SAR_NO_ROOM                   0x0A000030u
#define SAR_FILE_NOT_EXIST            0x0A000031u
#define SAR_REACH_MAX_CONTAINER_COUNT 0x0A000032u

/* ----- Functions (clause 7) ----- */

/* --- 7.1 Devices --- */

/* Blocks until a device comes (EVENT_IN) or goes (EVENT_OUT). */
ULONG SKFAPI SKF_WaitForDevEvent(CHAR *name, ULONG *name_len, ULONG *event);
ULONG SKFAPI SKF_CancelWaitForDevEvent(void);
/* List of names, each with its NUL, and one NUL more; list NULL: size only. */
ULONG SKFAPI SKF_EnumDev(BOOL present, CHAR *list, ULONG *size);
ULONG SKFAPI SKF_ConnectDev(const CHAR *name, DEVHANDLE *device);
ULONG SKFAPI SKF_DisConnectDev(DEVHANDLE device);
ULONG SKFAPI SKF_GetDevState(const CHAR *name, ULONG *state);
ULONG SKFAPI SKF_SetLabel(DEVHANDLE device, const CHAR *label);
ULONG SKFAPI SKF_GetDevInfo(DEVHANDLE device, DEVINFO *info);
/* timeout in milliseconds, or INFINITE. */
ULONG SKFAPI SKF_LockDev(DEVHANDLE device, ULONG timeout);
ULONG SKFAPI SKF_UnlockDev(DEVHANDLE device);
/* A raw command, for tests. */
ULONG SKFAPI SKF_Transmit(DEVHANDLE device, const BYTE *command, ULONG command_len, BYTE *data, ULONG *data_len);

/* --- 7.2 Access control --- */

ULONG SKFAPI SKF_ChangeDevAuthKey(DEVHANDLE device, const BYTE *key, ULONG key_len);
/* data: 8 random bytes and 8 zero bytes under the device key, by DEVINFO.DevAuthAlgId. */
ULONG SKFAPI SKF_DevAuth(DEVHANDLE device, const BYTE *data, ULONG data_len);
ULONG SKFAPI SKF_ChangePIN(
    HAPPLICATION application, ULONG pin_type, const CHAR *old_pin, const CHAR *new_pin, ULONG *retries);
ULONG SKFAPI SKF_GetPINInfo(
    HAPPLICATION application, ULONG pin_type, ULONG *max, ULONG *remaining, BOOL *is_default);
ULONG SKFAPI SKF_VerifyPIN(HAPPLICATION application, ULONG pin_type, const CHAR *pin, ULONG *retries);
ULONG SKFAPI SKF_UnblockPIN(HAPPLICATION application, const CHAR *admin, const CHAR *new_pin, ULONG *retries);
ULONG SKFAPI SKF_ClearSecureState(HAPPLICATION application);

/* --- 7.3 Applications --- */

ULONG SKFAPI SKF_CreateApplication(
    DEVHANDLE device, const CHAR *name, const CHAR *admin, ULONG admin_retries, const CHAR *user,
    ULONG user_retries, ULONG file_rights, HAPPLICATION *application);
ULONG SKFAPI SKF_EnumApplication(DEVHANDLE device, CHAR *list, ULONG *size);
ULONG SKFAPI SKF_DeleteApplication(DEVHANDLE device, const CHAR *name);
ULONG SKFAPI SKF_OpenApplication(DEVHANDLE device, const CHAR *name, HAPPLICATION *application);
ULONG SKFAPI SKF_CloseApplication(HAPPLICATION application);

/* --- 7.4 Files --- */

ULONG SKFAPI SKF_CreateFile(
    HAPPLICATION application, const CHAR *name, ULONG size, ULONG read_rights, ULONG write_rights);
ULONG SKFAPI SKF_DeleteFile(HAPPLICATION application, const CHAR *name);
ULONG SKFAPI SKF_EnumFiles(HAPPLICATION application, CHAR *list, ULONG *size);
ULONG SKFAPI SKF_GetFileInfo(HAPPLICATION application, const CHAR *name, FILEATTRIBUTE *info);
ULONG SKFAPI SKF_ReadFile(
    HAPPLICATION application, const CHAR *name, ULONG offset, ULONG size, BYTE *out, ULONG *out_len);
ULONG SKFAPI SKF_WriteFile(HAPPLICATION application, const CHAR *name, ULONG offset, const BYTE *data, ULONG size);

/* --- 7.5 Containers --- */

ULONG SKFAPI SKF_CreateContainer(HAPPLICATION application, const CHAR *name, HCONTAINER *container);
ULONG SKFAPI SKF_DeleteContainer(HAPPLICATION application, const CHAR *name);
ULONG SKFAPI SKF_OpenContainer(HAPPLICATION application, const CHAR *name, HCONTAINER *container);
ULONG SKFAPI SKF_CloseContainer(HCONTAINER container);
ULONG SKFAPI SKF_EnumContainer(HAPPLICATION application, CHAR *list, ULONG *size);
/* kind: CONTAINER_UNKNOWN, CONTAINER_RSA or CONTAINER_ECC. */
ULONG SKFAPI SKF_GetContainerType(HCONTAINER container, ULONG *kind);
/* sign TRUE: the signing certificate. */
ULONG SKFAPI SKF_ImportCertificate(HCONTAINER container, BOOL sign, const BYTE *certificate, ULONG certificate_len);
ULONG SKFAPI SKF_ExportCertificate(HCONTAINER container, BOOL sign, BYTE *certificate, ULONG *certificate_len);

/* --- 7.6 Cryptography --- */

ULONG SKFAPI SKF_GenRandom(DEVHANDLE device, BYTE *random, ULONG random_len);
ULONG SKFAPI SKF_GenExtRSAKey(DEVHANDLE device, ULONG bits, RSAPRIVATEKEYBLOB *key);
/* The signing pair. */
ULONG SKFAPI SKF_GenRSAKeyPair(HCONTAINER container, ULONG bits, RSAPUBLICKEYBLOB *key);
/* The encryption pair: wrapped is the symmetric key, encrypted the private key under it. */
ULONG SKFAPI SKF_ImportRSAKeyPair(
    HCONTAINER container, ULONG alg, const BYTE *wrapped, ULONG wrapped_len, const BYTE *encrypted,
    ULONG encrypted_len);
/* data: the DigestInfo, at most the modulus less 11 bytes. */
ULONG SKFAPI SKF_RSASignData(
    HCONTAINER container, const BYTE *data, ULONG data_len, BYTE *signature, ULONG *signature_len);
ULONG SKFAPI SKF_RSAVerify(
    DEVHANDLE device, const RSAPUBLICKEYBLOB *key, const BYTE *data, ULONG data_len, const BYTE *signature,
    ULONG signature_len);
ULONG SKFAPI SKF_RSAExportSessionKey(
    HCONTAINER container, ULONG alg, const RSAPUBLICKEYBLOB *key, BYTE *wrapped, ULONG *wrapped_len,
    HANDLE *session_key);
ULONG SKFAPI SKF_ExtRSAPubKeyOperation(
    DEVHANDLE device, const RSAPUBLICKEYBLOB *key, const BYTE *input, ULONG input_len, BYTE *output,
    ULONG *output_len);
ULONG SKFAPI SKF_ExtRSAPriKeyOperation(
    DEVHANDLE device, const RSAPRIVATEKEYBLOB *key, const BYTE *input, ULONG input_len, BYTE *output,
    ULONG *output_len);
/* The signing pair; alg SGD_SM2_1. */
ULONG SKFAPI SKF_GenECCKeyPair(HCONTAINER container, ULONG alg, ECCPUBLICKEYBLOB *key);
/* The encryption pair. */
ULONG SKFAPI SKF_ImportECCKeyPair(HCONTAINER container, const ENVELOPEDKEYBLOB *enveloped);
/* digest: 32 bytes, e = SM3(Z || M). */
ULONG SKFAPI SKF_ECCSignData(
    HCONTAINER container, const BYTE *digest, ULONG digest_len, ECCSIGNATUREBLOB *signature);
ULONG SKFAPI SKF_ECCVerify(
    DEVHANDLE device, const ECCPUBLICKEYBLOB *key, const BYTE *digest, ULONG digest_len,
    const ECCSIGNATUREBLOB *signature);
/* wrapped: room for the key behind the declared structure. */
ULONG SKFAPI SKF_ECCExportSessionKey(
    HCONTAINER container, ULONG alg, const ECCPUBLICKEYBLOB *key, ECCCIPHERBLOB *wrapped, HANDLE *session_key);
ULONG SKFAPI SKF_ExtECCEncrypt(
    DEVHANDLE device, const ECCPUBLICKEYBLOB *key, const BYTE *plain, ULONG plain_len, ECCCIPHERBLOB *cipher);
ULONG SKFAPI SKF_ExtECCDecrypt(
    DEVHANDLE device, const ECCPRIVATEKEYBLOB *key, const ECCCIPHERBLOB *cipher, BYTE *plain, ULONG *plain_len);
ULONG SKFAPI SKF_ExtECCSign(
    DEVHANDLE device, const ECCPRIVATEKEYBLOB *key, const BYTE *digest, ULONG digest_len,
    ECCSIGNATUREBLOB *signature);
ULONG SKFAPI SKF_ExtECCVerify(
    DEVHANDLE device, const ECCPUBLICKEYBLOB *key, const BYTE *digest, ULONG digest_len,
    const ECCSIGNATUREBLOB *signature);
ULONG SKFAPI SKF_GenerateAgreementDataWithECC(
    HCONTAINER container, ULONG alg, ECCPUBLICKEYBLOB *temporary, const BYTE *id, ULONG id_len, HANDLE *agreement);
ULONG SKFAPI SKF_GenerateAgreementDataAndKeyWithECC(
    HCONTAINER container, ULONG alg, const ECCPUBLICKEYBLOB *peer, const ECCPUBLICKEYBLOB *peer_temporary,
    ECCPUBLICKEYBLOB *temporary, const BYTE *id, ULONG id_len, const BYTE *peer_id, ULONG peer_id_len,
    HANDLE *session_key);
ULONG SKFAPI SKF_GenerateKeyWithECC(
    HANDLE agreement, const ECCPUBLICKEYBLOB *peer, const ECCPUBLICKEYBLOB *peer_temporary, const BYTE *peer_id,
    ULONG peer_id_len, HANDLE *session_key);
/* blob: RSAPUBLICKEYBLOB or ECCPUBLICKEYBLOB, by the type of the container. */
ULONG SKFAPI SKF_ExportPublicKey(HCONTAINER container, BOOL sign, BYTE *blob, ULONG *blob_len);
/* wrapped: an ECCCIPHERBLOB, or PKCS#1 v1.5. */
ULONG SKFAPI SKF_ImportSessionKey(
    HCONTAINER container, ULONG alg, const BYTE *wrapped, ULONG wrapped_len, HANDLE *session_key);
ULONG SKFAPI SKF_SetSymmKey(DEVHANDLE device, const BYTE *key, ULONG alg, HANDLE *session_key);
/* The parameter is passed by value. */
ULONG SKFAPI SKF_EncryptInit(HANDLE session_key, BLOCKCIPHERPARAM parameter);
ULONG SKFAPI SKF_Encrypt(
    HANDLE session_key, const BYTE *data, ULONG data_len, BYTE *encrypted, ULONG *encrypted_len);
ULONG SKFAPI SKF_EncryptUpdate(
    HANDLE session_key, const BYTE *data, ULONG data_len, BYTE *encrypted, ULONG *encrypted_len);
ULONG SKFAPI SKF_EncryptFinal(HANDLE session_key, BYTE *encrypted, ULONG *encrypted_len);
/* The parameter is passed by value. */
ULONG SKFAPI SKF_DecryptInit(HANDLE session_key, BLOCKCIPHERPARAM parameter);
ULONG SKFAPI SKF_Decrypt(
    HANDLE session_key, const BYTE *encrypted, ULONG encrypted_len, BYTE *data, ULONG *data_len);
ULONG SKFAPI SKF_DecryptUpdate(
    HANDLE session_key, const BYTE *encrypted, ULONG encrypted_len, BYTE *data, ULONG *data_len);
ULONG SKFAPI SKF_DecryptFinal(HANDLE session_key, BYTE *data, ULONG *data_len);
/* With key and id, Z goes before the data. */
ULONG SKFAPI SKF_DigestInit(
    DEVHANDLE device, ULONG alg, const ECCPUBLICKEYBLOB *key, const BYTE *id, ULONG id_len, HANDLE *hash);
ULONG SKFAPI SKF_Digest(HANDLE hash, const BYTE *data, ULONG data_len, BYTE *digest, ULONG *digest_len);
ULONG SKFAPI SKF_DigestUpdate(HANDLE hash, const BYTE *data, ULONG data_len);
ULONG SKFAPI SKF_DigestFinal(HANDLE hash, BYTE *digest, ULONG *digest_len);
ULONG SKFAPI SKF_MacInit(HANDLE session_key, const BLOCKCIPHERPARAM *parameter, HANDLE *mac);
ULONG SKFAPI SKF_Mac(HANDLE mac, const BYTE *data, ULONG data_len, BYTE *value, ULONG *value_len);
ULONG SKFAPI SKF_MacUpdate(HANDLE mac, const BYTE *data, ULONG data_len);
ULONG SKFAPI SKF_MacFinal(HANDLE mac, BYTE *value, ULONG *value_len);
/* Session keys, hashes, MACs and agreements. */
ULONG SKFAPI SKF_CloseHandle(HANDLE handle);

/* --- Decryption with a private key: beyond the standard, no library has them all --- */

/* kind: 1 encryption pair, 2 signing pair. */
ULONG SKFAPI SKF_PrvKeyDecrypt(
    HCONTAINER container, ULONG kind, const ECCCIPHERBLOB *cipher, BYTE *plain, ULONG *plain_len);
ULONG SKFAPI SKF_ECCPrvKeyDecrypt(HCONTAINER container, const ECCCIPHERBLOB *cipher, BYTE *plain, ULONG *plain_len);
ULONG SKFAPI SKF_ECCDecrypt(HCONTAINER container, const ECCCIPHERBLOB *cipher, BYTE *plain, ULONG *plain_len);
ULONG SKFAPI SKF_RSAPrvKeyDecrypt(
    HCONTAINER container, const BYTE *cipher, ULONG cipher_len, BYTE *plain, ULONG *plain_len);
/* kind as in SKF_PrvKeyDecrypt. */
ULONG SKFAPI SKF_PriRsaDecrypt(
    HCONTAINER container, ULONG kind, const BYTE *cipher, ULONG cipher_len, BYTE *plain, ULONG *plain_len);
ULONG SKFAPI SKF_RSADecrypt(
    HCONTAINER container, const BYTE *cipher, ULONG cipher_len, BYTE *plain, ULONG *plain_len);

#ifdef __cplusplus
}
#endif

#endif /* UKEYHUB_SKF_H */
