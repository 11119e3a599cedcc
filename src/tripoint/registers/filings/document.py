"""How a `filings.json` is read: strictly, whole or not at all, every fault named by its path in both languages.

{"generated": bool, "enterprises": […], "certificates": […], "entrustments": […], "verified_persons": […],
 "deposits": […], "annual_used": […]}; each list may be left out, no other member is taken. The format is ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from tripoint.kernel.money import parse_e5
from tripoint.kernel.text import Text
from tripoint.registers.filings.records import (
    AnnualUse,
    CertificateText,
    Deposit,
    Enterprise,
    EntrustedPaper,
    Entrustment,
    FaultyFilings,
    FilingsDocument,
    Problem,
    Role,
    VerifiedPerson,
)

MAX_BYTES = 256 * 1024 * 1024
"""A document larger than this is refused before it is parsed; a million verified persons take about 130 MB."""

ENTERPRISE_CODE = re.compile(r"[0-9A-Za-z]{1,18}")
"""Ten characters of customs, eighteen of the unified social credit code, or an e-port identifier (C..18 on the wire)."""

_PERSON_ID = re.compile(r"[0-9A-Z]{1,60}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,5})?")


class _Fault(Exception):
    """A value that cannot be taken, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def read_document(raw: bytes) -> FilingsDocument:
    """The document in these bytes of UTF-8 JSON; raises FaultyFilings with every fault."""
    if len(raw) > MAX_BYTES:
        raise FaultyFilings(
            [Problem("$", Text(f"文件超过 {MAX_BYTES} 字节", f"larger than {MAX_BYTES} bytes"))]
        )
    try:
        whole = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_unique_members)
    except _Fault as fault:
        raise FaultyFilings([Problem("$", fault.text)]) from None
    except (ValueError, RecursionError) as error:
        # Neither the decoder's message nor the text around the fault: it may hold a personal number.
        place = f"行 {error.lineno}" if isinstance(error, json.JSONDecodeError) else "未知位置"
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "an unknown place"
        text = Text(f"不是 UTF-8 的 JSON（{place}）", f"not JSON in UTF-8 (at {where})")
        raise FaultyFilings([Problem("$", text)]) from None
    problems: list[Problem] = []
    document = _whole(whole, problems)
    if problems or document is None:
        raise FaultyFilings(problems)
    return document


def _whole(whole: object, problems: list[Problem]) -> FilingsDocument | None:
    """The document, or None where not even its outline can be read."""
    if not isinstance(whole, dict):
        problems.append(Problem("$", Text("应为一个 JSON 对象", "must be a JSON object")))
        return None
    strange = sorted(whole.keys() - {"generated", *_FIELDS})
    problems.extend(Problem(_shown(name), Text("未知成员", "unknown member")) for name in strange)
    generated = whole.get("generated", False)
    if not isinstance(generated, bool):
        problems.append(Problem("generated", Text("应为 true 或 false", "must be true or false")))
        generated = True
    rows = {name: tuple(_rows(whole.get(name, []), name, problems)) for name in _FIELDS}
    return FilingsDocument(
        generated=generated,
        enterprises=tuple(Enterprise(**row) for row in rows["enterprises"]),
        certificates=tuple(CertificateText(**row) for row in rows["certificates"]),
        entrustments=tuple(Entrustment(**row) for row in rows["entrustments"]),
        verified_persons=tuple(VerifiedPerson(**row) for row in rows["verified_persons"]),
        deposits=tuple(Deposit(**row) for row in rows["deposits"]),
        annual_used=tuple(AnnualUse(**row) for row in rows["annual_used"]),
    )


def _rows(items: object, section: str, problems: list[Problem]) -> Iterator[dict[str, Any]]:
    """The members of each sound item of a section; what is not sound goes to the problems."""
    if not isinstance(items, list):
        problems.append(Problem(section, Text("应为一个列表", "must be a list")))
        return
    fields = _FIELDS[section]
    for number, item in enumerate(items):
        path = f"{section}[{number}]"
        if not isinstance(item, dict):
            problems.append(Problem(path, Text("应为一个 JSON 对象", "must be a JSON object")))
            continue
        before = len(problems)
        problems.extend(
            Problem(f"{path}.{_shown(name)}", Text("未知成员", "unknown member"))
            for name in sorted(item.keys() - fields.keys())
        )
        row = {}
        for name, (needed, read) in fields.items():
            try:
                row[name] = read(item[name]) if name in item else _absent(name, needed)
            except _Fault as fault:
                problems.append(Problem(f"{path}.{name}", fault.text))
        if len(problems) == before:
            yield row


def _absent(name: str, needed: bool) -> object:
    """What a member that is not there means."""
    if needed:
        raise _Fault("缺少必填成员", "required and missing")
    return False if name == "realtime_payment_data" else None


def _unique_members(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """An object whose members are all different: of two equal names, readers disagree which counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Fault("同一对象内有重复的成员名", "an object has two members of the same name")
    return members


def _shown(name: str) -> str:
    """An unknown member's name, short and printable."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:40])


def _text(most: int) -> Callable[[object], str]:
    """A reader of texts of 1 to `most` characters without blank ends."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not value.strip() or value != value.strip():
            raise _Fault("应为非空文本，首尾无空格", "must be a text, not empty, without blanks at its ends")
        if any(
            (letter < " " and letter not in "\r\n\t") or "\ud800" <= letter <= "\udfff" for letter in value
        ):
            raise _Fault("含有控制字符或残缺字符", "holds a control character or half a character")
        if len(value) > most:
            raise _Fault(f"不得超过 {most} 个字符", f"must not have more than {most} characters")
        return value

    return read


def _code(value: object) -> str:
    if not isinstance(value, str) or not ENTERPRISE_CODE.fullmatch(value):
        raise _Fault(
            "应为 1 至 18 位字母或数字的企业代码",
            "must be an enterprise code: 1 to 18 letters and digits",
        )
    return value


def _person(value: object) -> str:
    # The value is never told: it is a personal number.
    if not isinstance(value, str) or not _PERSON_ID.fullmatch(value):
        raise _Fault(
            "应为 1 至 60 位大写字母或数字的证件号码",
            "must be an identity number: 1 to 60 capital letters and digits",
        )
    return value


def _day(value: object) -> date:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise _Fault("应为 YYYY-MM-DD 形式的日期", "must be a day written YYYY-MM-DD")


def _day_or_none(value: object) -> date | None:
    return None if value is None else _day(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Fault("应为 true 或 false", "must be true or false")
    return value


def _roles(value: object) -> frozenset[Role]:
    known = ", ".join(Role)
    if not isinstance(value, list) or not value:
        raise _Fault(f"应为非空列表，取值 {known}", f"must be a list, not empty, of {known}")
    unknown = [item for item in value if not isinstance(item, str) or item not in set(Role)]
    if unknown or len(set(value)) != len(value):
        raise _Fault(f"应为互不相同的 {known}", f"must be different ones of {known}")
    return frozenset(Role(item) for item in value)


def _paper(value: object) -> EntrustedPaper:
    if not isinstance(value, str) or value not in set(EntrustedPaper):
        known = ", ".join(EntrustedPaper)
        raise _Fault(f"应为 {known} 之一", f"must be one of {known}")
    return EntrustedPaper(value)


def _amount(value: object) -> int:
    units = parse_e5(value) if isinstance(value, str) and _AMOUNT.fullmatch(value) else 0
    if units > 0:
        return units
    raise _Fault(
        '应为大于 0、至多五位小数的金额文本，如 "100000.00"',
        'must be an amount above 0 of at most five decimals, as a text: "100000.00"',
    )


def _year(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 2016 <= value <= 9999:
        raise _Fault("应为 2016 年起的年份数字", "must be a year as a number, from 2016 on")
    return value


_Reader = Callable[[object], object]

_FIELDS: dict[str, dict[str, tuple[bool, _Reader]]] = {
    "enterprises": {
        "enterprise_code": (True, _code),
        "name": (True, _text(100)),
        "roles": (True, _roles),
        "realtime_payment_data": (False, _flag),
        "since": (True, _day),
        "until": (False, _day_or_none),
        "source": (True, _text(500)),
    },
    "certificates": {
        "enterprise_code": (True, _code),
        "pem": (True, lambda value: _text(20_000)(value.strip() if isinstance(value, str) else value)),
    },
    "entrustments": {
        "sender_code": (True, _code),
        "owner_code": (True, _code),
        "paper_kind": (True, _paper),
        "since": (True, _day),
        "until": (False, _day_or_none),
        "source": (True, _text(500)),
    },
    "verified_persons": {
        "person_id": (True, _person),
        "person_name": (True, _text(60)),
        "verified_on": (True, _day),
        "source": (True, _text(500)),
    },
    "deposits": {
        "guarantor_code": (True, _code),
        "amount": (True, _amount),
        "reference": (False, _text(200)),
    },
    "annual_used": {"person_id": (True, _person), "year": (True, _year), "amount": (True, _amount)},
}
"""What each item of a section holds: whether the member is required, and how it is read."""
