"""What a rehearsal writes: the same again for the same seed, lawful by the official schema, signed, and told truly."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tripoint.kernel.identifiers import resident_id
from tripoint.kernel.refusals import Conflict, Malformed
from tripoint.messages.ceb.parsing import Parsed, parse
from tripoint.messages.ceb.reading import Reader
from tripoint.messages.signatures.certificates import (
    TrustedCertificate,
    TrustedCertificates,
    parse_certificate,
)
from tripoint.messages.signatures.verdicts import Reason, SignatureState
from tripoint.messages.signatures.verifying import check_signature
from tripoint.registers.filings.document import read_document
from tripoint.registers.filings.rules import contradictions, generated_only, misfits
from tripoint.rehearsal import Plan, Signed, Summary, generate

SCHEMA = Path(__file__).parents[2] / "../shared/data/ceb/xsd/2022-05/import.xsd"
FIRST = date(2026, 11, 15)
NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)


def plan(**changed: Any) -> Plan:
    return Plan(**({"trades": 60, "first_day": FIRST, "seed": 7, "per_message": 20} | changed))


def truths(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]


def messages(folder: Path) -> Iterator[tuple[Path, Parsed]]:
    for path in sorted((folder / "papers").iterdir()):
        yield path, parse(path.read_bytes())


@pytest.fixture(scope="module")
def lawful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lawful")
    generate(plan(), out)
    return out


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    out = tmp_path_factory.mktemp("spoilt")
    return out, generate(plan(trades=170, anomalies=1.0), out)


def trusted(folder: Path) -> TrustedCertificates:
    records = []
    for row in json.loads((folder / "filings.json").read_text())["certificates"]:
        certificate = parse_certificate(row["pem"].encode())
        records.append(
            TrustedCertificate(
                certificate=certificate,
                enterprise_code=row["enterprise_code"],
                valid_from=certificate.not_before,
                valid_to=certificate.not_after,
            )
        )
    return TrustedCertificates(records)


def test_the_same_plan_gives_the_same_papers(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for out in (one, other):
        generate(plan(trades=170, anomalies=0.9, signed=Signed.NONE), out)
    left, right = (sorted(out.rglob("*.*")) for out in (one, other))
    assert [path.name for path in left] == [path.name for path in right]
    assert [path.read_bytes() for path in left] == [path.read_bytes() for path in right]


def test_signed_papers_say_the_same_as_unsigned_ones_of_the_same_plan(lawful: Path, tmp_path: Path) -> None:
    generate(plan(signed=Signed.NONE), tmp_path)
    for (_, signed), (_, plain) in zip(messages(lawful), messages(tmp_path), strict=True):
        for signature in signed.root.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
            signed.root.remove(signature)
        assert etree.tostring(signed.root, method="c14n") == etree.tostring(plain.root, method="c14n")


def test_another_seed_shares_no_enterprise_and_no_order(lawful: Path, tmp_path: Path) -> None:
    generate(plan(seed=8, signed=Signed.NONE), tmp_path)
    ours, theirs = truths(lawful), truths(tmp_path)
    assert not {row["order_no"] for row in ours} & {row["order_no"] for row in theirs}
    assert not {row["marketplace_code"] for row in ours} & {row["marketplace_code"] for row in theirs}


@pytest.mark.skipif(
    not SCHEMA.exists(), reason="the official schema lies beside the checkout and is not there"
)
def test_lawful_papers_pass_the_official_schema(lawful: Path) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    for path in sorted((lawful / "papers").iterdir()):
        schema.assertValid(etree.parse(path))


def test_lawful_papers_are_read_without_a_single_oddity(lawful: Path) -> None:
    reader = Reader()
    for number, (_, parsed) in enumerate(messages(lawful)):
        reader.add(number, parsed)
    assert reader.faults().is_empty()
    frames = reader.frames()
    assert {name: frames[name].height for name in ("orders", "payments", "waybills", "lists")} == {
        "orders": 60,
        "payments": 60,
        "waybills": 60,
        "lists": 60,
    }
    assert set(frames["lists"]["supervision_mode"]) == {"9610", "1210"}
    assert frames["lists"]["customs_code"].n_unique() > 3
    assert all(resident_id.is_valid(number) for number in frames["lists"]["buyer_id"])
    assert frames["lists"]["declared_on"].is_between(FIRST, plan().last_day).all()


def test_lawful_papers_are_signed_by_whoever_sends_them(lawful: Path) -> None:
    known = trusted(lawful)
    for path, parsed in messages(lawful):
        verdict = check_signature(parsed.root, known, NOW)
        assert verdict.state is SignatureState.VALID
        assert verdict.enterprise_code == parsed.head.cop_code == path.stem.split("_")[2]


def test_sm2_is_signed_with_sm2(tmp_path: Path) -> None:
    generate(plan(trades=3, signed=Signed.SM2), tmp_path)
    known = trusted(tmp_path)
    verdicts = [check_signature(parsed.root, known, NOW) for _, parsed in messages(tmp_path)]
    assert {verdict.state for verdict in verdicts} == {SignatureState.VALID}
    assert {str(verdict.algorithm) for verdict in verdicts} == {"sm2-sm3"}


def test_spoilt_signatures_fail_for_the_reason_meant(spoilt: tuple[Path, Summary]) -> None:
    folder, _ = spoilt
    known = trusted(folder)
    seals = json.loads((folder / "seals.json").read_text())
    wanted = {
        "unsigned": (SignatureState.ABSENT, None),
        "altered": (SignatureState.INVALID, Reason.DIGEST_MISMATCH),
        "unfiled": (SignatureState.INVALID, Reason.CERTIFICATE_UNKNOWN),
        "expired": (SignatureState.INVALID, Reason.CERTIFICATE_EXPIRED),
    }
    assert set(seals.values()) == set(wanted)
    for path, parsed in messages(folder):
        verdict = check_signature(parsed.root, known, NOW)
        assert (verdict.state, verdict.reason) == wanted.get(
            seals.get(path.name, ""), (SignatureState.VALID, None)
        )


def test_keys_are_for_the_owner_alone_and_say_that_they_are_made_up(lawful: Path) -> None:
    keys = sorted((lawful / "keys").iterdir())
    assert keys
    for path in keys:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes().startswith(b"# Made up")


def test_filings_are_read_by_the_register_and_name_nobody_real(spoilt: tuple[Path, Summary]) -> None:
    document = read_document((spoilt[0] / "filings.json").read_bytes())
    assert document.generated
    assert generated_only(document) == contradictions(document) == misfits(document, {}, [], {}) == []
    assert len(document.enterprises) > 20
    assert document.verified_persons
    assert document.annual_used


def test_papers_come_out_of_order_across_kinds(lawful: Path) -> None:
    kinds = [path.name.split("_")[1] for path in sorted((lawful / "papers").iterdir())]
    assert len(set(kinds)) == 4
    assert kinds != sorted(kinds)


def test_no_message_holds_more_papers_than_asked_for(lawful: Path) -> None:
    sizes = [parsed.head.papers for _, parsed in messages(lawful)]
    assert max(sizes) <= 20
    assert min(sizes) >= 1
    assert sum(sizes) == 240


def test_truth_is_told_of_every_list_once(spoilt: tuple[Path, Summary]) -> None:
    folder, summary = spoilt
    rows = truths(folder)
    assert len({(row["order_no"], row["marketplace_code"]) for row in rows}) == summary.trades == 170
    for row in rows:
        assert list(row) == [
            "order_no",
            "marketplace_code",
            "outcome",
            "waits_for",
            "findings",
            "anomaly",
            "tax",
        ]
        assert row["outcome"] in ("released", "refused", "held", "waiting", "not_taken")
        assert row["findings"] == sorted(set(row["findings"]))
        assert (row["tax"] is not None) == (row["outcome"] == "released")
        assert row["outcome"] != "waiting" or row["waits_for"]
    assert sum(summary.outcomes.values()) == 170


def test_lawful_lists_are_released_and_the_order_withheld_their_tax(lawful: Path) -> None:
    reader = Reader()
    for number, (_, parsed) in enumerate(messages(lawful)):
        reader.add(number, parsed)
    withheld = dict(reader.frames()["orders"].select("order_no", "tax_total").iter_rows())
    for row in truths(lawful):
        assert row["outcome"] == "released"
        assert row["findings"] == []
        assert float(row["tax"]) > 0
        assert (
            row["tax"]
            == f"{withheld[row['order_no']] // 100_000}.{withheld[row['order_no']] % 100_000 // 1000:02d}"
        )


def test_refuses_to_write_over_papers(lawful: Path) -> None:
    with pytest.raises(Conflict):
        generate(plan(), lawful)


@pytest.mark.parametrize(
    "wrong",
    [
        {"trades": -1},
        {"days": 0},
        {"anomalies": 1.1},
        {"per_message": 0},
        {"per_message": 101},
        {"first_day": date(2018, 1, 1)},
    ],
)
def test_refuses_a_plan_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        plan(**wrong)


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    summary = generate(plan(trades=5, signed=Signed.NONE), tmp_path, lambda *step: told.append(step))
    assert ("trades", 5, 5) in told
    assert told[-1] == ("messages", summary.messages, summary.messages)


def test_nothing_is_a_rehearsal_too(tmp_path: Path) -> None:
    summary = generate(plan(trades=0), tmp_path)
    assert (summary.messages, summary.papers) == (0, {})
    assert truths(tmp_path) == []
