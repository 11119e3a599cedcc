"""A round of messages is read into the same mail whichever lane they go, and it is counted which lane that was."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from prometheus_client import REGISTRY

from tests.messages.signatures.makings import record
from tripoint.faces.worker import figures
from tripoint.messages.ceb.lane import IS_BUILT
from tripoint.messages.signatures.certificates import TrustedCertificates, parse_certificate
from tripoint.messages.signatures.verdicts import SignatureState
from tripoint.platforms.clearance.papers.reading import Lane, Mail, read
from tripoint.platforms.clearance.records import Arrival, SignaturePolicy, Worked
from tripoint.registers.filings.store import ENTRUSTMENTS

EXAMPLES = Path(__file__).parents[3] / "examples" / "papers"
AT = datetime(2024, 6, 20, tzinfo=UTC)


@cache
def trusted() -> TrustedCertificates:
    """The certificates filed beside the sample papers."""
    filings = json.loads((EXAMPLES / "filings.json").read_text(encoding="utf-8"))
    return TrustedCertificates(
        record(
            certificate := parse_certificate(filed["pem"].encode()),
            filed["enterprise_code"],
            valid_from=certificate.not_before,
            valid_to=certificate.not_after,
        )
        for filed in filings["certificates"]
    )


def mail_of(raws: list[bytes], *, fast_lane: bool, policy: SignaturePolicy = SignaturePolicy.REQUIRE) -> Mail:
    """A round read; as much of a bench as reading asks for."""
    bench: Any = SimpleNamespace(
        policy=policy,
        trusted=trusted(),
        entrustments=pl.DataFrame(schema=ENTRUSTMENTS),
        fast_lane=fast_lane,
    )
    arrivals = [
        Arrival(message_id=at, sender_code="", received_at=AT, raw=raw) for at, raw in enumerate(raws, 1)
    ]
    return read(arrivals, bench)


def samples() -> list[bytes]:
    """The sample papers, one of which is not well-formed."""
    return [path.read_bytes() for path in sorted(EXAMPLES.glob("*.xml"))]


@pytest.mark.skipif(not IS_BUILT, reason="no C compiler or no headers of this Python: no fast lane")
@pytest.mark.parametrize("policy", list(SignaturePolicy))
def test_the_mail_is_the_same_by_both_lanes(policy: SignaturePolicy) -> None:
    odd = [
        raw.replace(b"<ceb:goodsValue>", b"<ceb:goodsValue>x", 1).replace(b"appStatus>2", b"appStatus>7", 1)
        for raw in samples()
    ]
    fast = mail_of(samples() + odd, fast_lane=True, policy=policy)
    slow = mail_of(samples() + odd, fast_lane=False, policy=policy)
    assert list(fast.papers) == list(slow.papers)
    for table, frame in slow.papers.items():
        assert_frame_equal(fast.papers[table], frame)
    for name in ("faults", "notes", "arriving"):
        assert_frame_equal(getattr(fast, name), getattr(slow, name))
    for letter, other in zip(fast.letters, slow.letters, strict=True):
        assert str(letter.unreadable) == str(other.unreadable)
        forget = {"unreadable": None, "lane": Lane.REFERENCE, "odd_papers": 0}
        assert dataclasses.replace(letter, **forget) == dataclasses.replace(other, **forget)
    assert {letter.lane for letter in slow.letters} == {Lane.REFERENCE}
    assert [letter.lane for letter in fast.letters].count(Lane.REFERENCE) == 2
    assert sum(letter.odd_papers for letter in fast.letters) > 0


@pytest.mark.skipif(not IS_BUILT, reason="no C compiler or no headers of this Python: no fast lane")
def test_the_signature_of_the_second_message_of_a_sender_is_judged_by_itself() -> None:
    first, second = (
        EXAMPLES / name for name in ("000004_CEB311_0000XVA001.xml", "000015_CEB311_0000XVA001.xml")
    )
    altered = second.read_bytes().replace(b"<ceb:consignee>", b"<ceb:consignee>x", 1)
    mail = mail_of([first.read_bytes(), altered, second.read_bytes()], fast_lane=True)
    states = [letter.verdict.state for letter in mail.letters if letter.verdict]
    assert states == [SignatureState.VALID, SignatureState.INVALID, SignatureState.VALID]
    assert {letter.lane for letter in mail.letters} == {Lane.FAST}


def counted() -> tuple[float, float]:
    """Messages of the fast lane and odd papers, as Prometheus is told."""
    value = REGISTRY.get_sample_value
    lane = value("tripoint_messages_lane_total", {"lane": "fast"})
    return lane or 0, value("tripoint_papers_odd_total") or 0


def test_the_lanes_are_counted() -> None:
    messages, papers = counted()
    worked = Worked(messages=2)
    worked.lanes.update(["fast", "reference"])
    other = Worked(messages=1, odd_papers=3)
    other.lanes.update(["fast"])
    worked.add(other)
    figures.count(worked, 0)
    assert counted() == (messages + 2, papers + 3)
