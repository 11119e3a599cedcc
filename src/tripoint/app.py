"""The wiring: settings, the engine that holds database, law and clock, and the one door by which messages enter."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tripoint.database import Database, DatabaseSettings, Transaction, migrate
from tripoint.exchange import desk as exchange
from tripoint.exchange import store as inbox
from tripoint.kernel.clock import Clock, SystemClock
from tripoint.kernel.findings import Severity
from tripoint.kernel.refusals import Malformed
from tripoint.messages.ceb.labels import wire_names
from tripoint.messages.signatures.certificates import (
    TrustedCertificate,
    TrustedCertificates,
    parse_certificate,
)
from tripoint.pipeline.check import PAPERS
from tripoint.platforms.clearance import desk as clearance
from tripoint.platforms.clearance.records import Arrival, Bench, SignaturePolicy, Worked
from tripoint.regimes.findings import load_findings
from tripoint.regimes.load import load_regimes
from tripoint.registers.filings import store as filings

ROUND_MESSAGES = 200
"""Messages worked on in one transaction at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an installation chooses; each setting has an environment name and a place in `tripoint.toml`."""

    data_dir: Path = field(default_factory=lambda: Path.home() / ".tripoint")
    database_url: str | None = None
    pg_bindir: Path | None = None
    signatures: SignaturePolicy = SignaturePolicy.REQUIRE
    severity: Mapping[str, Severity] = field(default_factory=dict)

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Settings from `TRIPOINT_…` and `tripoint.toml` in the data folder, the environment first; raises Malformed."""
        env = os.environ if environment is None else environment
        data_dir = Path(env.get("TRIPOINT_DATA_DIR") or Path.home() / ".tripoint").expanduser().absolute()
        file = data_dir / "tripoint.toml"
        said: dict[str, Any] = {}
        if file.is_file():
            try:
                said = tomllib.loads(file.read_text(encoding="utf-8"))
            except tomllib.TOMLDecodeError as error:
                raise Malformed("SETTINGS", f"配置文件有误：{error}", f"tripoint.toml: {error}") from error
        return cls(
            data_dir=data_dir,
            database_url=env.get("TRIPOINT_DATABASE_URL") or said.get("database_url"),
            pg_bindir=Path(bindir)
            if (bindir := env.get("TRIPOINT_PG_BINDIR") or said.get("pg_bindir"))
            else None,
            signatures=_policy(env.get("TRIPOINT_SIGNATURES") or said.get("signatures") or "require"),
            severity=_severities(said.get("severity", {})),
        )


def _policy(text: str) -> SignaturePolicy:
    if text not in set(SignaturePolicy):
        choices = ", ".join(SignaturePolicy)
        raise Malformed(
            "SETTINGS", f"signatures 只能是 {choices}", f"signatures is one of {choices}, not {text!r}"
        )
    return SignaturePolicy(text)


def _severities(table: Mapping[str, str]) -> dict[str, Severity]:
    known = load_findings()
    for code, word in table.items():
        if code not in known or word not in set(Severity):
            raise Malformed(
                "SETTINGS", f"severity 有误：{code}={word}", f"severity: no such thing as {code} = {word!r}"
            )
    return {code: Severity(word) for code, word in table.items()}


class Engine:
    """Database, law and clock of one installation; what a face is handed."""

    def __init__(self, settings: Settings, database: Database, clock: Clock | None = None) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock or SystemClock()
        self._bench: tuple[int, Bench] | None = None

    @classmethod
    def open(cls, settings: Settings, clock: Clock | None = None) -> Engine:
        """Start or join the database, bring its schema up to date, and be ready."""
        database = Database.open(
            DatabaseSettings(url=settings.database_url, bindir=settings.pg_bindir, data_dir=settings.data_dir)
        )
        migrate(database)
        return cls(settings, database, clock)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def admit(
        self, raw: bytes, *, sender_code: str = "", channel: str = "cli", name: str = ""
    ) -> dict[str, Any]:
        """The one door: keep a message; what comes back has been committed. The same bytes again are the same message."""
        with self.database.transaction() as tx:
            return exchange.post(
                tx, raw, sender_code=sender_code, channel=channel, name=name, at=self.clock.now()
            )

    def work(self, most: int = ROUND_MESSAGES) -> Worked | None:
        """One round over the oldest waiting messages; None when there are none."""
        with self.database.transaction() as tx:
            rows = inbox.claim(tx, most=most)
            if not rows:
                return None
            arrivals = [
                Arrival(
                    message_id=row["message_id"],
                    sender_code=row["sender_code"],
                    received_at=row["received_at"],
                    raw=bytes(row["raw"]),
                )
                for row in rows
            ]
            return clearance.work(tx, arrivals, self.bench(tx), self.clock.now())

    def work_all(self, told: Callable[[Worked], None] | None = None) -> Worked:
        """Work until nothing waits; `told` hears of each round."""
        total = Worked()
        while (worked := self.work()) is not None:
            total.add(worked)
            if told is not None:
                told(worked)
        return total

    def transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction for a desk: committed when its block ends, undone when an exception leaves it."""
        return self.database.transaction()

    def bench(self, tx: Transaction) -> Bench:
        """Law and registers for judging, read again only when the filings have changed."""
        version = filings.register_version(tx)
        if self._bench is None or self._bench[0] != version:
            self._bench = (version, make_bench(tx, self.settings))
        return self._bench[1]


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
    names = wire_names()
    return {
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
