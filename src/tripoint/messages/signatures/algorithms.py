"""Which signature and digest algorithms are taken, by what names, and which may go together (ceb.md §5)."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

from cryptography.hazmat.primitives import hashes

from tripoint.messages.signatures.certificates import KeyKind

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = DS + "enveloped-signature"
CHINAPORT = "http://www.chinaport.gov.cn/2022/04/xmldsig#"

_SHORT = 16 * 1024
"""Octets that are put together sooner than hashed piece by piece."""

# Partners write the same fragment under the address of the W3C or of the e-port, so only the family is looked at.
_FAMILY = re.compile(
    r"https?://www\.(?:w3\.org|chinaport\.gov\.cn)/(?:[0-9]{4}/[0-9]{2}/)?(?:xmldsig|xmldsig-more|xmlenc)#([a-z0-9-]+)",
    re.IGNORECASE,
)


class SignatureAlgorithm(StrEnum):
    """How the signature value is made; the value is the fragment on the wire."""

    RSA_SHA1 = "rsa-sha1"
    RSA_SHA256 = "rsa-sha256"
    SM2_SM3 = "sm2-sm3"

    @property
    def key_kind(self) -> KeyKind:
        """The kind of key the algorithm needs."""
        return "sm2" if self is SignatureAlgorithm.SM2_SM3 else "rsa"

    @property
    def uri(self) -> str:
        """The address written into SignatureMethod."""
        return _SIGNATURE_URI[self]

    @property
    def digest(self) -> DigestAlgorithm:
        """The digest written beside it; the only one accepted but for the transition form of SM2."""
        return _DIGEST_OF[self]


class DigestAlgorithm(StrEnum):
    """How the document is hashed; the value is the fragment on the wire."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SM3 = "sm3"

    @property
    def uri(self) -> str:
        """The address written into DigestMethod."""
        return _DIGEST_URI[self]

    def hash(self, *octets: bytes | memoryview) -> bytes:
        """The hash of the pieces put together."""
        if (
            self is DigestAlgorithm.SM3
        ):  # not every Python's hashlib was built with SM3; cryptography always was
            sm3 = hashes.Hash(hashes.SM3())
            for piece in octets:
                sm3.update(piece)
            return sm3.finalize()
        if sum(map(len, octets)) < _SHORT:
            octets = (b"".join(octets),)
        plain = hashlib.sha1(usedforsecurity=False) if self is DigestAlgorithm.SHA1 else hashlib.sha256()
        for piece in octets:
            plain.update(piece)
        return plain.digest()


_SIGNATURE_URI = {
    SignatureAlgorithm.RSA_SHA1: DS + "rsa-sha1",
    SignatureAlgorithm.RSA_SHA256: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    SignatureAlgorithm.SM2_SM3: CHINAPORT + "sm2-sm3",
}
_DIGEST_URI = {
    DigestAlgorithm.SHA1: DS + "sha1",
    DigestAlgorithm.SHA256: "http://www.w3.org/2001/04/xmlenc#sha256",
    DigestAlgorithm.SM3: CHINAPORT + "sm3",
}
_DIGEST_OF = {
    SignatureAlgorithm.RSA_SHA1: DigestAlgorithm.SHA1,
    SignatureAlgorithm.RSA_SHA256: DigestAlgorithm.SHA256,
    SignatureAlgorithm.SM2_SM3: DigestAlgorithm.SM3,
}
# Clients of the change-over to SM2 still hash the document with SHA-1 and sign with SM2: seen, and no weaker
# than rsa-sha1, which is taken as well. No other pair is taken: it would let a weaker hash stand under a stronger name.
_PAIRS = frozenset(_DIGEST_OF.items()) | {(SignatureAlgorithm.SM2_SM3, DigestAlgorithm.SHA1)}

_SIGNATURES = {str(one): one for one in SignatureAlgorithm}
_DIGESTS = {str(one): one for one in DigestAlgorithm}


def read_signature_algorithm(uri: str) -> SignatureAlgorithm | None:
    """The algorithm an address names, or None where it is none of ours."""
    fragment = _fragment(uri)
    return _SIGNATURES.get(fragment)


def read_digest_algorithm(uri: str) -> DigestAlgorithm | None:
    """The digest an address names, or None where it is none of ours."""
    fragment = _fragment(uri)
    return _DIGESTS.get(fragment)


def may_go_together(signature: SignatureAlgorithm, digest: DigestAlgorithm) -> bool:
    """Whether the digest is one that this signature algorithm may stand over."""
    return (signature, digest) in _PAIRS


def _fragment(uri: str) -> str:
    match = _FAMILY.fullmatch(uri)
    return match[1].lower() if match else ""
