"""How the report of a clearing reads: papers, lists, findings with their words, differences, and how fast it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tripoint.faces.cli.collecting import Unread
from tripoint.faces.cli.comparing import Difference, Fate
from tripoint.faces.cli.speaking import Talk
from tripoint.faces.cli.words import KIND_NAMES, STATE_NAMES, in_general, kinds, named
from tripoint.kernel.text import Text
from tripoint.regimes.findings import load_findings

NUMBER = Text("数量", "number")
CODE = Text("代码", "code")
MEANING = Text("含义", "meaning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a clearing did; its fields are the keys of `tripoint clear --json`."""

    files: int
    messages: int
    repeated: int
    unreadable: int
    unread: tuple[Unread, ...]
    papers: dict[str, int]
    states: dict[str, int]
    waits_for: dict[str, int]
    findings: dict[str, int]
    not_taken: dict[str, int]
    in_all: dict[str, Any]
    receipts: int
    written: int
    out: str | None
    lists: int
    seconds: str
    lists_per_second: int
    steps: dict[str, str]
    compared: int | None
    different: int | None
    differences: tuple[Difference, ...]

    @property
    def found(self) -> bool:
        """Whether something was not as it should be: a file not read, a list that came out otherwise."""
        return bool(self.unread or self.different)


def tell(report: Report, talk: Talk) -> None:
    """Print a report for people; silent with --quiet and --json, but for differences."""
    _papers(report, talk)
    _lists(report, talk)
    _findings(report, talk)
    for unread in report.unread:
        talk.warn(f"{unread.file}：{unread.text.zh}", f"{unread.text.en}")
    if report.out is not None:
        talk.say(
            f"回执 {report.written} 份报文，写入 {report.out}",
            f"{report.written} receipt messages written to {report.out}",
        )
    talk.say(
        f"清单 {report.lists:,} 份，{report.seconds} 秒，每秒 {report.lists_per_second:,} 份；回执 {report.receipts:,} 条",
        f"{report.lists:,} lists in {report.seconds} s, {report.lists_per_second:,} lists/s; {report.receipts:,} receipts",
    )
    _differences(report, talk)


def _papers(report: Report, talk: Talk) -> None:
    rows: list[tuple[object, ...]] = [
        (talk.pick(named(KIND_NAMES, kind)), number) for kind, number in report.papers.items()
    ]
    repeated, unreadable = (
        Text("先前已收的报文", "messages that came before"),
        Text("无法读取、以 CEB900 答复的报文", "messages that cannot be read, answered by CEB900"),
    )
    if report.repeated:
        rows.append((talk.pick(repeated), report.repeated))
    if report.unreadable:
        rows.append((talk.pick(unreadable), report.unreadable))
    talk.table(Text("收到的单证", "papers received"), (Text("单证", "paper"), NUMBER), rows)


def _lists(report: Report, talk: Talk) -> None:
    """States first; a list that waits is told by what it waits for."""
    rows: list[tuple[object, ...]] = []
    for state in STATE_NAMES:
        if state in report.in_all["states"]:
            name = talk.pick(STATE_NAMES[state])
            rows.append((name, report.states.get(state, 0), report.in_all["states"][state]))
            if state == "waiting":
                for waits, number in sorted(report.in_all["waits_for"].items()):
                    what = talk.pick(Text(f"　待 {kinds(waits).zh}", f"  for {kinds(waits).en}"))
                    rows.append((what, report.waits_for.get(waits, 0), number))
    talk.table(
        Text("清单", "lists"),
        (Text("状态", "state"), Text("本次", "this time"), Text("总计", "in all")),
        rows,
    )


def _findings(report: Report, talk: Talk) -> None:
    texts = load_findings()
    rows = [
        (code, number, talk.pick(in_general(texts[code].text))) for code, number in report.findings.items()
    ]
    talk.table(
        Text("本次清单的判定发现", "findings about lists, this time"),
        (CODE, Text("清单", "lists"), MEANING),
        rows,
    )
    rows = [
        (code, number, talk.pick(in_general(texts[code].text))) for code, number in report.not_taken.items()
    ]
    talk.table(Text("未予接受的单证", "faults of papers"), (CODE, NUMBER, MEANING), rows)


def _differences(report: Report, talk: Talk) -> None:
    if report.compared is None or talk.voice.json:
        return
    if not report.different:
        talk.say(
            f"与应有结果逐一比较 {report.compared:,} 份清单，全部相符",
            f"all {report.compared:,} lists came out as the truth says",
            style="green",
        )
        return
    for difference in report.differences:
        talk.warn(*_difference(difference))
    talk.warn(
        f"{report.compared:,} 份清单中有 {report.different:,} 份与应有结果不符",
        f"{report.different:,} of {report.compared:,} lists came out otherwise",
    )


def _difference(difference: Difference) -> tuple[str, str]:
    of = f" ({difference.anomaly})" if difference.anomaly else ""
    who = f"{difference.order_no} {difference.marketplace_code}{of}"
    said, came = _fate(difference.expected), _fate(difference.actual)
    return f"{who}：应为 {said}，实为 {came}", f"expected {said}, is {came}"


def _fate(fate: Fate) -> str:
    parts = [fate.outcome, *([f"waits for {fate.waits_for}"] if fate.waits_for else []), *fate.findings]
    return "[" + " ".join([*parts, *([f"tax {fate.tax}"] if fate.tax else [])]) + "]"
