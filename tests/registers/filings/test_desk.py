"""Filings on a real server."""

from datetime import date, timedelta

import polars as pl
import pytest

from tests.registers.filings.world import AT, certificate, plain, raw
from tripoint.kernel.refusals import Conflict, Malformed, Unknown
from tripoint.registers.filings import desk, store
from tripoint.registers.filings.document import read_document
from tripoint.registers.filings.records import FaultyFilings, FilingsConflict, Role

pytestmark = pytest.mark.servers


def load(tx, document=None, certificates=None):
    read = read_document(raw(document or plain()))
    return desk.load(tx, read, [certificate()] if certificates is None else certificates, at=AT)


def rows(tx):
    """Everything filed."""
    tables = ("enterprises", "certificates", "entrustments", "verified_persons", "filings_versions")
    return {table: tx.rows(f"select * from {table} order by 1, 2") for table in tables}


def test_files_a_document_and_says_what_is_new(tx):
    report = load(tx)
    assert report.version == store.register_version(tx) == 1
    assert report.enterprises.added == ("0000A60001", "0000A60002", "0000A60003", "0000A60004")
    assert report.certificates.added == (certificate().fingerprint,)
    assert report.entrustments.added[0] == "0000A60002 orders of 0000A60001 since 2024-01-01"
    assert report.verified_persons.added == ("910*************34",)


def test_the_same_document_again_changes_nothing(tx):
    load(tx)
    before = rows(tx)
    report = load(tx)
    assert report.is_unchanged
    assert (
        report.enterprises.unchanged,
        report.certificates.unchanged,
        report.entrustments.unchanged,
        report.verified_persons.unchanged,
    ) == (4, 1, 2, 1)
    assert rows(tx) == before
    assert report.version == 1


def test_says_what_has_changed(tx):
    load(tx)
    changed = plain()
    changed["enterprises"][0]["name"] = "新名称"
    changed["enterprises"][1]["roles"].append("warehouse")
    changed["entrustments"][0]["until"] = "2024-06-30"
    changed["verified_persons"][0]["person_name"] = "张三丰"
    report = load(tx, changed)
    assert report.enterprises.changed == ("0000A60001", "0000A60002")
    assert (report.enterprises.added, report.enterprises.unchanged) == ((), 2)
    assert report.entrustments.changed == ("0000A60002 orders of 0000A60001 since 2024-01-01",)
    assert report.verified_persons.changed == ("910*************34",)
    assert report.version == 2
    assert desk.enterprise(tx, "0000A60002").roles == {Role.CARRIER, Role.WAREHOUSE}
    assert load(tx, changed).is_unchanged


@pytest.mark.parametrize(
    ("section", "member", "value", "refusal"),
    [
        ("verified_persons", "person_id", "110101199001011234", FaultyFilings),
        ("entrustments", "until", "2000-01-01", FaultyFilings),
        ("deposits", "guarantor_code", "0000A69999", FilingsConflict),
        ("entrustments", "sender_code", "0000A60003", FilingsConflict),
    ],
)
def test_nothing_is_half_loaded(tx, section, member, value, refusal):
    before = rows(tx)
    bent = plain()
    bent[section][0][member] = value
    with pytest.raises(refusal) as told:
        load(tx, bent)
    assert told.value.problems[0].path == f"{section}[0].{member}"
    assert rows(tx) == before


def test_a_certificate_of_another_enterprise_is_refused(tx):
    load(tx)
    with pytest.raises(FilingsConflict, match="0000A60001 already"):
        load(tx, None, [certificate("0000A60002")])


def test_workers_get_every_enterprise_with_its_roles_as_columns(tx):
    load(tx)
    frame = store.enterprises(tx)
    assert frame.schema == pl.Schema(store.ENTERPRISES)
    assert frame.filter(pl.col("marketplace"))["enterprise_code"].to_list() == ["0000A60001"]
    assert frame["realtime_payment_data"].to_list() == [True, False, False, False]
    assert frame["until"].to_list() == [None, date(2030, 12, 31), None, None]
    assert store.entrustments(tx).select("sender_code", "owner_code", "paper_kind").rows() == [
        ("0000A60002", "0000A60001", "orders"),
        ("0000A60002", "0000A60003", "payments"),
    ]


def test_a_person_is_verified_under_the_very_name_only(tx):
    load(tx)
    asked = pl.DataFrame(
        {
            "person_id": [
                "910000199001011234",
                "910000199001011234",
                "910000199001011234",
                "910000199001015678",
                None,
            ],
            "person_name": ["张三", "张三", "李四", "张三", "张三"],
        }
    )
    assert store.verified(tx, asked).rows() == [("910000199001011234", "张三", date(2024, 2, 29))]
    assert store.verified(tx, asked.clear()).is_empty()


def test_a_revoked_certificate_stays_revoked_and_is_kept(tx):
    load(tx)
    mark = certificate().fingerprint
    (filed,) = store.certificates(tx)
    assert filed.certificate == certificate()
    assert (filed.added_at, filed.revoked_at) == (AT, None)
    revoked = desk.revoke_certificate(tx, mark, at=AT, reason="key lost")
    assert (revoked.revoked_at, revoked.reason) == (AT, "key lost")
    assert store.register_version(tx) == 2
    assert desk.revoke_certificate(tx, mark, at=AT + timedelta(days=1), reason="again") == revoked
    assert store.register_version(tx) == 2
    assert load(tx).is_unchanged
    assert desk.certificates_of(tx, "0000A60001") == [revoked]
    with pytest.raises(Unknown, match="FILINGS-CERTIFICATE-UNKNOWN"):
        desk.revoke_certificate(tx, "0" * 64, at=AT, reason="x")
    with pytest.raises(Malformed, match="FILINGS-REASON"):
        desk.revoke_certificate(tx, mark, at=AT, reason=" ")


def test_enterprises_are_found_by_code_name_and_role_page_by_page(tx):
    load(tx)

    def found(text="", **more):
        return [item.enterprise_code[-1] for item in desk.search(tx, text, **more)]

    assert found() == ["1", "2", "3", "4"]
    assert found("0000a6000") == ["1", "2", "3", "4"]
    assert found("示例") == ["1", "2", "4"]
    assert found("example") == ["3"]
    assert found("%") == []
    assert found("示例", role=Role.CARRIER) == ["2"]
    for role in Role:
        assert len(found(role=role)) == 1
    assert found(limit=2) == ["1", "2"]
    assert found(limit=2, after="0000A60002") == ["3", "4"]
    with pytest.raises(Malformed, match="PAGE-LIMIT"):
        found(limit=1001)
    with pytest.raises(Unknown, match="FILINGS-ENTERPRISE-UNKNOWN"):
        desk.enterprise(tx, "0000A69999")


def test_a_filing_ends_with_a_day(tx):
    load(tx)
    assert desk.end_enterprise(tx, "0000A60001", until=date(2024, 6, 30)).until == date(2024, 6, 30)
    assert desk.end_enterprise(tx, "0000A60001", until=date(2024, 6, 30)) == desk.enterprise(tx, "0000A60001")
    assert store.register_version(tx) == 2
    with pytest.raises(Conflict, match="FILINGS-END"):
        desk.end_enterprise(tx, "0000A60001", until=date(2018, 12, 31))


def test_a_document_of_any_size_runs_the_same_number_of_statements(tx):
    def count(size):
        document = plain()
        document["verified_persons"] = [
            {
                "person_id": f"91{size:06}{number:010}",
                "person_name": "x",
                "verified_on": "2024-01-01",
                "source": "s",
            }
            for number in range(size)
        ]
        before = tx.statements
        load(tx, document)
        return tx.statements - before

    count(1)
    assert count(2) == count(2000)
