"""Documents, keys and doctored copies for the signature tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from tripoint.messages.signatures.algorithms import DS, SignatureAlgorithm
from tripoint.messages.signatures.certificates import (
    Certificate,
    KeyKind,
    TrustedCertificate,
    TrustedCertificates,
)
from tripoint.messages.signatures.keys import SigningKey, generate
from tripoint.messages.signatures.libcrypto import Sm2Unavailable
from tripoint.messages.signatures.signing import sign
from tripoint.messages.signatures.verdicts import SignatureVerdict
from tripoint.messages.signatures.verifying import check_signature

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[3] / "../shared/data/ceb/samples/signed"
FROM = datetime(2026, 1, 1, tzinfo=UTC)
TO = datetime(2036, 1, 1, tzinfo=UTC)
AT = datetime(2027, 6, 1, tzinfo=UTC)
ENTERPRISE = "4403961X7S"
ALGORITHMS = tuple(SignatureAlgorithm)
IN_DS = "{" + DS + "}"

ORDER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ceb:CEB311Message xmlns:ceb="http://www.chinaport.gov.cn/ceb"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="1.0" guid="G-1">\n'
    "  <ceb:Order><ceb:OrderHead><ceb:orderNo>A1</ceb:orderNo><ceb:goodsValue>100</ceb:goodsValue>"
    "<ceb:consignee>示例</ceb:consignee><ceb:note/></ceb:OrderHead></ceb:Order>\n"
    "  <ceb:BaseTransfer><ceb:copCode>4403961X7S</ceb:copCode></ceb:BaseTransfer>\n"
    "</ceb:CEB311Message>"
).encode()


@dataclass(frozen=True)
class Signer:
    """A key and its certificate."""

    key: SigningKey
    certificate: Certificate

    def sign(self, xml: bytes | etree._Element, algorithm: SignatureAlgorithm) -> bytes:
        """The document signed."""
        return sign(xml, self.key, self.certificate, algorithm)


@cache
def _made(kind: KeyKind, which: int) -> Signer:
    return Signer(*generate(kind, f"示例操作员{which}", "示例企业", FROM, TO, 0x01234566 + which))


def signer(kind: KeyKind, which: int = 1) -> Signer:
    """The same throw-away signer each time; the test is skipped where the machine cannot do SM2."""
    try:
        return _made(kind, which)
    except Sm2Unavailable as refusal:
        pytest.skip(refusal.text.en)


def signer_for(algorithm: SignatureAlgorithm, which: int = 1) -> Signer:
    """A signer whose key fits the algorithm."""
    return signer(algorithm.key_kind, which)


def record(
    certificate: Certificate,
    enterprise: str = ENTERPRISE,
    *,
    valid_from: datetime = FROM,
    valid_to: datetime = TO,
    revoked_at: datetime | None = None,
) -> TrustedCertificate:
    """A line of the register."""
    return TrustedCertificate(
        certificate=certificate,
        enterprise_code=enterprise,
        valid_from=valid_from,
        valid_to=valid_to,
        revoked_at=revoked_at,
    )


def trusting(*signers: Signer) -> TrustedCertificates:
    """A register that holds these signers, for enterprises E1, E2 …"""
    return TrustedCertificates(
        record(one.certificate, f"E{number}") for number, one in enumerate(signers, start=1)
    )


def check(xml: bytes, trusted: TrustedCertificates, at: datetime = AT) -> SignatureVerdict:
    """The verdict on a document's octets."""
    return check_signature(etree.fromstring(xml), trusted, at)


def doctored(xml: bytes, old: str, new: str) -> bytes:
    """The document with one piece of text replaced, which must be there once."""
    assert xml.count(old.encode()) == 1, old
    return xml.replace(old.encode(), new.encode())
