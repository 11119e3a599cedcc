"""A small lawful document of filings, as Python values to bend and as the bytes that are read."""

import copy
import hashlib
import json
from datetime import UTC, datetime

from tripoint.registers.filings.records import Certificate, KeyKind

AT = datetime(2024, 6, 1, 8, tzinfo=UTC)
SOURCE = "made up for a test"

_DOCUMENT = {
    "generated": True,
    "enterprises": [
        {"enterprise_code": "0000A60001", "name": "示例电商平台", "roles": ["marketplace", "merchant"], "realtime_payment_data": True, "since": "2019-01-01", "source": SOURCE},
        {"enterprise_code": "0000A60002", "name": "示例快递", "roles": ["carrier"], "since": "2019-01-01", "until": "2030-12-31", "source": SOURCE},
        {"enterprise_code": "0000A60003", "name": "Example Pay", "roles": ["payment_provider"], "since": "2019-01-01", "until": None, "source": SOURCE},
        {"enterprise_code": "0000A60004", "name": "示例报关", "roles": ["declarant", "guarantor", "warehouse", "place_operator"], "since": "2019-01-01", "source": SOURCE},
    ],
    "certificates": [{"enterprise_code": "0000A60001", "pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}],
    "entrustments": [
        {"sender_code": "0000A60002", "owner_code": "0000A60001", "paper_kind": "orders", "since": "2024-01-01", "source": SOURCE},
        {"sender_code": "0000A60002", "owner_code": "0000A60003", "paper_kind": "payments", "since": "2024-01-01", "until": "2024-12-31", "source": SOURCE},
    ],
    "verified_persons": [{"person_id": "910000199001011234", "person_name": "张三", "verified_on": "2024-02-29", "source": SOURCE}],
    "deposits": [{"guarantor_code": "0000A60004", "amount": "100000.00"}],
    "annual_used": [{"person_id": "910000199001011234", "year": 2024, "amount": "25999.99999"}],
}  # fmt: skip


def plain():
    """The document, free to be bent."""
    return copy.deepcopy(_DOCUMENT)


def raw(document):
    """Its bytes."""
    return json.dumps(document, ensure_ascii=False).encode()


def certificate(enterprise_code="0000A60001", der=b"der"):
    """A certificate as whoever parses PEM would hand it in."""
    return Certificate(
        fingerprint=hashlib.sha256(der).hexdigest(),
        enterprise_code=enterprise_code,
        serial="01",
        der=der,
        key_kind=KeyKind.SM2,
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2030, 1, 1, tzinfo=UTC),
    )
