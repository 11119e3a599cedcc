"""SM2 keys: sign and verify with SM3 and the default identity, GB/T 32918 and GM/T 0009, through OpenSSL."""

from __future__ import annotations

import ctypes
import weakref
from contextlib import ExitStack
from ctypes import byref, c_char_p, c_size_t, c_void_p
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from tripoint.kernel.refusals import Malformed
from tripoint.messages.signatures.libcrypto import MBSTRING_UTF8, clean_errors, libcrypto

DEFAULT_ID = b"1234567812345678"
RAW_SIZE = 64  # r and s, 32 octets each


class Sm2Key:
    """A private or public SM2 key; shared freely between threads, freed with its last reference."""

    __slots__ = ("__weakref__", "_pointer")

    def __init__(self, pointer: int) -> None:
        self._pointer = pointer
        weakref.finalize(self, libcrypto().EVP_PKEY_free, pointer).atexit = False

    def verify(self, octets: bytes, value: bytes) -> bool:
        """Whether the value, raw r||s or DER, is this key's signature of the octets."""
        der = _to_der(value)
        if der is None:
            return False
        library = libcrypto()
        with clean_errors(library), ExitStack() as stack:
            context = _context(library, stack, library.EVP_DigestVerifyInit, self._pointer)
            return bool(library.EVP_DigestVerify(context, der, len(der), octets, len(octets)) == 1)

    def sign(self, octets: bytes) -> bytes:
        """The signature of the octets as raw r||s, 64 octets; another one each time, as SM2 is random."""
        library = libcrypto()
        with clean_errors(library), ExitStack() as stack:
            context = _context(library, stack, library.EVP_DigestSignInit, self._pointer)
            size = c_size_t(128)
            buffer = ctypes.create_string_buffer(128)
            _need(library.EVP_DigestSign(context, buffer, byref(size), octets, len(octets)) == 1)
            r, s = decode_dss_signature(buffer.raw[: size.value])
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def to_pem(self, password: str | None) -> bytes:
        """PKCS#8 PEM, encrypted with AES-256 where a password is given."""
        library = libcrypto()
        secret = password.encode() if password is not None else None
        with clean_errors(library), ExitStack() as stack:
            bio = _own(stack, library.BIO_free, library.BIO_new(library.BIO_s_mem()))
            cipher = library.EVP_aes_256_cbc() if secret is not None else None
            _need(
                library.PEM_write_bio_PKCS8PrivateKey(
                    bio, self._pointer, cipher, secret, len(secret or b""), None, None
                )
                == 1
            )
            buffer = ctypes.create_string_buffer(library.BIO_ctrl_pending(bio))
            size = library.BIO_read(bio, buffer, len(buffer))
            _need(size > 0)
            return buffer.raw[:size]

    def self_signed(
        self, common_name: str, organisation: str, not_before: datetime, not_after: datetime, serial: int
    ) -> bytes:
        """DER of an X.509 v3 certificate of this key, signed by itself with SM3."""
        library = libcrypto()
        with clean_errors(library), ExitStack() as stack:
            certificate = _own(stack, library.X509_free, library.X509_new())
            _need(library.X509_set_version(certificate, 2) == 1)
            _need(library.X509_set_serialNumber(certificate, _integer(library, stack, serial)) == 1)
            name = _own(stack, library.X509_NAME_free, library.X509_NAME_new())
            for field, text in ((b"C", "CN"), (b"O", organisation), (b"CN", common_name)):
                _need(
                    library.X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, text.encode(), -1, -1, 0)
                    == 1
                )
            _need(library.X509_set_subject_name(certificate, name) == 1)
            _need(library.X509_set_issuer_name(certificate, name) == 1)
            for get, moment in (
                (library.X509_getm_notBefore, not_before),
                (library.X509_getm_notAfter, not_after),
            ):
                _need(library.ASN1_TIME_set_string_X509(get(certificate), _asn1_time(moment)) == 1)
            _need(library.X509_set_pubkey(certificate, self._pointer) == 1)
            context = _context(library, stack, library.EVP_DigestSignInit, self._pointer)
            _need(library.X509_sign_ctx(certificate, context) > 0)
            return _certificate_der(library, certificate)


def generate_key() -> Sm2Key:
    """A new key from OpenSSL's random source."""
    library = libcrypto()
    with clean_errors(library), ExitStack() as stack:
        context = _own(
            stack, library.EVP_PKEY_CTX_free, library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
        )
        key = c_void_p()
        _need(library.EVP_PKEY_keygen_init(context) == 1)
        _need(library.EVP_PKEY_generate(context, byref(key)) == 1 and key.value)
        return Sm2Key(key.value or 0)


def key_of_certificate(der: bytes) -> Sm2Key:
    """The public key of a certificate; raises Malformed where it is not an SM2 key."""
    library = libcrypto()
    with clean_errors(library), ExitStack() as stack:
        cursor = c_char_p(der)
        certificate = library.d2i_X509(None, byref(cursor), len(der))
        if not certificate:
            raise _not_sm2()
        stack.callback(library.X509_free, certificate)
        return _checked(library, library.X509_get_pubkey(certificate))


def key_from_pem(pem: bytes, password: str | None) -> Sm2Key:
    """A private key from PEM; raises Malformed where it, or the password, is wrong."""
    library = libcrypto()
    with clean_errors(library), ExitStack() as stack:
        bio = _own(stack, library.BIO_free, library.BIO_new_mem_buf(pem, len(pem)))
        # An empty password rather than none: with none OpenSSL would ask at the terminal.
        return _checked(library, library.PEM_read_bio_PrivateKey(bio, None, None, (password or "").encode()))


def _checked(library: ctypes.CDLL, pointer: int | None) -> Sm2Key:
    if not pointer:
        raise _not_sm2()
    key = Sm2Key(pointer)
    if library.EVP_PKEY_is_a(pointer, b"SM2") != 1:
        raise _not_sm2()
    return key


def _context(library: ctypes.CDLL, stack: ExitStack, initialise: Any, key: int) -> int:
    context = _own(stack, library.EVP_MD_CTX_free, library.EVP_MD_CTX_new())
    settings = c_void_p()  # belongs to the context
    _need(initialise(context, byref(settings), library.EVP_sm3(), None, key) == 1)
    _need(library.EVP_PKEY_CTX_set1_id(settings, DEFAULT_ID, len(DEFAULT_ID)) == 1)
    return context


def _integer(library: ctypes.CDLL, stack: ExitStack, number: int) -> int:
    octets = number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")
    big = _own(stack, library.BN_free, library.BN_bin2bn(octets, len(octets), None))
    return _own(stack, library.ASN1_INTEGER_free, library.BN_to_ASN1_INTEGER(big, None))


def _certificate_der(library: ctypes.CDLL, certificate: int) -> bytes:
    size = library.i2d_X509(certificate, None)
    _need(size > 0)
    buffer = (ctypes.c_ubyte * size)()
    cursor = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ubyte))
    _need(library.i2d_X509(certificate, byref(cursor)) == size)
    return bytes(buffer)


def _asn1_time(moment: datetime) -> bytes:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()


def _to_der(value: bytes) -> bytes | None:
    """DER of a signature value: 64 octets are always raw r||s; any other size must be exact DER."""
    if len(value) == RAW_SIZE:
        return encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
    try:
        r, s = decode_dss_signature(value)
        return value if encode_dss_signature(r, s) == value else None
    except (ValueError, OverflowError):
        return None


def _own(stack: ExitStack, free: Any, pointer: Any) -> int:
    """A pointer that is freed when the stack is left."""
    _need(pointer)
    stack.callback(free, pointer)
    return int(pointer)


def _need(done: object) -> None:
    """OpenSSL refuses these calls only when memory or its own build is at fault."""
    if not done:
        raise RuntimeError("a call into libcrypto failed")


def _not_sm2() -> Malformed:
    return Malformed(
        "signature.key_malformed", "不是可用的 SM2 密钥", "not a usable SM2 key, or the wrong password"
    )
