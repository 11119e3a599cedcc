"""Anomalies of the wire: fields that are missing, empty, too long or no number, and oddities that readers tolerate."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from tripoint.messages.ceb.fields import NAMESPACE
from tripoint.rehearsal.anomaly import PAPER_NAMES, Anomaly, edit_paper
from tripoint.rehearsal.trades import Edit

Element = etree._Element


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _find(paper: Element, name: str) -> Element:
    found = next(paper.iter(_tag(name)), None)
    assert found is not None, f"{name} is not in the paper"
    return found


def say(name: str, text: str | None, *, within: str | None = None) -> Edit:
    """Put a text into the first element of a name, within the first of another name where one is given."""

    def edit(paper: Element) -> None:
        _find(_find(paper, within) if within else paper, name).text = text

    return edit


def change(name: str, how: Callable[[str], str]) -> Edit:
    """Change the text of an element."""

    def edit(paper: Element) -> None:
        element = _find(paper, name)
        element.text = how(element.text or "")

    return edit


def remove(name: str) -> Edit:
    """Leave out every element of a name."""

    def edit(paper: Element) -> None:
        for element in list(paper.iter(_tag(name))):
            parent = element.getparent()
            assert parent is not None
            parent.remove(element)

    return edit


def repeat(name: str, times: int = 1) -> Edit:
    """Write an element again."""

    def edit(paper: Element) -> None:
        element = _find(paper, name)
        for _ in range(times):
            element.addnext(deepcopy(element))

    return edit


def numbered(edit: Edit, name: str) -> Edit:
    """Edit, and number the lines of a name anew, from 1."""

    def edit_and_number(paper: Element) -> None:
        edit(paper)
        for number, line in enumerate(paper.iter(_tag(name)), 1):
            _find(line, "gnum").text = str(number)

    return edit_and_number


def insert_after(name: str, new: str, text: str | None, *, within: str | None = None) -> Edit:
    """Write an element after the first of a name, within the first of another name where one is given."""

    def edit(paper: Element) -> None:
        made = etree.Element(_tag(new))
        made.text = text
        _find(_find(paper, within) if within else paper, name).addnext(made)

    return edit


def swap_with_next(name: str) -> Edit:
    """Write an element after the one that should follow it."""

    def edit(paper: Element) -> None:
        element = _find(paper, name)
        following = element.getnext()
        assert following is not None
        following.addnext(element)

    return edit


def nest(name: str) -> Edit:
    """Put an element into a value."""

    def edit(paper: Element) -> None:
        etree.SubElement(_find(paper, name), _tag("b")).text = "x"

    return edit


def text_after(name: str, text: str) -> Edit:
    """Write text between two elements."""

    def edit(paper: Element) -> None:
        _find(paper, name).tail = text

    return edit


def _fault(code: str, name: str, what: str, edit: Edit) -> Anomaly:
    """A fault that no reader tolerates: the paper is not taken."""
    is_list = name == "list"
    assert is_list or name in PAPER_NAMES
    return Anomaly(
        name=f"{name}-{what}",
        change=edit_paper(name, edit),
        told=(code,) if is_list else (),
        told_of_papers=() if is_list else (code,),
        waits_for=() if is_list else (name,),
        is_taken=not is_list,
    )


def _oddity(code: str, what: str, edit: Edit) -> Anomaly:
    """An oddity of a list that is told and does no harm."""
    return Anomaly(name=f"list-{what}", change=edit_paper("list", edit), told=(code,))


MISPRINTS: tuple[Anomaly, ...] = (
    _fault("FIELD-01", "list", "without-address", remove("consigneeAddress")),
    _fault("FIELD-01", "payment", "without-payer", remove("payerName")),
    _fault("FIELD-02", "list", "with-empty-buyer", say("buyerName", None)),
    _fault("FIELD-02", "waybill", "with-empty-consignee", say("consignee", None)),
    _fault("FIELD-03", "list", "name-too-long", say("agentName", "长" * 101)),
    _fault("FIELD-03", "order", "register-number-too-long", say("buyerRegNo", "9" * 61)),
    _fault("FIELD-04", "list", "goods-code-of-eight", change("gcode", lambda text: text[:8])),
    _fault("FIELD-05", "list", "freight-in-words", say("freight", "十元")),
    _fault("FIELD-05", "payment", "amount-with-a-comma", change("amountPaid", lambda text: f"1,{text}")),
    _fault("FIELD-06", "list", "six-decimals", say("grossWeight", "0.123456")),
    _fault("FIELD-06", "order", "twenty-digits", say("goodsValue", "9" * 20)),
    _fault("FIELD-07", "waybill", "half-a-package", say("packNo", "1.5")),
    _fault("FIELD-08", "payment", "paid-in-month-thirteen", say("payTime", "20261301000000")),
    _fault("FIELD-08", "order", "sent-at-no-time", say("appTime", "yesterday 12:00")),
    _fault("FIELD-09", "list", "declared-in-february-30", say("declTime", "20260230")),
    _fault("FIELD-10", "list", "with-two-buyers", repeat("buyerName")),
    _fault("FIELD-11", "order", "without-lines", remove("OrderList")),
    _fault("FIELD-12", "list", "with-hundred-lines", numbered(repeat("InventoryList", 99), "InventoryList")),
    _fault("FIELD-30", "list", "with-a-line-twice", repeat("InventoryList")),
    _fault("FIELD-13", "waybill", "with-element-in-value", nest("goodsInfo")),
    _fault("FIELD-14", "list", "in-dollars", say("currency", "502")),
    _fault("FIELD-14", "payment", "in-dollars", say("currency", "502")),
    _fault("FIELD-14", "waybill", "in-yen", say("currency", "116")),
    _fault("FIELD-14", "order", "line-in-euros", say("currency", "300", within="OrderList")),
    Anomaly(
        name="order-without-telephone",
        change=edit_paper("order", remove("buyerTelephone")),
        told_of_papers=("FIELD-21",),
    ),
    _oddity(
        "FIELD-22",
        "with-empty-country-of-trade",
        insert_after("country", "tradeCountry", None, within="InventoryList"),
    ),
    _oddity("FIELD-23", "out-of-order", swap_with_next("agentCode")),
    _oddity("FIELD-24", "with-field-of-its-own", insert_after("netWeight", "ebcTelephone", "13000000000")),
    _oddity("FIELD-25", "with-text-between", text_after("agentCode", "申报")),
    _oddity("FIELD-26", "declared-with-time", change("declTime", lambda text: text + "000000")),
    _oddity("FIELD-27", "long-item-number", say("itemNo", "SKU" + "7" * 25)),
    _oddity("FIELD-28", "with-blanks", change("customsCode", lambda text: f" {text}\n")),
)
"""Faults of fields and oddities of the wire."""
