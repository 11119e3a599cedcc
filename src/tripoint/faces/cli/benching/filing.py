"""The report of a benchmark as files: result.json with the machine's facts, and its plots."""

from __future__ import annotations

from pathlib import Path

from tripoint.faces.cli import writing
from tripoint.faces.cli.benching import drawing
from tripoint.faces.cli.benching.report import Report
from tripoint.faces.cli.speaking import as_json


def file(report: Report, folder: Path) -> list[Path]:
    """Write result.json, throughput.svg, waits.svg, cpu.svg, steps.svg and memory.svg; the files written."""
    spreads = {"acknowledged": report.ack_ms, "released": report.release_ms, "told": report.told_ms}
    weights = sorted({name for _, weights in report.memory for name in weights})
    told = {
        "throughput.svg": drawing.lines(
            "Releases",
            "seconds",
            "lists/s",
            {"released": [(float(s), float(n)) for s, n in report.released_per_second]},
        ),
        "waits.svg": drawing.lines(
            "Waits",
            "milliseconds",
            "share of cases, %",
            {name: its.curve for name, its in spreads.items() if its is not None},
            by_tens=True,
        ),
        "cpu.svg": drawing.bars("CPU by process", "µs a list", report.cpu_us_per_list),
        "steps.svg": drawing.bars("Steps of the workers", "µs of CPU a list", report.step_cpu_us_per_list),
        "memory.svg": drawing.lines(
            "Memory",
            "seconds",
            "MB (proportional share)",
            {name: [(at, its.get(name, 0) / 1e6) for at, its in report.memory] for name in weights}
            | {"together": [(at, sum(its.values()) / 1e6) for at, its in report.memory]},
        ),
    }
    with writing.into(folder):
        writing.put(folder, "result.json", (as_json(report) + "\n").encode())
        for name, drawn in told.items():
            writing.put(folder, name, drawn.encode())
    return [folder / name for name in ("result.json", *told)]
