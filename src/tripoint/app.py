"""The wiring: the engine that holds database, law and clock, and the one door by which messages enter."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from tripoint import __version__
from tripoint.database import (
    Database,
    DatabaseSettings,
    Revival,
    Reviver,
    Supervisor,
    Transaction,
    archive,
    backup,
    binaries,
    ferry,
    migrate,
    migration_status,
    shelf,
)
from tripoint.database import restore as restoring
from tripoint.database.backup import Told
from tripoint.database.failures import BROKEN_OFF
from tripoint.database.migration import read as migrations
from tripoint.database.scaling import memory_bytes
from tripoint.database.shelf import Backup
from tripoint.exchange import desk as exchange
from tripoint.exchange import store as inbox
from tripoint.exchange.records import Kept, Packed, Posted
from tripoint.kernel.clock import CHINA, Clock, SystemClock
from tripoint.kernel.refusals import Busy, Conflict, Malformed, Unknown
from tripoint.messages.ceb import lane, press
from tripoint.messages.ceb.labels import wire_names
from tripoint.messages.signatures.certificates import (
    TrustedCertificate,
    TrustedCertificates,
    parse_certificate,
    refuse_weak,
)
from tripoint.messages.signatures.sealing import Seal
from tripoint.pipeline.check import PAPERS
from tripoint.platforms.clearance import desk as clearance
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.platforms.clearance.answers.desk import Scribed
from tripoint.platforms.clearance.enquiries import desk as enquiries
from tripoint.platforms.clearance.enquiries.records import Standing
from tripoint.platforms.clearance.papers.waiting.nursery import Nursery
from tripoint.platforms.clearance.records import Bench, Worked
from tripoint.platforms.clearance.rulings import desk as rulings
from tripoint.regimes.findings import load_findings
from tripoint.regimes.load import load_regimes
from tripoint.registers.access import desk as access
from tripoint.registers.access.records import Scope
from tripoint.registers.filings import desk as filings_desk
from tripoint.registers.filings import store as filings
from tripoint.registers.filings.document import read_document
from tripoint.registers.filings.records import Certificate as FiledAs
from tripoint.registers.filings.records import FaultyFilings, FilingsDocument, KeyKind, LoadReport, Problem
from tripoint.registers.ledger import desk as ledger
from tripoint.registers.processes.allocating import round_bytes
from tripoint.registers.processes.lines import places
from tripoint.registers.rates import desk as rates
from tripoint.settings import Settings

log = logging.getLogger("tripoint")

Archiving = archive.Archiving
Restored = restoring.Restored
Taken = backup.Taken

MENDED_FROM_OUTSIDE = (
    "GOODS-01",
    "GOODS-02",
    "GOODS-03",
    "GUARANTEE-01",
    "GUARANTEE-02",
    *(f"PARTY-{n:02d}" for n in (4, 9, 10, 11, 12, 13, 15, 16)),
)
"""Findings that a rate, a deposit or a filing mends, without any paper being sent again."""

NUMBERS_PASSED_OVER = 10_000_000
"""After a restore: more than are given out in the minutes it may lack, and a hundredth of those that nine digits have."""

FROM_THE_FIRST = (0, 0)
"""The place before that of the first list."""

REJUDGE_PAGE = 5_000
"""Lists judged again in one transaction at most."""

ROUND_MESSAGES = 5_000
"""Messages worked on in one transaction at most, where nobody says otherwise; their bytes are bounded by the memory there is."""


def read_seal(settings: Settings) -> Seal | None:
    """The seal that outgoing messages are signed with; None where no key is set. Raises Malformed and Unknown."""
    key, certificate = settings.signing_key, settings.signing_certificate or settings.signing_key
    if key is None or certificate is None:
        if certificate is None:
            return None
        raise Malformed(
            "SETTINGS",
            "只设置了 signing_certificate，缺少 signing_key",
            "signing_certificate is set without signing_key",
        )
    try:
        return Seal.from_pem(key.read_bytes(), certificate.read_bytes())
    except OSError as error:
        raise Unknown(
            "SIGNING-FILE",
            f"无法读取签名文件 {error.filename}：{error.strerror}",
            f"the file {error.filename} of the signing key or certificate cannot be read: {error.strerror}",
        ) from error
    except Malformed as refusal:
        raise Malformed(
            "SIGNING-KEY",
            f"签名密钥 {key} 或证书 {certificate} 不可用：{refusal.text.zh}",
            f"the signing key {key} or its certificate {certificate} is of no use: {refusal.text.en}",
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingsLoaded:
    """What loading filings did: the register's report, deposits lodged, yearly uses counted, lists judged again."""

    report: LoadReport
    deposits: int
    annual_used: int
    rejudged: Worked


class Engine:
    """Database, law and clock of one installation; what a face is handed."""

    def __init__(self, settings: Settings, database: Database, clock: Clock | None = None) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock or SystemClock()
        self.seal = read_seal(settings)
        self._bench: tuple[int, Bench] | None = None
        self._nursery = Nursery()
        self.round_bytes = round_bytes(memory_bytes())
        # Whose turn it is of two hands to take messages; `_round` says when it is passed on.
        self._turn = threading.Lock()
        self._reviver = Reviver(database.server) if database.server is not None else None

    @classmethod
    def open(
        cls,
        settings: Settings,
        clock: Clock | None = None,
        *,
        as_it_is: bool = False,
        wait_seconds: float = 10.0,
    ) -> Engine:
        """Start or join the database, bring its schema up to date unless it is wanted as it is, and be ready."""
        read_seal(settings)
        database = Database.open(
            DatabaseSettings(
                url=settings.database_url,
                bindir=settings.pg_bindir,
                data_dir=settings.data_dir,
                wal_archive=settings.wal_archive,
            ),
            wait_seconds=wait_seconds,
        )
        if not as_it_is:
            migrate(database)
        return cls(settings, database, clock)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def admit(self, raw: bytes, *, sender_code: str = "", channel: str = "cli", name: str = "") -> Kept:
        """The one door: keep a message; what comes back has been committed. The same bytes again are the same message."""
        exchange.refuse(raw)
        posted = Posted(raw=raw, sender_code=sender_code, channel=channel, name=name)
        return self.admit_all([Packed.of(posted)])[0]

    def admit_all(self, messages: Sequence[Packed]) -> list[Kept]:
        """The same door for many messages at once: kept in this order, in one transaction."""
        return self.database.retrying(lambda tx: exchange.keep(tx, messages, at=self.clock.now()))

    def work(self, most: int = ROUND_MESSAGES) -> Worked | None:
        """One round over the oldest waiting messages, so many and `round_bytes` at most; None when there are none.

        Where a round fails by a fault of ours, its oldest half is tried, down to the single message; that one is given
        up (`OUR_FAULT`), so that the others go on. Busy is nobody's fault and is passed on, but for what the database
        broke off because it took too long: half of it takes less.
        """
        while True:
            claimed: list[int] = []
            try:
                return self._round(most, claimed)
            except Busy as busy:
                if busy.code != BROKEN_OFF or len(claimed) < 2:
                    raise
                most = len(claimed) // 2
            except (Exception, pl.exceptions.PanicException) as fault:
                if not claimed:
                    raise
                if len(claimed) == 1:
                    return self._give_up(claimed[0], fault)
                most = len(claimed) // 2

    def _round(self, most: int, claimed: list[int]) -> Worked | None:
        """One round in one transaction; `claimed` is told which messages it is about.

        Where much waits, the turn to take messages is passed on once these are ruled on: the next are read while these are
        written down. Else it is kept to the end: messages read sooner lie there while more arrive, and two rounds at once
        are in each other's way.
        """
        with ExitStack() as turn:
            turn.enter_context(self._turn)
            with self.database.transaction() as tx:
                begun = clearance.begin(tx, most=most, bytes_most=self.round_bytes)
                if begun is None:
                    return None
                claimed += [arrival.message_id for arrival in begun.arrivals]
                now = self.clock.now()
                size = sum(len(arrival.raw) for arrival in begun.arrivals)
                passing_on = turn.close if size >= self.round_bytes / 2 else lambda: None
                benches = partial(self.bench, tx)
                worked = clearance.work(
                    tx, begun.arrivals, benches, now, self._nursery, passing_on, begun.number
                )
        worked.bytes = size
        worked.decided_at = now
        return worked

    def is_waiting(self) -> bool:
        """Whether any message waits, whoever may be working on it."""
        with self.database.transaction() as tx:
            return inbox.is_waiting(tx)

    def _give_up(self, message_id: int, fault: BaseException) -> Worked:
        """Mark a message that alone makes a round fail; raises the fault where a round of nothing fails as well."""
        now = self.clock.now()
        try:
            with self.database.transaction() as tx:
                clearance.work(tx, [], partial(self.bench, tx), now)
                worked = clearance.give_up(tx, message_id, self.bench(tx), now)
        except Busy:
            raise
        except Exception as deeper:
            raise fault from deeper
        log.error("message %d given up: %s", message_id, places(fault))
        return worked

    def try_again(self) -> int:
        """Let the messages wait again that were given up, as when the fault has been mended; how many they are."""
        with self.transaction() as tx:
            return inbox.receive_again(tx, clearance.OUR_FAULT)

    def work_all(self, told: Callable[[Worked], None] | None = None) -> Worked:
        """Work until nothing waits; `told` hears of each round."""
        total = Worked()
        while (worked := self.work()) is not None:
            total.add(worked)
            if told is not None:
                told(worked)
        return total

    def write_answers(self, after: int = 0) -> Scribed | None:
        """Write, and sign where a key is set, the XML of the oldest block of receipts after one that has none.

        None where everything is written or others are at it.
        """
        with self.transaction() as tx:
            return answers.scribe(tx, self.seal, after)

    def unwritten(self) -> int:
        """How many blocks of receipts wait for their XML."""
        with self.transaction() as tx:
            return answers.unwritten(tx)

    def load_filings(self, raw: bytes) -> FilingsLoaded:
        """File a `filings.json`, lodge its deposits, count its yearly uses, and judge again what waited for them.

        All or nothing, and the same document again changes nothing. Raises FaultyFilings and FilingsConflict.
        """
        document = read_document(raw)
        faulty: list[Problem] = []
        certificates = []
        for place, text in enumerate(document.certificates):
            try:
                certificates.append(_filed_certificate(text.enterprise_code, text.pem))
            except Malformed as refusal:
                faulty.append(Problem(f"certificates[{place}].pem", refusal.text))
        if faulty:
            raise FaultyFilings(faulty)
        now = self.clock.now()
        with self.transaction() as tx:
            clearance.decide_alone(tx)
            report = filings_desk.load(tx, document, certificates, at=now)
            lodged = 0
            for deposit in document.deposits:
                posted = ledger.lodge_filed(
                    tx, deposit.guarantor_code, deposit.amount, reference=deposit.reference, at=now
                )
                lodged += posted.written
            counted = rulings.open_allowances(tx, _annual_used(document))
        rejudged = self.rejudge()
        return FilingsLoaded(report=report, deposits=lodged, annual_used=counted, rejudged=rejudged)

    def rejudge(self, codes: Sequence[str] = MENDED_FROM_OUTSIDE, page: int = REJUDGE_PAGE) -> Worked:
        """Judge again the open lists that were told one of the codes, as when what they lacked has been supplied.

        Each page of lists is a transaction of its own, in the order the lists came. A round under way is waited for: what
        it judges without what has been supplied is judged again here.
        """
        total, after = Worked(), FROM_THE_FIRST
        while True:
            with self.transaction() as tx:
                clearance.decide_alone(tx)
                found = rulings.held_for(tx, codes, after=after, most=page)
                if found.is_empty():
                    return total
                orders = found["order_no"].unique(maintain_order=True)
                total.add(clearance.rejudge(tx, orders, self.bench(tx), self.clock.now()))
            after = found.row(-1)[:2]

    def confirm_return(self, list_no: str, cop_no: str, arrived_on: date) -> str:
        """The goods of a return are back: the status its sender is told (800 taken, 100 too late)."""
        with self.transaction() as tx:
            bench, now = self.bench(tx), self.clock.now()
            return clearance.confirm_return(tx, list_no, cop_no, arrived_on, bench, now)

    def seed_rates(self) -> int:
        """Load the rates and goods that ship with the product; how many rows that added or changed."""
        with self.transaction() as tx:
            proposals = rates.seed(tx, who="tripoint", at=self.clock.now())
            return sum(len(proposal.differences) for proposal in proposals)

    def migrations(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The migrations the database has been through, and those still to come."""
        status = migration_status(self.database)
        return status.applied, status.pending

    def archiving(self, tx: Transaction) -> Archiving | None:
        """How the archiving of the embedded database's log stands; None where none is set and none done, or by URL."""
        if self.database.server is None:
            return None
        standing = archive.archiving(tx)
        return standing if standing.is_on or self.settings.wal_archive is not None else None

    def back_up(self, place: Path, *, keep: int | None, told: Told, rate: int | None = None) -> Taken:
        """Back the embedded database up into a folder of backups while it works, at most `rate` MiB (1 to 1,024) a second.

        Raises Conflict where the database is named by URL, and Busy where there is no room.
        """
        server = self.database.server
        if server is None:
            raise Conflict(
                "BACKUP-ELSEWHERE",
                "数据库由 TRIPOINT_DATABASE_URL 指定，请用该服务器自己的工具备份（pg_basebackup 或 pg_dump），见 docs/guides/backup.md",
                "the database is named by TRIPOINT_DATABASE_URL: back it up with its server's own tools (pg_basebackup "
                "or pg_dump); docs/guides/backup.md says how",
            )
        applied, _ = self.migrations()
        with self.transaction() as tx:
            newest = inbox.newest(tx) if applied else None
        note = backup.begin(server, tripoint=__version__, migrations=applied, newest=newest)
        return backup.take(server, place, note, keep=keep, rate=rate, told=told)

    def standing(self) -> Standing:
        """What the installation holds, and whether it holds true; reads everything."""
        with self.transaction() as tx:
            return enquiries.standing(tx)

    def revive(self) -> Revival:
        """Start the embedded server again where it has died, a few times at most; what became of it."""
        return self._reviver.look() if self._reviver is not None else Revival.NOT_OURS

    def transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction for a desk: committed when its block ends, undone when an exception leaves it."""
        return self.database.transaction()

    def pending_migrations(self) -> list[str]:
        """The migrations this database has not been through yet; raises Busy where it cannot be reached."""
        return list(migration_status(self.database).pending)

    def console_key(self) -> str:
        """The text of a key that opens the console once (`/login?key=…`) within ten minutes, and nothing else."""
        now = self.clock.now()
        with self.transaction() as tx:
            issued = access.create_key(
                tx, None, "console login", {Scope.LOGIN}, now=now, expires_at=now + timedelta(minutes=10)
            )
        return issued.text

    def bench(self, tx: Transaction) -> Bench:
        """Law and registers for judging, read again only when the filings have changed."""
        version, known = filings.register_version(tx), self._bench
        if known is None or known[0] != version:
            self._bench = known = (version, make_bench(tx, self.settings))
        return known[1]


def make_bench(tx: Transaction, settings: Settings) -> Bench:
    """What judging needs beside the papers, from the law's files, the registers and the settings."""
    regimes, texts = load_regimes(), load_findings()
    severities = {("", code): text.severity for code, text in texts.items()}
    severities |= {
        (mode, code): severity
        for mode, regime in regimes.by_mode.items()
        for code, severity in regime.severity.items()
    }
    if settings.severity:
        severities = {key: settings.severity.get(key[1], severity) for key, severity in severities.items()}
    return Bench(
        regimes=regimes,
        texts=texts,
        severities=severities,
        ranks=_ranks(list(texts), [regime.decision_order for regime in regimes.by_mode.values()]),
        labels=_labels(),
        policy=settings.signatures,
        trusted=_trusted(tx),
        enterprises=filings.enterprises(tx),
        entrustments=filings.entrustments(tx),
        edition=regimes.edition,
        fast_lane=settings.fast_lane,
    )


def _ranks(codes: Sequence[str], orders: Sequence[Sequence[str]]) -> dict[str, int]:
    """Where each code stands: by the regimes' own order (codes or prefixes), then as findings.toml has them."""
    order = [entry for entries in orders for entry in entries]

    def place(code: str) -> tuple[int, int]:
        first = next(
            (n for n, entry in enumerate(order) if code == entry or code.startswith(entry)), len(order)
        )
        return first, codes.index(code)

    return {code: rank for rank, code in enumerate(sorted(codes, key=place))}


def _labels() -> dict[str, str]:
    """How receipts name fields: as the wire does, and for sums and limits as real receipts do."""
    names = wire_names()
    sums = {
        "person.year_total": "totalPrice",
        "list.dutiable_value": "totalPrice",
        "limit": "limitPrice",
        "person.year_quantity": "totalQty",
        "quantity_limit": "limitQty",
        "list.tax": "tax",
        "facts.amount_due": "amountDue",
    }
    return sums | {
        f"{prefix}.{column}": name
        for prefix, table in PAPERS.items()
        for (owner, column), name in names.items()
        if owner == table
    }


def _trusted(tx: Transaction) -> TrustedCertificates:
    return TrustedCertificates(
        TrustedCertificate(
            certificate=parse_certificate(filed.certificate.der),
            enterprise_code=filed.certificate.enterprise_code,
            valid_from=filed.certificate.not_before,
            valid_to=filed.certificate.not_after,
            revoked_at=filed.revoked_at,
        )
        for filed in filings.certificates(tx)
    )


def _filed_certificate(enterprise_code: str, pem: str) -> FiledAs:
    """A certificate of a filings document, parsed for the register; raises Malformed, also for a weak key."""
    parsed = parse_certificate(pem.encode())
    if parsed.is_weak:
        refuse_weak(parsed.key_bits)
    return FiledAs(
        fingerprint=parsed.fingerprint,
        enterprise_code=enterprise_code,
        serial=parsed.serial,
        der=parsed.der,
        key_kind=KeyKind(parsed.key_kind),
        not_before=parsed.not_before,
        not_after=parsed.not_after,
    )


def _annual_used(document: FilingsDocument) -> pl.DataFrame:
    return pl.DataFrame(
        [(use.person_id, use.year, use.amount) for use in document.annual_used],
        schema={"person_id": pl.String(), "year": pl.Int16(), "amount": pl.Int64()},
        orient="row",
    )


def embedded_server(settings: Settings) -> Supervisor | None:
    """Who starts and stops the embedded server of an installation; None where the database is named by URL."""
    if settings.database_url is not None:
        return None
    return Supervisor(settings.data_dir, settings.pg_bindir, wal_archive=settings.wal_archive)


def left_waiting(server: Supervisor) -> int:
    """How many segments of a stopped server's log its archive lacks; none where it does not archive."""
    return archive.left_waiting(server.folder)


def compiled() -> dict[str, bool]:
    """Which of the parts are compiled here that a compiler made faster at install."""
    return {"fast lane": lane.IS_BUILT, "press": press.IS_BUILT, "ferry": ferry.IS_BUILT}


def find_backup(place: Path, at: datetime | None) -> Backup:
    """The backup in a folder, or of a folder of backups the newest that ended before a moment; refuses what is none."""
    return shelf.find(place.absolute(), at)


def restore(
    found: Backup,
    data_dir: Path,
    *,
    archived_in: Path | None,
    with_archive: bool,
    at: datetime | None,
    told: Callable[[str], Told],
) -> Restored:
    """Restore a backup into a new or empty folder, up to a moment where its log was archived; its server is left stopped.

    `archived_in` is where the archive lies now, if not where it lay. Numbers that may have been given out since are passed over
    before anybody can use the folder. Raises Refusal and then leaves nothing behind.
    """
    settings = Settings.load({**os.environ, "TRIPOINT_DATA_DIR": str(found.folder)})
    known = {one.name for one in migrations()}
    newer = [name for name in found.note.migrations if name not in known]
    if newer:
        raise Conflict(
            "MIGRATION-MISSING",
            f"备份已执行迁移 {newer[-1]}（tripoint {found.note.tripoint}），而本程序没有它。请使用更新的程序版本。",
            f"The backup has been through {newer[-1]} (tripoint {found.note.tripoint}), which this program lacks. Run a "
            "newer version of the program.",
        )
    if archived_in is not None and with_archive and found.note.wal_series is None:
        raise Conflict(
            "RESTORE-NO-SERIES",
            "备份完成时数据库没有归档日志，--archive 无从使用。去掉 --archive 可恢复到备份完成之时。",
            "The database did not archive its log when this backup was made, so --archive cannot be used. Without it the "
            "backup is restored to its end.",
        )

    def finish(server: Supervisor, restored: Restored) -> None:
        with closing(Database.beside(server)) as database, database.transaction() as tx:
            pass_over_numbers(tx, since=restored.last_commit_at or found.note.ended, now=SystemClock().now())

    series = None
    if with_archive and found.note.wal_series is not None:
        series = archive.Series(found.note.wal_series, archived_in or Path(found.note.wal_archive or ""))
    return restoring.restore(
        found, data_dir, bindir=settings.pg_bindir, series=series, at=at, told=told, finish=finish
    )


def pass_over_numbers(tx: Transaction, *, since: datetime, now: datetime) -> None:
    """After a restore to `since`, pass over numbers that may have been given out after it, so that none comes twice."""
    first, last = sorted((since.astimezone(CHINA).date(), now.astimezone(CHINA).date()))
    scopes = [f"pre_no/{first + timedelta(days=n):%Y%m%d}" for n in range((last - first).days + 1)]
    inbox.leave_gap(tx, NUMBERS_PASSED_OVER, scopes)


def psql(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """The command line of psql on the installation's database, and what the environment gets beside (a password)."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    server = embedded_server(settings)
    program = str(binaries.find(settings.pg_bindir).bindir / "psql")
    said = dict(conninfo_to_dict(server.conninfo() if server is not None else settings.database_url or ""))
    password = said.pop("password", None)
    return [program, make_conninfo("", **said)], {} if password is None else {"PGPASSWORD": str(password)}
