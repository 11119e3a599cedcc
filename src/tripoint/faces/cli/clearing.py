"""One clearing from files: filings, papers in, work, receipts out, comparison, and the report of it all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tripoint.exchange import desk as exchange
from tripoint.exchange import store as inbox
from tripoint.faces.cli import placing, writing
from tripoint.faces.cli.collecting import Unread, not_read, readable
from tripoint.faces.cli.comparing import Difference, Fates, differences, read_truth
from tripoint.faces.cli.reporting import Report, tell
from tripoint.faces.cli.speaking import Talk
from tripoint.kernel.refusals import Malformed, Refusal, Unknown
from tripoint.platforms.clearance.enquiries import desk as enquiries
from tripoint.platforms.clearance.records import Worked
from tripoint.registers.filings.document import read_document

if TYPE_CHECKING:
    from tripoint.app import Engine

FILINGS = "filings.json"
AGAIN_SECONDS = 0.2
DIFFERENCES_MOST = 10_000
"""Differences kept for the report; the others are only counted."""


class Clearing:
    """A clearing as it goes on; the steps are called in the order they stand here."""

    def __init__(self, engine: Engine, talk: Talk) -> None:
        self.engine, self.talk = engine, talk
        self.files = self.new = self.repeated = self.written = 0
        self.seconds = 0.0
        self.unread: list[Unread] = []
        self.worked = Worked()
        self.out: Path | None = None
        self.compared: int | None = None
        self.different = 0
        self.differences: list[Difference] = []
        with engine.transaction() as tx:
            self._before = enquiries.summary(tx)
            self._cursor = exchange.newest_outgoing(tx)

    def load_filings(self, paths: Sequence[Path], named: Path | None) -> None:
        """Load the named filings, and those of folders where they are marked as made up."""
        for path in paths:
            if path.is_dir() and (path / FILINGS).is_file() and path / FILINGS != named:
                self._load_generated(path / FILINGS)
        if named is not None:
            self._load(named, _read(named))

    def _load_generated(self, path: Path) -> None:
        raw = _read(path)
        if read_document(raw).generated:
            self._load(path, raw)
        else:
            self.talk.warn(
                f"{path} 未标明为生成的演练数据，未载入；如需载入请用 --filings",
                f"{path} is not marked as made up and was not loaded; say --filings to load it",
            )

    def _load(self, path: Path, raw: bytes) -> None:
        loaded = self.engine.load_filings(raw)
        report = loaded.report
        new = len(report.enterprises.added) + len(report.enterprises.changed)
        self.worked.add(loaded.rejudged)
        self.talk.note(
            f"已载入备案 {path}：企业 {new} 家新增或变更，证书 {len(report.certificates.added)} 张新增，"
            f"担保 {loaded.deposits} 笔存入",
            f"filings loaded from {path}: {new} enterprises new or changed, "
            f"{len(report.certificates.added)} certificates new, {loaded.deposits} deposits lodged",
        )

    def admit(self, files: Sequence[Path]) -> None:
        """Keep every file's message; what has come before is told and changes nothing."""
        self.files = len(files)
        with self.talk.progress("收取报文", "taking messages in") as told:
            for number, (path, raw) in enumerate(readable(files, self.unread), start=1):
                try:
                    kept = self.engine.admit(raw, channel="cli", name=str(path))
                except Malformed as refusal:
                    self.unread.append(Unread(file=str(path), code=refusal.code, text=refusal.text))
                    continue
                if kept.is_new:
                    self.new += 1
                else:
                    self.repeated += 1
                told(number, len(files))

    def work(self) -> None:
        """Work until nothing waits."""
        with self.talk.progress("审核", "judging") as told:
            done = 0

            def hear(worked: Worked) -> None:
                nonlocal done
                done += worked.messages
                told(done, max(done, self.new))

            self.worked.add(self.engine.work_all(hear))
            while self._waiting():
                time.sleep(AGAIN_SECONDS)  # another process works on what is left
                self.worked.add(self.engine.work_all(hear))

    def _waiting(self) -> int:
        with self.engine.transaction() as tx:
            return int(inbox.waiting(tx)["messages"])

    def write_receipts(self, out: Path) -> None:
        """Write what has gone out since this clearing began, a file each."""
        self.out = out
        with writing.into(out), self.talk.progress("写出回执", "writing receipts") as told:
            for message in placing.outgoing(self.engine, self._cursor):
                writing.put(out, placing.file_name(message), message.body)
                self.written += 1
                told(self.written, self.written)

    def compare(self, truth: Path) -> None:
        """Compare every list the truth names with what became of it."""
        self.compared = 0
        fates = Fates(self.engine)
        for difference in differences(read_truth(truth), fates):
            self.compared += 1
            if difference is not None:
                self.different += 1
                if len(self.differences) < DIFFERENCES_MOST:
                    self.differences.append(difference)

    def report(self) -> Report:
        """What it came to: changes since it began, and the docket in all."""
        with self.engine.transaction() as tx:
            after = enquiries.summary(tx)
        states, waits = _states(after), _waits(after)
        lists = self.worked.papers.get("list", 0)
        return Report(
            files=self.files,
            messages=self.new,
            repeated=self.repeated,
            unreadable=self.worked.unreadable,
            unread=tuple(self.unread),
            papers=dict(self.worked.papers),
            states=_change(states, _states(self._before)),
            waits_for=_change(waits, _waits(self._before)),
            findings=_change(_findings(after), _findings(self._before)),
            not_taken=dict(sorted(self.worked.not_taken.items())),
            in_all={"states": dict(states), "waits_for": dict(waits), "findings": dict(_findings(after))},
            receipts=self.worked.receipts,
            written=self.written,
            out=None if self.out is None else str(self.out),
            lists=lists,
            seconds=f"{self.seconds:.2f}",
            lists_per_second=round(lists / self.seconds) if self.seconds else 0,
            steps={step: f"{seconds:.2f}" for step, seconds in self.worked.seconds.items()},
            compared=self.compared,
            different=None if self.compared is None else self.different,
            differences=tuple(self.differences),
        )

    def tell(self, report: Report) -> None:
        """Print the report."""
        self.talk.data(report)
        self.show(report)

    def show(self, report: Report) -> None:
        """Print the report for people."""
        tell(report, self.talk)


def _states(summary: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in summary["states"]:
        found[row["state"]] += row["lists"]
    return found


def _waits(summary: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in summary["states"]:
        if row["waits_for"] and row["state"] == "waiting":
            found[row["waits_for"]] += row["lists"]
    return found


def _findings(summary: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in summary["findings"]:
        found[row["code"]] += row["lists"]
    return found


def _change(after: Counter[str], before: Counter[str]) -> dict[str, int]:
    """What grew or shrank, in order of name."""
    return {
        name: after[name] - before[name] for name in sorted({*after, *before}) if after[name] != before[name]
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _no_file(path, error) from error


def _no_file(path: Path, error: OSError) -> Refusal:
    said = not_read(path, error).text
    return Unknown("FILE", f"{path}：{said.zh}", f"{path}: {said.en}")
