"""Answering enquiries: explain a list, page through lists, count, and give every outcome for comparison with a truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import store as exchange
from tripoint.kernel.refusals import Conflict, Malformed, Unknown
from tripoint.platforms.clearance.enquiries import rules, store
from tripoint.platforms.clearance.enquiries.records import Explanation, ListRow, Standing
from tripoint.platforms.clearance.sealing import desk as sealing
from tripoint.registers.ledger import desk as ledger

PAGE = 20_000
"""Lists read at once when all are gone through."""


def explain(tx: Transaction, number: str, owner_code: str | None = None) -> Explanation:
    """Everything about the list that carries a number (list, pre-entry, order or the declarant's own number).

    `owner_code` sees only lists it is a party of, and of what happened only what is its business (`rules.seen_by`). A list
    number or pre-entry number goes before an order number, that before a declarant's own. Raises Unknown, and Conflict where
    two lists carry the number alike, as order numbers of two marketplaces may be the same.
    """
    found = store.find_by_number(tx, number, owner_code)
    if not found:
        raise Unknown(
            "LIST-UNKNOWN", f"没有编号为 {number} 的清单", f"there is no list with the number {number}"
        )
    if len(found) > 1 and found[0]["rank"] == found[1]["rank"]:
        raise Conflict(
            "LIST-AMBIGUOUS",
            f"编号 {number} 对应多份清单，请用清单编号或预录入编号查询",
            f"more than one list carries {number}; ask by list number or pre-entry number",
        )
    order_no, marketplace_code = found[0]["order_no"], found[0]["marketplace_code"]
    about = store.about(tx, order_no, marketplace_code, sealing.arrivals(tx, order_no))
    return rules.explanation(about if owner_code is None else rules.seen_by(owner_code, about))


def lists(
    tx: Transaction,
    *,
    owner_code: str | None = None,
    state: str | None = None,
    code: str | None = None,
    after: str | None = None,
    most: int = 100,
) -> list[ListRow]:
    """A page of lists, newest first; `after` is the cursor of the last row seen. Raises Malformed for a bad cursor."""
    found = store.lists(
        tx, owner_code=owner_code, state=state, code=code, before=_cursor(after), most=min(max(most, 1), 1000)
    )
    return rules.list_rows(found)


def _cursor(text: str | None) -> tuple[datetime, str, str] | None:
    if not text:
        return None
    try:
        at, key = text.split("|", 1)
        order_no, marketplace_code = key.rsplit("|", 1)
        return datetime.fromisoformat(at), order_no, marketplace_code
    except ValueError:
        raise Malformed("CURSOR", "游标无效", "this is not a cursor") from None


def summary(tx: Transaction) -> dict[str, Any]:
    """What happened in all: lists by state, findings by code, messages by type, receipts by status."""
    found = store.counts(tx)
    return {
        "states": [row | {"tax": rules.yuan(row["tax"])} for row in found["states"]],
        "findings": list(found["findings"]),
        "messages": list(found["messages"]),
        "receipts": list(found["receipts"]),
    }


def outcomes(tx: Transaction) -> pl.DataFrame:
    """Every list with its outcome (store.OUTCOMES), in order of order number."""
    pages = list(_pages(tx))
    return pl.concat(pages) if pages else pl.DataFrame(schema=store.OUTCOMES)


def _pages(tx: Transaction) -> Iterator[pl.DataFrame]:
    after = ""
    while not (page := store.outcomes(tx, after, PAGE)).is_empty():
        yield page
        after = page["order_no"][-1]


def paper_faults(tx: Transaction) -> pl.DataFrame:
    """The codes told about papers by themselves, by order number (store.FAULTS)."""
    pages = []
    after = ""
    while not (page := store.faults_by_order(tx, after, PAGE)).is_empty():
        pages.append(page)
        after = page["order_no"][-1]
    return pl.concat(pages) if pages else pl.DataFrame(schema=store.FAULTS)


def standing(tx: Transaction) -> Standing:
    """What an installation holds, and whether it holds true; reads all messages, lists, rulings and the whole ledger."""
    messages = exchange.standing(tx)
    lists: Counter[str] = Counter()
    for row in store.lists_by_state(tx):
        lists[row["state"]] += row["lists"]
    audit = ledger.check(tx)
    return Standing(
        messages={row["state"]: row["messages"] for row in messages},
        newest_message_id=max((row["newest_id"] for row in messages), default=None),
        newest_message_at=max((row["newest_at"] for row in messages), default=None),
        newest_outgoing_id=exchange.newest_outgoing(tx),
        lists=dict(lists),
        released_twice=store.released_twice(tx),
        ledger_accounts=audit.accounts,
        ledger_transfers=audit.transfers,
        ledger_is_sound=audit.is_sound,
    )
