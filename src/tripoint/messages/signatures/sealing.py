"""The platform's own seal: the key and certificate that every message it sends is signed with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tripoint.kernel.refusals import Malformed
from tripoint.messages.signatures.algorithms import SignatureAlgorithm
from tripoint.messages.signatures.certificates import Certificate, parse_certificate
from tripoint.messages.signatures.keys import SigningKey, refuse_key_of_another
from tripoint.messages.signatures.signing import sign, sign_canonical

_PROBE = b"tripoint"
_KEY = re.compile(rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?-----END \1-----\n?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Seal:
    """A key, its certificate and the algorithm they sign with; the key is never shown."""

    key: SigningKey = field(repr=False)
    certificate: Certificate
    algorithm: SignatureAlgorithm

    @classmethod
    def from_pem(cls, key: bytes, certificate: bytes) -> Seal:
        """The seal of a key and its certificate in PEM (a file may hold both): RSA-SHA1 or SM2-SM3, as customs has them.

        Raises Malformed where either cannot be read or they do not belong together.
        """
        block = _KEY.search(key)
        if block is None:
            raise Malformed("signature.key_missing", "没有私钥", "there is no private key")
        secret, known = SigningKey.from_pem(block[0]), parse_certificate(certificate)
        algorithm = SignatureAlgorithm.SM2_SM3 if secret.kind == "sm2" else SignatureAlgorithm.RSA_SHA1
        refuse_key_of_another(known, algorithm, _PROBE, secret.sign(algorithm, _PROBE))
        return cls(secret, known, algorithm)

    def put(self, document: bytes, *, canonical: bool) -> bytes:
        """The document signed; what is canonical already is hashed as it stands."""
        make = sign_canonical if canonical else sign
        return make(document, self.key, self.certificate, self.algorithm)
