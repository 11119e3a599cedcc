"""The part of OpenSSL 3 that SM2 needs, called in place: no compiler, no headers, no cryptography of our own."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p
from functools import cache

from tripoint.kernel.refusals import Busy

# find_library asks ldconfig or a compiler, which a small machine may not have: the names themselves come first.
NAMES = (
    "libcrypto.so.3",
    "libcrypto.so.4",
    "libcrypto.3.dylib",
    "libcrypto-3-x64.dll",
    "libcrypto-3-arm64.dll",
)
MBSTRING_UTF8 = 0x1000

_POINTER_TO_POINTER = ctypes.POINTER(c_void_p)
_PROTOTYPES: dict[str, tuple[object, list[object]]] = {
    "ASN1_TIME_set_string_X509": (c_int, [c_void_p, c_char_p]),
    "ASN1_INTEGER_free": (None, [c_void_p]),
    "BIO_ctrl_pending": (c_size_t, [c_void_p]),
    "BIO_free": (c_int, [c_void_p]),
    "BIO_new": (c_void_p, [c_void_p]),
    "BIO_new_mem_buf": (c_void_p, [c_char_p, c_int]),
    "BIO_read": (c_int, [c_void_p, c_void_p, c_int]),
    "BIO_s_mem": (c_void_p, []),
    "BN_bin2bn": (c_void_p, [c_char_p, c_int, c_void_p]),
    "BN_free": (None, [c_void_p]),
    "BN_to_ASN1_INTEGER": (c_void_p, [c_void_p, c_void_p]),
    "ERR_clear_error": (None, []),
    "EVP_DigestSign": (c_int, [c_void_p, c_char_p, ctypes.POINTER(c_size_t), c_char_p, c_size_t]),
    "EVP_DigestSignInit": (c_int, [c_void_p, _POINTER_TO_POINTER, c_void_p, c_void_p, c_void_p]),
    "EVP_DigestVerify": (c_int, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]),
    "EVP_DigestVerifyInit": (c_int, [c_void_p, _POINTER_TO_POINTER, c_void_p, c_void_p, c_void_p]),
    "EVP_MD_CTX_free": (None, [c_void_p]),
    "EVP_MD_CTX_new": (c_void_p, []),
    "EVP_PKEY_CTX_free": (None, [c_void_p]),
    "EVP_PKEY_CTX_new_from_name": (c_void_p, [c_void_p, c_char_p, c_char_p]),
    "EVP_PKEY_CTX_set1_id": (c_int, [c_void_p, c_char_p, c_int]),
    "EVP_PKEY_free": (None, [c_void_p]),
    "EVP_PKEY_generate": (c_int, [c_void_p, _POINTER_TO_POINTER]),
    "EVP_PKEY_is_a": (c_int, [c_void_p, c_char_p]),
    "EVP_PKEY_keygen_init": (c_int, [c_void_p]),
    "EVP_aes_256_cbc": (c_void_p, []),
    "EVP_sm3": (c_void_p, []),
    "OpenSSL_version_num": (c_ulong, []),
    "PEM_read_bio_PrivateKey": (c_void_p, [c_void_p, c_void_p, c_void_p, c_char_p]),
    "PEM_write_bio_PKCS8PrivateKey": (
        c_int,
        [c_void_p, c_void_p, c_void_p, c_char_p, c_int, c_void_p, c_void_p],
    ),
    "X509_NAME_add_entry_by_txt": (c_int, [c_void_p, c_char_p, c_int, c_char_p, c_int, c_int, c_int]),
    "X509_NAME_free": (None, [c_void_p]),
    "X509_NAME_new": (c_void_p, []),
    "X509_free": (None, [c_void_p]),
    "X509_get_pubkey": (c_void_p, [c_void_p]),
    "X509_getm_notAfter": (c_void_p, [c_void_p]),
    "X509_getm_notBefore": (c_void_p, [c_void_p]),
    "X509_new": (c_void_p, []),
    "X509_set_issuer_name": (c_int, [c_void_p, c_void_p]),
    "X509_set_pubkey": (c_int, [c_void_p, c_void_p]),
    "X509_set_serialNumber": (c_int, [c_void_p, c_void_p]),
    "X509_set_subject_name": (c_int, [c_void_p, c_void_p]),
    "X509_set_version": (c_int, [c_void_p, c_long]),
    "X509_sign_ctx": (c_int, [c_void_p, c_void_p]),
    "d2i_X509": (c_void_p, [c_void_p, ctypes.POINTER(c_char_p), c_long]),
    "i2d_X509": (c_int, [c_void_p, ctypes.POINTER(ctypes.POINTER(ctypes.c_ubyte))]),
}


class Sm2Unavailable(Busy):
    """This machine has no OpenSSL 3 that can do SM2; RSA is not touched by it."""


@cache
def libcrypto() -> ctypes.CDLL:
    """OpenSSL's libcrypto, version 3 or later, with the calls declared; raises Sm2Unavailable."""
    for name in NAMES:
        library = _open(name)
        if library is not None:
            return library
    found = ctypes.util.find_library("crypto")
    library = _open(found) if found else None
    if library is None:
        raise Sm2Unavailable(
            "signature.sm2_unavailable",
            "本机缺少 OpenSSL 3 的 libcrypto（libcrypto.so.3），无法处理 SM2 签名；请安装 libssl3 软件包",
            "SM2 signatures need libcrypto of OpenSSL 3 (libcrypto.so.3), which this machine lacks;"
            " install the package libssl3",
        )
    return library


def _open(name: str) -> ctypes.CDLL | None:
    """The library with its calls declared, or None where it is absent, older than 3, or built without SM2."""
    try:
        library = ctypes.CDLL(name)
        for function, (result, arguments) in _PROTOTYPES.items():
            entry = getattr(library, function)
            entry.restype = result
            entry.argtypes = arguments
    except (OSError, AttributeError):
        return None
    return library if library.OpenSSL_version_num() >= 0x30000000 else None


@contextmanager
def clean_errors(library: ctypes.CDLL) -> Iterator[None]:
    """Leave this thread's error queue empty: what stays there is misread by the next user of the library."""
    library.ERR_clear_error()
    try:
        yield
    finally:
        library.ERR_clear_error()
