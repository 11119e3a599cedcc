"""How a benchmark's result reads: rates, waits, CPU by process and step, bytes; and as JSON with the machine's facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tripoint.faces.cli.speaking import Talk
from tripoint.kernel.text import Text
from tripoint.rehearsal.rush.figures import Waits
from tripoint.rehearsal.rush.machine import Machine

_WHAT = Text("项目", "figure")
_VALUE = Text("数值", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a benchmark measured; its fields are the keys of `tripoint bench --json`."""

    version: str
    machine: Machine
    recipe: dict[str, Any]
    course: dict[str, Any]
    trades: int
    messages: int
    papers: int
    released: int
    seconds: float
    lists_per_second: float
    lists_per_second_told: float | None
    cpu_us_per_list: dict[str, float]
    step_us_per_list: dict[str, float]
    step_cpu_us_per_list: dict[str, float]
    lanes: dict[str, int]
    ack_ms: Waits | None
    release_ms: Waits | None
    told_ms: Waits | None
    retries: int
    receipts: dict[str, int]
    receipt_messages: int
    database_bytes_per_list: int
    wal_bytes_per_list: int
    peak_memory_bytes: int
    memory: Sequence[tuple[float, dict[str, int]]]
    released_per_second: Sequence[tuple[int, int]]
    faults: dict[str, int]
    shown: Sequence[Any]


def tell(report: Report, talk: Talk) -> None:
    """Print a report for people; faults are always told."""
    _speed(report, talk)
    _cpu(report, talk)
    _waits(report, talk)
    for what in report.shown:
        talk.warn("不符", str(what))
    for name, count in report.faults.items():
        talk.warn(f"有误 {count}", f"{name}: {count}")
    if not report.faults:
        talk.say(
            f"{report.trades:,} 份清单逐一与应有结果相符，每份报文均已确认",
            f"all {report.trades:,} lists came out as they must, every message was acknowledged",
            style="green",
        )


def _speed(report: Report, talk: Talk) -> None:
    told = report.lists_per_second_told
    rows: list[tuple[object, object]] = [
        (
            talk.pick(Text("清单/秒，至最后放行", "lists/s, to the last release")),
            f"{report.lists_per_second:,.0f}",
        ),
        (
            talk.pick(Text("清单/秒，至最后回执取走", "lists/s, to the last receipt fetched")),
            f"{told:,.0f}" if told else None,
        ),
        (talk.pick(Text("秒", "seconds")), f"{report.seconds:.2f}"),
        (talk.pick(Text("清单、单证、报文", "lists, papers, messages")), _counts(report)),
        (talk.pick(Text("回执（报文）", "receipts (messages)")), _receipts(report)),
        (
            talk.pick(Text("每清单字节：库、日志", "bytes a list: database, WAL")),
            f"{report.database_bytes_per_list:,}, {report.wal_bytes_per_list:,}",
        ),
        (talk.pick(Text("内存峰值（MB）", "peak memory (MB)")), f"{report.peak_memory_bytes / 1e6:,.0f}"),
        (talk.pick(Text("报文：快车道、参考道", "messages by lane")), _lanes(report)),
        (talk.pick(Text("稍后重试", "told to come later")), report.retries),
    ]
    talk.table(Text("速度", "speed"), (_WHAT, _VALUE), rows)


def _counts(report: Report) -> str:
    return f"{report.trades:,}, {report.papers:,}, {report.messages:,}"


def _lanes(report: Report) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(report.lanes.items()))


def _receipts(report: Report) -> str:
    return f"{sum(report.receipts.values()):,} ({report.receipt_messages:,})"


def _cpu(report: Report, talk: Talk) -> None:
    unit = Text("µs/清单", "µs a list")
    rows = [(name, f"{spent:,.0f}") for name, spent in report.cpu_us_per_list.items()]
    rows.append((talk.pick(Text("合计", "together")), f"{sum(report.cpu_us_per_list.values()):,.0f}"))
    talk.table(Text("CPU", "CPU"), (Text("进程", "process"), unit), rows)
    computed = report.step_cpu_us_per_list
    steps = [
        (name, f"{spent:,.0f}", f"{computed.get(name, 0):,.0f}")
        for name, spent in report.step_us_per_list.items()
    ]
    heads = (
        Text("步骤", "step"),
        Text("时长 µs/清单", "elapsed, µs a list"),
        Text("CPU µs/清单", "CPU, µs a list"),
    )
    talk.table(Text("审核进程的步骤", "steps of the workers"), heads, steps)


def _waits(report: Report, talk: Talk) -> None:
    named = (
        (Text("确认", "acknowledged"), report.ack_ms),
        (Text("末份单证至放行", "last paper to release"), report.release_ms),
        (Text("末份单证至回执取走", "last paper to receipt fetched"), report.told_ms),
    )
    rows = [
        (talk.pick(name), *(f"{value:,.0f}" for value in (its.p50, its.p90, its.p99, its.worst)))
        for name, its in named
        if its is not None
    ]
    heads = (Text("毫秒", "milliseconds"), *(Text(head, head) for head in ("p50", "p90", "p99", "max")))
    talk.table(Text("等待", "waits"), heads, rows)
