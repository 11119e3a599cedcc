"""The names commands give to what is counted: states of lists and kinds of papers, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tripoint.kernel.clock import CHINA
from tripoint.kernel.text import Text

NOT_TAKEN = "not_taken"

STATE_NAMES: dict[str, Text] = {
    "released": Text("放行", "released"),
    "refused": Text("退单", "refused"),
    "held": Text("挂起", "held"),
    "inspect": Text("查验", "inspect"),
    "waiting": Text("等待单证", "waiting"),
    "draft": Text("暂存", "draft"),
    "withdrawn": Text("已撤回", "withdrawn"),
    "cancelled": Text("已撤销", "cancelled"),
    NOT_TAKEN: Text("未接受", "not taken"),
}
"""What can become of a list, in the order reports show it."""

LIST_STATES = tuple(state for state in STATE_NAMES if state != NOT_TAKEN)
"""The states a list on the docket can be in: one that was not taken is on none."""

KIND_NAMES: Mapping[str, Text] = {
    "order": Text("订单 311", "orders 311"),
    "payment": Text("支付单 411", "payments 411"),
    "waybill": Text("运单 511", "waybills 511"),
    "list": Text("清单 621", "declaration lists 621"),
    "waybill_status": Text("运单状态 513", "waybill statuses 513"),
    "cancellation": Text("撤销申请单 623", "cancellations 623"),
    "return_request": Text("退货申请单 625", "return requests 625"),
    "warehouse_in": Text("入库明细单 711", "warehouse-in lists 711"),
}

SINGLE_NAMES: dict[str, Text] = {
    "list": Text("清单", "list"),
    "order": Text("订单", "order"),
    "payment": Text("支付单", "payment"),
    "waybill": Text("运单", "waybill"),
}


def named(names: Mapping[str, Text], word: str) -> Text:
    """The name of a word, or the word itself."""
    return names.get(word, Text(word, word))


def moment(at: datetime | None) -> str:
    """A moment in China's time, to the second; the head above it says whose time it is."""
    return "" if at is None else at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def known_code(code: str) -> None:
    """Raises Malformed for the code of a finding that does not exist: a slip would look like a clean docket."""
    from tripoint.kernel.refusals import Malformed
    from tripoint.regimes.findings import load_findings

    if code not in load_findings():
        raise Malformed("CODE", f"没有判定代码 {code}", f"there is no finding {code}")


def kinds(waits_for: str) -> Text:
    """The papers a list waits for: `order,payment` as people say it."""
    found = [named(SINGLE_NAMES, kind) for kind in waits_for.split(",")]
    return Text("、".join(text.zh for text in found), ", ".join(text.en for text in found))


def in_general(text: Text) -> Text:
    """A finding's text without the places for one field and its value, as it stands over many findings."""
    return Text(_plain(text.zh, "字段"), _plain(text.en, "a field"))


def _plain(text: str, field: str) -> str:
    for end in ("：{value}", ": {value}", "，实为 {value}", ", it is {value}"):
        text = text.removesuffix(end)
    return text.replace("{path}", field).replace("{limit}", "…").replace("{value}", "…")
