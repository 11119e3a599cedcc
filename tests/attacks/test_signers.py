"""Under the policy `require` a paper counts only for who signed it: never a false yes, whatever it is wrapped in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.attacks.scene import Scene, paper, papers, rewired, trade
from tests.cases.trade import CODES
from tests.messages.signatures.test_keys import WEAK
from tripoint.app import Engine
from tripoint.database import Database
from tripoint.messages.ceb.envelope import wrap
from tripoint.messages.signatures.algorithms import SignatureAlgorithm
from tripoint.messages.signatures.keys import generate
from tripoint.messages.signatures.signing import sign
from tripoint.platforms.clearance.records import SignaturePolicy
from tripoint.registers.filings.records import FaultyFilings
from tripoint.settings import Settings

FROM, TO = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
RSA = (
    SignatureAlgorithm.RSA_SHA256
    if hasattr(SignatureAlgorithm, "RSA_SHA256")
    else next(a for a in SignatureAlgorithm if a.key_kind == "rsa")
)
HAND_IN = {"order": "marketplace", "payment": "provider", "waybill": "carrier", "list": "declarant"}


@pytest.fixture(scope="module")
def signed(new_database: Callable[..., AbstractContextManager[Database]]) -> Iterator[tuple[Scene, Any]]:
    """A scene that requires signatures, and who signs for an enterprise."""
    keys = {role: generate("rsa", role, role, FROM, TO, 77 + n) for n, role in enumerate(CODES)}
    with new_database() as database:
        scene = Scene(database)
        scene.engine = Engine(Settings(signatures=SignaturePolicy.REQUIRE), database, scene.clock)
        pem = [
            {"enterprise_code": CODES[role], "pem": _pem(certificate.der)}
            for role, (_, certificate) in keys.items()
        ]
        scene.engine.load_filings(json.dumps({"generated": True, "certificates": pem}).encode())

        def by(role: str, raw: bytes, cop: str | None = None) -> bytes:
            key, certificate = keys[role]
            return sign(rewired(raw, {"copCode": cop or CODES[role]}), key, certificate, RSA)

        yield scene, by


def _pem(der: bytes) -> str:
    from base64 import encodebytes

    return f"-----BEGIN CERTIFICATE-----\n{encodebytes(der).decode()}-----END CERTIFICATE-----\n"


def faults(scene: Scene, order_no: str) -> list[str]:
    found = scene.rows(
        "select distinct code from paper_faults where order_no = %(o)s and severity = 'refuse' order by 1",
        o=order_no,
    )
    return [row["code"] for row in found]


def test_a_certificate_of_a_short_key_is_not_filed(signed: tuple[Scene, Any]) -> None:
    _, _, certificate = WEAK.read_text().partition("-----BEGIN CERTIFICATE-----")
    weak = [{"enterprise_code": CODES["carrier"], "pem": "-----BEGIN CERTIFICATE-----" + certificate}]
    with pytest.raises(FaultyFilings, match="512 bits"):
        signed[0].engine.load_filings(json.dumps({"generated": True, "certificates": weak}).encode())


def test_each_paper_counts_by_its_own_signer(signed: tuple[Scene, Any]) -> None:
    scene, by = signed
    made = trade(10)
    raws = {kind: paper(made, kind) for kind in HAND_IN}
    scene.bring(*(by(HAND_IN[kind], raw) for kind, raw in raws.items()))
    assert scene.state(made) == "released"


@pytest.mark.parametrize("kind", HAND_IN)
def test_none_is_taken_by_the_signature_of_another(signed: tuple[Scene, Any], kind: str) -> None:
    scene, by = signed
    made = trade(20 + 10 * list(HAND_IN).index(kind))
    thief = "warehouse"
    raw = paper(made, kind)
    scene.bring(by(thief, raw), by(thief, raw, cop=CODES[HAND_IN[kind]]), raw)
    assert faults(scene, made.key[0]) == ["SIGN-01", "SIGN-05", "SIGN-06"]
    assert scene.state(made) is None


@pytest.mark.parametrize(
    "look_alike", ["0000A0000５", "0000A\u200b00005", "0000А00005", "0000a00005", "0000A00005 ,0000A00006"]
)
def test_no_code_that_looks_alike_is_another_enterprise(signed: tuple[Scene, Any], look_alike: str) -> None:
    scene, by = signed
    made = trade(60 + 10 * len(look_alike.encode()))
    scene.bring(by("declarant", rewired(paper(made, "list"), {"agentCode": look_alike})))
    assert scene.state(made) is None


def test_lists_of_two_declarants_in_one_message_count_for_the_signer_only(signed: tuple[Scene, Any]) -> None:
    scene, by = signed
    mine, theirs = trade(300), trade(310)
    first, second = (
        paper(mine, "list").decode(),
        rewired(paper(theirs, "list"), {"agentCode": CODES["carrier"]}).decode(),
    )
    other = second[second.index("<ceb:Inventory>") : second.index("<ceb:BaseTransfer>")]
    scene.bring(by("declarant", first.replace("<ceb:BaseTransfer>", other + "<ceb:BaseTransfer>").encode()))
    assert (scene.state(mine), scene.state(theirs)) == ("waiting", None)
    assert faults(scene, theirs.key[0]) == ["SIGN-05"]


def test_what_is_signed_is_what_is_read(signed: tuple[Scene, Any]) -> None:
    scene, by = signed
    made = trade(320)
    raw = by("declarant", paper(made, "list"))
    number = made.key[0]
    bent = [
        raw.replace(b"<ceb:freight>0<", b"<ceb:freight>0<!-- -->9<"),
        raw.replace(b"<ceb:freight>0<", b"<ceb:freight>0<?x y?><"),
        raw.replace(b"<ceb:freight>0<", b"<ceb:freight>1<"),
        raw.replace(
            b"<ceb:freight>0</ceb:freight>", b"<ceb:freight>0</ceb:freight><ceb:freight>9</ceb:freight>"
        ),
        raw.replace(b"<ceb:freight>", b'<ceb:freight xml:space="preserve">'),
        raw.replace(b"<ceb:InventoryHead>", b'<ceb:InventoryHead freight="9">'),
        raw.replace(b"<ceb:Inventory>", b"<ceb:Inventory> "),
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "9">]>' + raw[raw.index(b"<ceb:CEB") :],
    ]
    assert len({*bent, raw}) == len(bent) + 1
    scene.bring(*bent)
    assert scene.state(made) is None
    assert "SIGN-02" in faults(scene, number)


def test_the_same_signed_bytes_again_and_wrapped_do_nothing_more(signed: tuple[Scene, Any]) -> None:
    scene, by = signed
    made = trade(330)
    raws = [by(HAND_IN[kind], raw) for kind, raw in zip(HAND_IN, papers(made), strict=True)]
    scene.bring(*raws)
    assert scene.state(made) == "released"
    before = scene.rows("select * from allowances order by 1, 2, 3")
    for n, raw in enumerate(raws):
        scene.engine.admit(raw, name="another name")
        scene.engine.admit(raw, sender_code=CODES["warehouse"])
        scene.engine.admit(
            wrap(raw, sender_id="DXPENT0000000001", receiver_ids=["DXPEDCCEB0000002"], message_no=f"again{n}",
                 created_at=FROM, message_type="CEB621Message")
        )  # fmt: skip
    worked = scene.engine.work_all()
    assert worked.messages == 8
    assert scene.state(made) == "released"
    assert scene.rows("select * from allowances order by 1, 2, 3") == before
    assert scene.rows("select count(*) as n from tax_bills where order_no = %(o)s", o=made.key[0]) == [
        {"n": 1}
    ]
    strangers = scene.told(recipient_code=CODES["warehouse"])
    assert strangers
    assert all(row["return_status"].startswith("-") for row in strangers)
