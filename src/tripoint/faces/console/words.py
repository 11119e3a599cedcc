"""What the console says beside the data, in both languages, and how it shows times, amounts and codes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tripoint.kernel.clock import CHINA
from tripoint.kernel.text import Language, Text

WORDS: dict[str, Text] = {
    "title": Text("Tripoint 通关控制台", "Tripoint clearance console"),
    "overview": Text("总览", "Overview"),
    "lists": Text("清单", "Lists"),
    "list": Text("清单", "List"),
    "messages": Text("报文", "Messages"),
    "message": Text("报文", "Message"),
    "findings": Text("校验结果", "Findings"),
    "finding": Text("校验代码", "Finding"),
    "logout": Text("退出", "Log out"),
    "login": Text("登录", "Log in"),
    "key": Text("运营者密钥", "Operator's key"),
    "login_why": Text(
        "控制台仅供本系统运营者使用。", "The console is for the operator of this installation."
    ),
    "login_how": Text(
        "登录地址只能打开一次，十分钟内有效；运行 tripoint access console 可得新地址，也可在此粘贴运营者密钥。",
        "An address logs in once, within ten minutes: `tripoint access console` prints a new one. Or paste an operator's key here.",
    ),
    "logged_in": Text("已登录，正在打开控制台……", "Logged in, opening the console…"),
    "state": Text("状态", "State"),
    "states": Text("清单状态", "Lists by state"),
    "waits_for": Text("等待", "Waits for"),
    "count": Text("数量", "Count"),
    "tax": Text("税款合计（元）", "Tax (CNY)"),
    "papers": Text("单证", "Papers"),
    "type": Text("类型", "Type"),
    "receipts": Text("回执", "Receipts"),
    "code": Text("代码", "Code"),
    "severity": Text("后果", "Consequence"),
    "latest": Text("最近的清单", "Latest lists"),
    "all_lists": Text("全部清单", "All lists"),
    "order_no": Text("订单编号", "Order number"),
    "list_no": Text("清单编号", "List number"),
    "pre_no": Text("预录入编号", "Pre-entry number"),
    "cop_no": Text("企业内部编号", "Declarant's number"),
    "marketplace": Text("电商平台", "Marketplace"),
    "merchant": Text("电商企业", "Merchant"),
    "declarant": Text("申报企业", "Declarant"),
    "carrier": Text("物流企业", "Carrier"),
    "guarantor": Text("担保企业", "Guarantor"),
    "waybill_no": Text("运单编号", "Waybill number"),
    "customs": Text("申报海关", "Customs office"),
    "mode": Text("监管方式", "Supervision mode"),
    "declared_on": Text("申报日期", "Declared on"),
    "received_at": Text("收到时间（北京时间）", "Received (China)"),
    "decided_at": Text("决定时间（北京时间）", "Decided (China)"),
    "channel": Text("计税方式", "Tax channel"),
    "edition": Text("法规版本", "Edition of the law"),
    "search": Text("按编号查找", "Find by number"),
    "go": Text("查找", "Find"),
    "any": Text("全部", "all"),
    "next": Text("下一页", "Next page"),
    "first": Text("第一页", "First page"),
    "nothing": Text("还没有任何内容。", "There is nothing here yet."),
    "none_such": Text("没有符合条件的内容。", "Nothing here is like that."),
    "nothing_how": Text(
        "用 tripoint clear 或 POST /v1/messages 送入报文后，这里会显示结果。",
        "Send messages with `tripoint clear` or POST /v1/messages, and what happened is shown here.",
    ),
    "no_findings": Text("没有任何不符。", "Nothing is wrong."),
    "what": Text("问题", "What is wrong"),
    "where": Text("位置", "Where"),
    "value": Text("值", "Value"),
    "compares": Text("对比", "Compared with"),
    "repair": Text("如何改正", "How to mend it"),
    "source": Text("依据", "Source"),
    "since": Text("自", "since"),
    "tax_lines": Text("逐项税款", "Tax line by line"),
    "line": Text("项", "Line"),
    "hs": Text("商品编码", "HS code"),
    "dutiable_value": Text("完税价格", "Dutiable value"),
    "duty": Text("关税", "Duty"),
    "ct": Text("消费税", "Consumption tax"),
    "vat": Text("增值税", "VAT"),
    "total": Text("合计", "Total"),
    "rate": Text("税率", "Rate"),
    "journal": Text("经过", "Journal"),
    "time": Text("时间（北京时间）", "Time (China)"),
    "details": Text("详情", "Details"),
    "number": Text("编号", "Number"),
    "sender": Text("发送企业", "Sender"),
    "recipient": Text("接收企业", "Recipient"),
    "signature": Text("签名", "Signature"),
    "bytes": Text("字节", "Bytes"),
    "refusal": Text("拒收原因", "Why it was not read"),
    "wire_code": Text("海关代码", "Customs' own code"),
    "see_lists": Text("有此问题的清单", "Lists with this finding"),
    "error": Text("无法显示", "This cannot be shown"),
    "backlog": Text("等待处理的报文", "Messages waiting"),
    "operator": Text("运营者", "operator"),
}

STATES: dict[str, Text] = {
    "70pct": Text("限值内按70%征税", "within the limits, VAT and consumption tax at 70 %"),
    "full": Text("全额征税", "taxed in full"),
    "over_single": Text("超过单次限值，全额征税", "above the single limit, taxed in full"),
    "draft": Text("暂存", "draft"),
    "waiting": Text("等待单证", "waiting for papers"),
    "released": Text("放行", "released"),
    "held": Text("挂起", "held"),
    "refused": Text("退单", "refused"),
    "inspect": Text("查验", "to be inspected"),
    "withdrawn": Text("已撤回", "withdrawn"),
    "cancelled": Text("已撤销", "cancelled"),
    "received": Text("待处理", "to be read"),
    "read": Text("已读", "read"),
    "unreadable": Text("无法读取", "unreadable"),
    "note": Text("提示", "note"),
    "hold": Text("挂起", "hold"),
    "refuse": Text("退单", "refuse"),
    "off": Text("停用", "off"),
    "order": Text("订单", "order"),
    "payment": Text("支付单", "payment"),
    "waybill": Text("运单", "waybill"),
    "list": Text("清单", "list"),
    "waybill_status": Text("运单状态", "waybill status"),
    "cancellation": Text("撤销申请单", "cancellation"),
    "return_request": Text("退货申请单", "return request"),
    "warehouse_in": Text("入库明细单", "warehouse-in list"),
    "arrival": Text("到达", "arrived"),
    "fault": Text("未接收", "not taken"),
    "decision": Text("决定", "decided"),
    "receipt": Text("回执", "answered"),
}
"""Codes as people read them."""

MESSAGE_STATES = ("received", "read", "unreadable")
LIST_STATES = ("waiting", "released", "held", "refused", "inspect", "draft", "withdrawn", "cancelled")


def word(name: str, language: Language) -> str:
    """A word of the console."""
    return WORDS[name].in_(language)


def state(code: str, language: Language) -> str:
    """A code as people read it; one nobody named stays as it is."""
    return STATES[code].in_(language) if code in STATES else code


def moment(value: datetime | None) -> str:
    """A time in China, to the second; empty where there is none."""
    return "" if value is None else value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def detail(name: str, value: str) -> str:
    """A detail of the journal; a moment in the time of its column."""
    return moment(datetime.fromisoformat(value)) if name.endswith("_time") else value


def shown(value: Any) -> str:
    """A value of a paper; a dash where the paper does not say."""
    return "—" if value in (None, "") else str(value)
