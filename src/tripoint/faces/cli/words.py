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


SEVERITY_NAMES: Mapping[str, Text] = {
    "off": Text("停用", "off"),
    "note": Text("提示", "note"),
    "hold": Text("挂起", "hold"),
    "refuse": Text("退单", "refuse"),
}

MESSAGE_NAMES: Mapping[str, Text] = {
    "received": Text("待处理", "waiting"),
    "read": Text("已处理", "read"),
    "unreadable": Text("不可读", "unreadable"),
}
"""What can become of a message."""

SIGNATURE_NAMES: Mapping[str, Text] = {
    "valid": Text("有效", "valid"),
    "absent": Text("无", "absent"),
    "invalid": Text("无效", "invalid"),
}

ROLE_NAMES: Mapping[str, Text] = {
    "marketplace": Text("电商平台", "marketplace"),
    "merchant": Text("电商企业", "merchant"),
    "payment_provider": Text("支付企业", "payment_provider"),
    "carrier": Text("物流企业", "carrier"),
    "declarant": Text("申报企业", "declarant"),
    "guarantor": Text("担保企业", "guarantor"),
    "warehouse": Text("区内企业", "warehouse"),
    "place_operator": Text("监管场所经营人", "place_operator"),
}
"""What an enterprise is filed to do; in English as --role takes it."""

ACCOUNT_NAMES: Mapping[str, Text] = {
    "outside": Text("外部", "outside"),
    "guarantee_available": Text("担保可用额", "guarantee, free"),
    "guarantee_pledged": Text("担保占用额", "guarantee, pledged"),
    "customs": Text("海关", "customs"),
}

TRANSFER_NAMES: Mapping[str, Text] = {
    "deposit": Text("存入", "deposit"),
    "withdrawal": Text("退还", "withdrawal"),
    "release": Text("放行占用", "release"),
    "cancel": Text("撤销恢复", "cancel"),
    "return": Text("退货恢复", "return"),
}
"""Why an amount went from one account to another."""

RATE_NAMES: Mapping[str, Text] = {
    "hs_code": Text("商品编码", "goods code"),
    "declared_on": Text("申报日期", "declared on"),
    "duty_ppm": Text("关税", "duty"),
    "vat_ppm": Text("增值税", "VAT"),
    "ct_ppm": Text("消费税", "consumption tax"),
    "ct_specific": Text("从量消费税", "consumption tax by quantity"),
    "ct_specific_unit": Text("从量单位", "its unit"),
    "ct_condition": Text("消费税条件", "consumption tax applies where"),
    "unit_1": Text("法定第一单位", "first statutory unit"),
    "unit_2": Text("法定第二单位", "second statutory unit"),
    "name_zh": Text("中文名称", "name in Chinese"),
    "name_en": Text("英文名称", "name in English"),
    "listed": Text("列入正面清单", "on the list of goods allowed"),
    "modes": Text("监管方式", "supervision modes"),
    "source": Text("依据", "source"),
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
