"""`tripoint explain`: everything about one list: where it stands and why, its tax line by line, its journal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.faces.cli.words import SEVERITY_NAMES, SINGLE_NAMES, STATE_NAMES, kinds, moment, named
from tripoint.kernel.text import Text

if TYPE_CHECKING:
    from tripoint.platforms.clearance.enquiries.records import ExplainedFinding, Explanation

app = parser("explain")

JOURNAL_WORDS = {
    "arrival": Text("收到", "arrived"),
    "fault": Text("未接受", "not taken"),
    "decision": Text("判定", "ruling"),
    "receipt": Text("回执", "receipt"),
}
JOURNAL_WHATS = STATE_NAMES | SINGLE_NAMES


@app.default
def explain(
    list_no: Annotated[
        str,
        Parameter(
            help="List number, pre-entry number, order number or copNo. 清单、预录入、订单或企业内部编号。"
        ),
    ],
    *,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Explain a list."""
    from tripoint.platforms.clearance.enquiries import desk

    talk = Talk(voice)
    with engine(place, talk) as opened, opened.transaction() as tx:
        found = desk.explain(tx, list_no)
    talk.data(found)
    tell(found, talk)


def tell(found: Explanation, talk: Talk) -> None:
    """Print an explanation for people."""
    _head(found, talk)
    for finding in found.findings:
        _finding(finding, talk)
    _tax(found, talk)
    _journal(found, talk)


def _head(found: Explanation, talk: Talk) -> None:
    waits = kinds(",".join(found.waits_for)) if found.waits_for else None
    state = named(STATE_NAMES, found.state)
    talk.say(
        f"{found.list_no or found.pre_no}：{state.zh}" + (f"，待 {waits.zh}" if waits else ""),
        f"{found.list_no or found.pre_no}: {state.en}" + (f", waiting for {waits.en}" if waits else ""),
        style="bold",
    )
    rows = [
        (Text("订单编号", "order"), found.order_no),
        (Text("预录入编号", "pre-entry number"), found.pre_no),
        (Text("清单编号", "list number"), found.list_no),
        (Text("企业内部编号", "declarant's own number"), found.cop_no),
        (Text("运单编号", "waybill"), found.waybill_no),
        (
            Text("电商平台 / 电商企业", "marketplace / merchant"),
            f"{found.marketplace_code} / {found.merchant_code}",
        ),
        (
            Text("申报企业 / 物流企业", "declarant / carrier"),
            f"{found.declarant_code} / {found.carrier_code}",
        ),
        (Text("担保企业", "guarantor"), found.guarantor_code),
        (
            Text("关区 / 监管方式", "customs / supervision mode"),
            f"{found.customs_code} / {found.supervision_mode}",
        ),
        (Text("申报日期", "declared on"), found.declared_on.isoformat()),
        (
            Text("收到 / 判定（北京时间）", "received / decided (China)"),
            f"{moment(found.received_at)} / {moment(found.decided_at)}",
        ),
        (Text("规则版本", "edition of the rules"), found.edition),
    ]
    talk.table(
        Text("清单", "list"),
        (Text("项目", "what"), Text("内容", "value")),
        [(talk.pick(a), b) for a, b in rows],
    )


def _finding(finding: ExplainedFinding, talk: Talk) -> None:
    """What, where, both values, which rule of which text, and what would mend it."""
    line = "" if finding.line_no is None else f" [{finding.line_no}]"
    wire = f" ({finding.wire_field})" if finding.wire_field else ""
    values = f"{finding.field}{wire}{line} = {finding.value!r}"
    if finding.compares:
        values += f"; {finding.compares} = {finding.other!r}"
    text, repair = talk.pick(finding.text), talk.pick(finding.repair)
    talk.say(
        f"{finding.code}（{named(SEVERITY_NAMES, finding.severity).zh}）{text}\n  {values}\n  更正办法：{repair}\n"
        f"  依据：{finding.source}（自 {finding.since} 起）",
        f"{finding.code} ({finding.severity}) {text}\n  {values}\n  to mend it: {repair}\n"
        f"  source: {finding.source} (since {finding.since})",
    )


def _tax(found: Explanation, talk: Talk) -> None:
    rows: list[tuple[object, ...]] = [
        (
            str(line.line_no),
            line.hs_code,
            line.dutiable_value,
            line.duty_rate,
            line.duty,
            line.consumption_tax_rate,
            line.consumption_tax,
            line.vat_rate,
            line.vat,
        )
        for line in found.tax_lines
    ]
    if rows:
        total = talk.pick(Text("合计", "total"))
        rows.append(
            (total, "", found.dutiable_value, "", found.duty, "", found.consumption_tax, "", found.vat)
        )
    heads = (
        Text("行", "line"),
        Text("商品编码", "goods code"),
        Text("完税价格", "dutiable value"),
        Text("关税%", "duty %"),
        Text("关税", "duty"),
        Text("消费税%", "CT %"),
        Text("消费税", "consumption tax"),
        Text("增值税%", "VAT %"),
        Text("增值税", "VAT"),
    )
    talk.table(Text(f"税款 {found.tax} 元", f"tax {found.tax} CNY"), heads, rows)


def _journal(found: Explanation, talk: Talk) -> None:
    rows = [
        (
            moment(entry.at),
            talk.pick(JOURNAL_WORDS[entry.kind]),
            talk.pick(named(JOURNAL_WHATS, entry.what)),
            "  ".join(f"{name}={_detail(name, value)}" for name, value in entry.details.items()),
        )
        for entry in found.journal
    ]
    heads = (
        Text("时间（北京时间）", "time (China)"),
        Text("事项", "event"),
        Text("内容", "what"),
        Text("详情", "details"),
    )
    talk.table(Text("全部经过", "journal"), heads, rows)


def _detail(name: str, value: str) -> str:
    """A detail of the journal; a moment in the time of its column."""
    return moment(datetime.fromisoformat(value)) if name.endswith("_time") else value
