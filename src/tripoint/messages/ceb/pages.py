"""The reference page of each message type, written from the field tables: run as a module to write them all."""

from __future__ import annotations

import sys
from pathlib import Path

from tripoint.messages.ceb.fields import MESSAGES, Field, Message, Node
from tripoint.messages.ceb.findings import wordings

_OBLIGATIONS = {"M": "必填 mandatory", "O": "选填 optional", "X": "不在架构中 not in the schema"}
_TOLERANCES = {
    "missing": "缺失时容许 may be missing",
    "digits": "位数不同时容许 other digits are read",
}


def page(message: Message) -> str:
    """The page of one message type, Markdown in both languages."""
    answer = MESSAGES[message.answered_by] if message.answered_by else None
    parts = [
        f"# {message.type} {message.name_zh} · {message.name_en}",
        "",
        f"根节点 root: `{message.root}` · 发送方 sender: {message.sender_zh} · {message.sender_en}"
        + (f" · 回执 receipt: [{answer.type}]({answer.type}.md)" if answer else ""),
        "",
        "## 结构 Structure",
        "",
        "| 节点 node | 上级 parent | 次数 occurrence | 表 table |",
        "|---|---|---|---|",
        *(_structure(node) for node in message.nodes),
    ]
    for node in message.nodes:
        if node.fields:
            parts += ["", f"## {node.name}", "", *_fields(node)]
    return "\n".join(parts) + "\n"


def index() -> str:
    """The page that lists all message types."""
    ways = {"in": "企业→海关 to customs", "out": "海关→企业 from customs"}
    rows = [
        f"| [{m.type}]({m.type}.md) | {m.name_zh} | {m.name_en} | {ways[m.direction]} | {m.answered_by or ''} |"
        for m in MESSAGES.values()
    ]
    return _INDEX_HEAD + "\n".join(rows) + "\n\n" + _INDEX_TYPES


_INDEX_HEAD = """\
# 报文 · Messages

海关跨境统一版进口报文（海关总署公告2018年第113号，202205版）。
The messages of the import family, one page each, written from the tables the reader itself uses.
What is tolerated in reading and why: [wire](../../internals/wire.md). Every fault: [faults](faults.md).

| 报文 message | 名称 | name | 方向 direction | 回执 receipt |
|---|---|---|---|---|
"""
_INDEX_TYPES = """\
类型 types: `C36` 定长 exactly, `C..60` 至多 at most, `C1..60` 1 至 60 个字符 characters; `N19,5` 十进制数 plain decimal;
`N9`, `N` 整数 whole number; `T14` YYYYMMDDhhmmss, `T17` YYYYMMDDhhmmssSSS, `D8` YYYYMMDD, 北京时间 China time.
"""
_FAULTS_HEAD = """\
# 报文差错 · Message faults

`WIRE` 整个报文不能读取，以 CEB900 答复；`FIELD` 一个字段，`refuse` 退该单证，`note` 仅提示。
`WIRE`: the whole message cannot be read and is answered by a CEB900. `FIELD`: one field; `refuse` refuses that paper,
`note` only tells.

| 代码 code | 级别 severity | 说明 | what is wrong | 如何更正 | how to mend it |
|---|---|---|---|---|---|
"""


def faults() -> str:
    """The page that lists every code of this dialect."""
    rows = [
        f"| `{w.code}` | {w.severity.value} | {w.text.zh} | {w.text.en} | {w.repair.zh} | {w.repair.en} |"
        for w in wordings().values()
    ]
    return _FAULTS_HEAD + "\n".join(rows) + "\n"


def write_pages(folder: Path) -> None:
    """Write every page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in all_pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def all_pages() -> dict[str, str]:
    """Every page by its file name."""
    return {"index.md": index(), "faults.md": faults()} | {f"{m.type}.md": page(m) for m in MESSAGES.values()}


def _structure(node: Node) -> str:
    most = "n" if node.most is None else str(node.most)
    return (
        f"| {node.name} | {node.parent} | {node.least}..{most} | {f'`{node.table}`' if node.table else ''} |"
    )


def _fields(node: Node) -> list[str]:
    head = "| 元素 element | 名称 | 类型 type | 要求 obligation | 列 column | 代码表 codes | 说明与容许 meaning, tolerance |"
    return [head, "|---|---|---|---|---|---|---|", *(_row(field) for field in node.fields)]


def _row(field: Field) -> str:
    meaning = [field.meaning_zh.replace("|", "/")] if field.meaning_zh else []
    if field.fixed is not None:
        meaning.append(f"限定 only `{field.fixed}`")
    for tolerance in field.tolerances:
        name, _, limit = tolerance.partition("=")
        meaning.append(
            _TOLERANCES.get(name) or f"至多 {limit} 个字符时容许 up to {limit} characters are read"
        )
    column = f"`{field.column}`" if field.column else ""
    obligation = _OBLIGATIONS[field.obligation]
    return (
        f"| `{field.element}` | {field.name_zh} | {field.type} | {obligation} | {column} | {field.codes} | "
        f"{'；'.join(meaning)} |"
    )


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
