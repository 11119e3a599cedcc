"""What a certificate says, and which ones are trusted for whom; they belong to enterprises in a register."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from tripoint.kernel.refusals import Conflict, Malformed

KeyKind = Literal["rsa", "sm2"]

RSA_BITS_LEAST = 1024
"""Cards in use have RSA keys of 1024 bits (ceb.md §5); anything shorter can be factored by whoever cares to."""
_SM2_BITS = 256

# AlgorithmIdentifier of a public key on the SM2 curve: ecPublicKey, 1.2.156.10197.1.301.
_SM2_ALGORITHM = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """An X.509 certificate as it stands on the wire and what it says of itself."""

    der: bytes
    fingerprint: str  # SHA-256 of the DER, lower-case hex
    serial: str  # lower-case hex, whole octets
    subject: str  # RFC 4514
    issuer: str
    not_before: datetime
    not_after: datetime
    key_kind: KeyKind
    key_bits: int

    @property
    def is_weak(self) -> bool:
        """Whether its key is too short for a signature to prove anything."""
        return self.key_kind == "rsa" and self.key_bits < RSA_BITS_LEAST

    @property
    def key_name(self) -> str:
        """The serial number as KeyName carries it: padded to 8 or 16 digits (ceb.md §5)."""
        return self.serial.zfill(8 if len(self.serial) <= 8 else 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedCertificate:
    """A certificate that the register holds for an enterprise, and from when to when it counts (both ends count)."""

    certificate: Certificate
    enterprise_code: str
    valid_from: datetime
    valid_to: datetime
    revoked_at: datetime | None = None


class TrustedCertificates:
    """The register's certificates, found by fingerprint or by serial number; never changed once made."""

    __slots__ = ("_by_fingerprint", "_by_serial")

    def __init__(self, records: Iterable[TrustedCertificate]) -> None:
        self._by_fingerprint: dict[str, TrustedCertificate] = {}
        self._by_serial: dict[str, list[TrustedCertificate]] = defaultdict(list)
        for record in records:
            certificate = record.certificate
            if certificate.fingerprint in self._by_fingerprint:
                raise Conflict(
                    "signature.certificate_twice",
                    f"证书 {certificate.fingerprint} 重复登记",
                    f"certificate {certificate.fingerprint} is registered twice",
                )
            self._by_fingerprint[certificate.fingerprint] = record
            self._by_serial[_bare(certificate.serial)].append(record)

    def __len__(self) -> int:
        return len(self._by_fingerprint)

    def __iter__(self) -> Iterator[TrustedCertificate]:
        return iter(self._by_fingerprint.values())

    def by_fingerprint(self, fingerprint: str) -> TrustedCertificate | None:
        """The record of exactly this certificate."""
        return self._by_fingerprint.get(fingerprint)

    def by_key_name(self, key_name: str) -> tuple[TrustedCertificate, ...]:
        """Every record whose serial number this is, however many zeros stand before it; issuers may share a serial."""
        return tuple(self._by_serial.get(_bare(key_name), ()))


def fingerprint_of(der: bytes) -> str:
    """SHA-256 of a certificate's DER octets, lower-case hex."""
    return hashlib.sha256(der).hexdigest()


def parse_certificate(data: bytes) -> Certificate:
    """Read a certificate from DER, PEM or Base64; raises Malformed where it is none or its key is of another kind.

    A weak key is read too: who files it or signs with it asks `refuse_weak`, who verifies gets a reason.
    """
    der = _der(data)
    try:
        parsed = x509.load_der_x509_certificate(der)
        kind, bits = _key(parsed, der)
        return Certificate(
            der=der,
            fingerprint=fingerprint_of(der),
            serial=_octet_hex(parsed.serial_number),
            subject=parsed.subject.rfc4514_string(),
            issuer=parsed.issuer.rfc4514_string(),
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
            key_kind=kind,
            key_bits=bits,
        )
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise _malformed() from error


def refuse_weak(bits: int) -> None:
    """Hold that an RSA key is long enough; raises Malformed."""
    if bits < RSA_BITS_LEAST:
        raise Malformed(
            "signature.key_too_short",
            f"RSA 密钥只有 {bits} 位，至少须 {RSA_BITS_LEAST} 位；请更换密钥与证书，建议 2048 位或 SM2",
            f"the RSA key has {bits} bits, and at least {RSA_BITS_LEAST} are wanted; get another key and certificate,"
            " best of 2048 bits or SM2",
        )


def _key(parsed: x509.Certificate, der: bytes) -> tuple[KeyKind, int]:
    """The kind of a certificate's key, and its length in bits."""
    try:
        key = parsed.public_key()
        if isinstance(key, RSAPublicKey):
            return "rsa", key.key_size
    except (
        UnsupportedAlgorithm
    ):  # this library knows no SM2 keys; whether the key is sound shows when it is used
        if _SM2_ALGORITHM in der:
            return "sm2", _SM2_BITS
    raise ValueError("neither an RSA nor an SM2 key")


def _der(data: bytes) -> bytes:
    if data[:1] == b"\x30":
        return data
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
        return base64.b64decode(b"".join(data.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise _malformed() from error


def _malformed() -> Malformed:
    return Malformed(
        "signature.certificate_malformed",
        "不是可用的 RSA 或 SM2 X.509 证书",
        "not an X.509 certificate with an RSA or SM2 key",
    )


def _octet_hex(number: int) -> str:
    digits = f"{number:x}"
    return digits if len(digits) % 2 == 0 else "0" + digits


def _bare(serial: str) -> str:
    return serial.strip().lower().lstrip("0")
