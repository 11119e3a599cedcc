"""The reference page of each finding, from the law's own texts: what it says, what mends it, where it comes from.

Which fields a rule looks at is told by whoever knows the checks; here they are only set out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tripoint.kernel.findings import Severity
from tripoint.regimes.findings import FindingText

_WEIGHTS = {
    Severity.OFF: "不适用 off",
    Severity.NOTE: "仅提示 a note only",
    Severity.HOLD: "挂起，转人工 the list is held",
    Severity.REFUSE: "退单 the paper is refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One place a rule looks at: the field, what it is compared with, the rule in a sentence."""

    field: str
    compares: str | None
    rule: str


def all_pages(texts: Mapping[str, FindingText], looks: Mapping[str, Sequence[Look]]) -> dict[str, str]:
    """File name and text of every page, and of the index."""
    pages = {f"{code}.md": page(text, looks.get(code, ())) for code, text in texts.items()}
    rows = [
        f"| [{code}]({code}.md) | {_cell(t.text.zh)} | {_cell(t.text.en)} | {_WEIGHTS[t.severity]} |"
        for code, t in texts.items()
    ]
    head = "# Findings 核查结果代码\n\nA code is a public promise: it may be retired, never given another meaning. 代码含义永不改变。\n"
    table = "| 代码 code | 含义 | meaning | 后果 consequence |\n|---|---|---|---|\n"
    return pages | {"index.md": f"{head}\n{table}" + "\n".join(rows) + "\n"}


def page(its: FindingText, looks: Sequence[Look]) -> str:
    """One finding: both texts, the repair, the consequence, the law, the fields."""
    lines = [
        f"# {its.code}",
        "",
        f"**{its.text.zh}**  ",
        f"**{its.text.en}**",
        "",
        "| | |",
        "|---|---|",
        f"| 补正 repair | {_cell(its.repair.zh)} / {_cell(its.repair.en)} |",
        f"| 后果 consequence | {_WEIGHTS[its.severity]} (`{its.severity}`) |",
        f"| 依据 source | {_cell(its.source)} |",
        f"| 起始日 since | {its.since.isoformat()} |",
    ]
    if its.wire_code:
        lines.append(f"| 海关回执代码 code in real receipts | `{its.wire_code}` |")
    if its.status:
        lines.append(f"| 回执状态 status | `{its.status}` |")
    if looks:
        lines += ["", "| 字段 field | 比对 compared with | 规则 rule |", "|---|---|---|"]
        lines += [
            f"| `{look.field}` | {f'`{look.compares}`' if look.compares else ''} | {_cell(look.rule)} |"
            for look in looks
        ]
    lines += [
        "",
        "The consequence can be set otherwise: by supervision mode in the law's files, or by an installation.",
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("{", "&#123;").replace("}", "&#125;")
