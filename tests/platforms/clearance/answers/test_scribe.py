"""The XML of what goes out: the same however it is made, written once, signed, whoever is killed in the middle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.platforms.clearance.test_processes import Yard, some_cases
from tripoint.app import Engine
from tripoint.database import Database, Supervisor
from tripoint.exchange import store as exchange
from tripoint.kernel.refusals import Malformed, Refusal, Unknown
from tripoint.messages.ceb.parsing import parse
from tripoint.messages.signatures.certificates import TrustedCertificate, TrustedCertificates
from tripoint.messages.signatures.keys import generate
from tripoint.messages.signatures.verdicts import SignatureState
from tripoint.messages.signatures.verifying import check_signature
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.settings import Settings

NOW = datetime(2026, 6, 2, tzinfo=UTC)
KILLED_AT = ("for update skip locked", "insert into outbox_bodies", "set written = true", "committed")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A file with the platform's key and certificate."""
    return made(tmp_path / "seal.pem")


def made(path: Path, kind: str = "rsa") -> Path:
    from tripoint.faces.cli.pems import as_pem

    secret, certificate = generate(
        "sm2" if kind == "sm2" else "rsa", "通关平台", "示例口岸", NOW - timedelta(1), NOW + timedelta(9), 7
    )
    path.write_bytes(secret.to_pem() + as_pem(certificate).encode())
    return path


def engine_of(yard: Yard, key: Path | None) -> Engine:
    """The yard's engine with a seal."""
    return Engine(Settings(signing_key=key), yard.engine.database, yard.engine.clock)


@pytest.fixture
def yard(fresh_database: Database, server: Supervisor) -> Yard:
    """A yard with receipts in several blocks, an unreadable message among them, none written."""
    here = Yard(fresh_database, server)
    here.fill(some_cases(8))
    here.engine.admit(b"<nothing/>", sender_code="1111111111")
    while here.engine.work(7) is not None:
        pass
    assert here.engine.unwritten() > 2
    return here


def bodies(engine: Engine) -> dict[int, bytes]:
    with engine.transaction() as tx:
        found = answers.outgoing(tx, recipient_code=None, most=10_000, seal=engine.seal)
    return {one.outbox_id: one.body for one in found}


def kept(engine: Engine) -> set[int]:
    with engine.transaction() as tx:
        return {row["outbox_id"] for row in tx.rows("select outbox_id from outbox_bodies")}


def assert_sealed(engine: Engine, written: dict[int, bytes]) -> None:
    """Every message bears a valid signature of the platform's certificate."""
    assert engine.seal is not None
    its = engine.seal.certificate
    trusted = TrustedCertificates(
        [
            TrustedCertificate(
                certificate=its, enterprise_code="CUSTOMS", valid_from=its.not_before, valid_to=its.not_after
            )
        ]
    )
    for body in written.values():
        verdict = check_signature(parse(body).root, trusted, NOW)
        assert verdict.state is SignatureState.VALID, verdict
        assert verdict.enterprise_code == "CUSTOMS"


@pytest.mark.crash
def test_a_scribe_killed_anywhere_leaves_every_message_written_once_and_signed(yard: Yard, key: Path) -> None:
    engine = engine_of(yard, key)
    with engine.transaction() as tx:
        asked = answers.outgoing(tx, recipient_code=None, after=0, most=1, seal=engine.seal)[0]
        blocks: dict[int, set[int]] = {}
        for row in exchange.outgoing(tx, after=0, most=10_000):
            blocks.setdefault(row["block"], set()).add(row["outbox_id"])
    for where in KILLED_AT:
        process = yard.start("write", str(key), where)
        process.communicate("go\n", timeout=60)
        assert process.returncode == -9
        there = kept(engine) - {asked.outbox_id}
        assert all(numbers - {asked.outbox_id} <= there or not numbers & there for numbers in blocks.values())
    two = [yard.start("write", str(key)) for _ in range(2)]
    for one in two:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    told = [one.communicate("go\n", timeout=60)[0] for one in two]
    assert [one.returncode for one in two] == [0, 0], told
    assert engine.unwritten() == 0
    assert kept(engine) == set().union(*blocks.values())
    written = bodies(engine)
    assert written[asked.outbox_id] == asked.body
    assert_sealed(engine, written)


@pytest.mark.parametrize("kind", ["rsa", "sm2"])
def test_what_is_written_on_demand_and_what_the_scribe_writes_say_the_same(
    yard: Yard, tmp_path: Path, kind: str
) -> None:
    plain = engine_of(yard, None)
    with plain.transaction() as tx:
        unsigned = {
            one.outbox_id: one.body
            for one in answers.outgoing(tx, recipient_code=None, most=10_000, seal=None)
        }
        tx.run("delete from outbox_bodies")
        tx.run("update receipt_blocks set written = false")
    engine = engine_of(yard, made(tmp_path / "key.pem", kind))
    while (scribed := engine.write_answers()) is not None:
        assert scribed.fault is None
    written = bodies(engine)
    assert written.keys() == unsigned.keys()
    assert_sealed(engine, written)
    for number, body in written.items():
        cut = (
            body[body.index(b"<ceb:") : body.index(b"<ds:Signature")]
            + body[body.index(b"</ds:Signature>") + 15 :]
        )
        assert cut == unsigned[number] or b"CEB900" in body


def test_a_block_that_cannot_be_written_stands_in_no_other_blocks_way(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, write = engine_of(yard, None), answers.writing.write_each
    first: list[int] = []

    def faulty(message_type: str, frames: object, guids: dict[int, str]) -> dict[int, bytes]:
        first.append(min(guids))
        if min(guids) == first[0]:
            raise ValueError("a value the form refuses")
        return write(message_type, frames, guids)  # type: ignore[arg-type]

    monkeypatch.setattr(answers.writing, "write_each", faulty)
    monkeypatch.setattr(answers.pressing, "write", lambda rows, told: {})
    after, faults = 0, []
    while (scribed := engine.write_answers(after)) is not None:
        if scribed.fault is not None:
            faults.append(scribed.block)
            after = scribed.block
    assert len(faults) == 1
    assert engine.unwritten() == 1
    monkeypatch.undo()
    assert engine.write_answers() is not None
    assert engine.unwritten() == 0


def refused(**files: Path) -> Refusal:
    with pytest.raises(Refusal) as told:
        Engine.open(Settings(**files))  # type: ignore[arg-type]
    return told.value


def test_a_key_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    good, other = made(tmp_path / "good.pem"), made(tmp_path / "other.pem")
    bad = tmp_path / "bad.pem"
    bad.write_text("no key")
    missing = refused(signing_key=tmp_path / "nowhere.pem")
    assert isinstance(missing, Unknown)
    assert "nowhere.pem" in missing.text.en
    for one in (
        refused(signing_key=bad),
        refused(signing_key=good, signing_certificate=other),
        refused(signing_key=good, signing_certificate=bad),
        refused(signing_certificate=good),
    ):
        assert isinstance(one, Malformed)
        assert "PRIVATE" not in f"{one.text.en}{one.text.zh}"


def test_the_settings_name_the_key_and_its_certificate(tmp_path: Path) -> None:
    (tmp_path / "tripoint.toml").write_text('signing_key = "/a/key.pem"', encoding="utf-8")
    here = {"TRIPOINT_DATA_DIR": str(tmp_path)}
    assert Settings.load(here).signing_key == Path("/a/key.pem")
    assert Settings.load(here).signing_certificate is None
    there = Settings.load(here | {"TRIPOINT_SIGNING_KEY": "/b.pem", "TRIPOINT_SIGNING_CERTIFICATE": "/c.pem"})
    assert (there.signing_key, there.signing_certificate) == (Path("/b.pem"), Path("/c.pem"))
