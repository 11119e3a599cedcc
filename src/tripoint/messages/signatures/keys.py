"""Keys that sign and keys that verify, RSA and SM2 behind one face; private keys never leave but as PEM."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from tripoint.kernel.refusals import Malformed
from tripoint.messages.signatures import sm2
from tripoint.messages.signatures.algorithms import SignatureAlgorithm
from tripoint.messages.signatures.certificates import (
    Certificate,
    KeyKind,
    parse_certificate,
    refuse_weak,
)

RSA_BITS = 2048
_PADDING, _SHA1, _SHA256 = padding.PKCS1v15(), hashes.SHA1(), hashes.SHA256()


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """The public key of a certificate."""

    kind: KeyKind
    _key: rsa.RSAPublicKey | sm2.Sm2Key = field(repr=False)

    def verify(self, algorithm: SignatureAlgorithm, octets: bytes, value: bytes) -> bool:
        """Whether the value is this key's signature of the octets; False too where the key is of another kind."""
        if isinstance(self._key, sm2.Sm2Key):
            return algorithm is SignatureAlgorithm.SM2_SM3 and self._key.verify(octets, value)
        if algorithm is SignatureAlgorithm.SM2_SM3:
            return False
        try:
            self._key.verify(value, octets, _PADDING, _rsa_hash(algorithm))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; its content is never shown."""

    kind: KeyKind
    _key: rsa.RSAPrivateKey | sm2.Sm2Key = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes, password: str | None = None) -> SigningKey:
        """Read an RSA or SM2 key from PEM; raises Malformed (also for a wrong password or a weak key) or Sm2Unavailable."""
        try:
            key = serialization.load_pem_private_key(pem, password.encode() if password is not None else None)
        except UnsupportedAlgorithm:  # what this library does not know may be SM2
            return cls("sm2", sm2.key_from_pem(pem, password))
        except (ValueError, TypeError) as error:
            raise _malformed() from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise _malformed()
        refuse_weak(key.key_size)
        return cls("rsa", key)

    def to_pem(self, password: str | None = None) -> bytes:
        """PKCS#8 PEM, encrypted where a password is given."""
        if isinstance(self._key, sm2.Sm2Key):
            return self._key.to_pem(password)
        lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password is not None:
            lock = serialization.BestAvailableEncryption(password.encode())
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)

    def sign(self, algorithm: SignatureAlgorithm, octets: bytes) -> bytes:
        """The signature value: PKCS#1 v1.5, or raw r||s for SM2; raises Malformed for a key of another kind."""
        if algorithm.key_kind != self.kind:
            raise Malformed(
                "signature.key_mismatch",
                f"{self.kind} 密钥不能用于 {algorithm} 签名",
                f"a key of kind {self.kind} cannot sign with {algorithm}",
            )
        if isinstance(self._key, sm2.Sm2Key):
            return self._key.sign(octets)
        return self._key.sign(octets, _PADDING, _rsa_hash(algorithm))


def verifying_key(certificate: Certificate) -> VerifyingKey:
    """The public key of a certificate; raises Malformed, or Sm2Unavailable where this machine cannot do SM2."""
    if certificate.key_kind == "sm2":
        return VerifyingKey("sm2", sm2.key_of_certificate(certificate.der))
    key = x509.load_der_x509_certificate(certificate.der).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise _malformed()
    return VerifyingKey("rsa", key)


def refuse_key_of_another(
    certificate: Certificate, algorithm: SignatureAlgorithm, octets: bytes, value: bytes
) -> None:
    """Hold that a value was made with the key of this certificate; raises Malformed, or Sm2Unavailable."""
    if not verifying_key(certificate).verify(algorithm, octets, value):
        raise Malformed(
            "signature.key_of_another",
            "证书不属于该私钥；请给出该私钥的证书",
            "the certificate does not belong to this key; give the key's own certificate",
        )


def generate(
    kind: KeyKind, common_name: str, organisation: str, not_before: datetime, not_after: datetime, serial: int
) -> tuple[SigningKey, Certificate]:
    """A new key and a certificate of it signed by itself; serial is positive and at most 20 octets."""
    if kind == "sm2":
        secret = sm2.generate_key()
        der = secret.self_signed(common_name, organisation, not_before, not_after, serial)
        return SigningKey("sm2", secret), parse_certificate(der)
    private = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    built = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=private.public_key())
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .sign(private, hashes.SHA256())
    )
    return SigningKey("rsa", private), parse_certificate(built.public_bytes(serialization.Encoding.DER))


def _rsa_hash(algorithm: SignatureAlgorithm) -> hashes.HashAlgorithm:
    # SHA-1 is what the cards in use can do; the customs specification still lists it (ceb.md §5).
    return _SHA1 if algorithm is SignatureAlgorithm.RSA_SHA1 else _SHA256


def _malformed() -> Malformed:
    return Malformed(
        "signature.key_malformed",
        "不是可用的 RSA 或 SM2 私钥，或口令错误",
        "not a usable RSA or SM2 private key, or the wrong password",
    )
