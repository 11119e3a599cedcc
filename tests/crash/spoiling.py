"""Each invariant made to fail: the evidence of a sound run with one thing done to it that must not pass unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields, replace

from tests.crash import invariants
from tests.crash.evidence import Evidence, Row
from tests.crash.followups import CANCELLED
from tests.faces.worker.partners import Partner

Spoiler = Callable[[Evidence], None]


def own_copy(seen: Evidence) -> Evidence:
    """The same evidence, to be spoilt; the run itself is shared."""
    return replace(
        seen, **{one.name: deepcopy(getattr(seen, one.name)) for one in fields(seen) if one.name != "run"}
    )


def _first(rows: list[Row], **wanted: object) -> Row:
    return next(row for row in rows if all(row.get(name) == value for name, value in wanted.items()))


def _released(seen: Evidence) -> Row:
    return _first(list(seen.clearings.values()), state="released")


def _lose_a_byte(seen: Evidence) -> None:
    number = min(seen.raws)
    seen.raws[number] = seen.raws[number][:-1]


def _leave_one_waiting(seen: Evidence) -> None:
    seen.messages[min(seen.messages)]["state"] = "received"


def _answer_a_paper_twice(seen: Evidence) -> None:
    seen.everybody.append(_first(seen.everybody, return_status="2"))


def _skip_a_judgement(seen: Evidence) -> None:
    # Of a payment that no ruling refused afterwards: else its 100 stands where the 120 stood.
    judged = next(
        told
        for told in seen.by_paper().values()
        if told[0]["message_type"] == "CEB412" and [row["return_status"] for row in told] == ["2", "120"]
    )
    seen.everybody.remove(judged[1])


def _lose_a_release_receipt(seen: Evidence) -> None:
    seen.everybody.remove(_first(seen.everybody, return_info=invariants.RELEASE_TEXT))


def _lose_a_receipt(seen: Evidence) -> None:
    max(seen.receipts.values(), key=len).pop()


def _change_a_body(seen: Evidence) -> None:
    seen.bodies[min(seen.bodies)] += b" "


def _release_twice(seen: Evidence) -> None:
    seen.decisions.append(_first(seen.decisions, state="released"))


def _give_a_number_twice(seen: Evidence) -> None:
    one, other = [row for row in seen.clearings.values() if row["list_no"]][:2]
    one["list_no"] = other["list_no"]


def _bill_a_fen_more(seen: Evidence) -> None:
    seen.tax_bills[0]["vat"] += 1000


def _lose_a_transfer(seen: Evidence) -> None:
    seen.transfers.pop()


def _owe_a_fen_more(seen: Evidence) -> None:
    _released(seen)["tax"] += 1000


def _take_of_a_year_unseen(seen: Evidence) -> None:
    next(row for row in seen.uses if not row["order_no"].startswith("opening/"))["amount"] += 1


def _cancel_twice(seen: Evidence) -> None:
    seen.decisions.append(_first(seen.decisions, state=CANCELLED))


def _log_a_fault(seen: Evidence) -> None:
    seen.faults_logged.append("a fault")


SPOILERS: dict[invariants.Check, Spoiler] = {
    invariants.every_acknowledged_message_is_there_byte_for_byte: _lose_a_byte,
    invariants.every_message_was_worked_on: _leave_one_waiting,
    invariants.every_paper_is_taken_or_refused_or_repeated: _answer_a_paper_twice,
    invariants.every_paper_taken_was_judged_by_itself: _skip_a_judgement,
    invariants.every_ruling_has_its_receipt: _lose_a_release_receipt,
    invariants.no_poller_missed_a_receipt: _lose_a_receipt,
    invariants.outgoing_messages_keep_their_bytes: _change_a_body,
    invariants.every_list_was_released_once: _release_twice,
    invariants.numbers_are_given_once: _give_a_number_twice,
    invariants.every_tax_bill_is_its_list_s_tax: _bill_a_fen_more,
    invariants.the_ledger_balances: _lose_a_transfer,
    invariants.pledged_is_the_tax_of_what_is_released: _owe_a_fen_more,
    invariants.allowances_are_what_released_lists_took: _take_of_a_year_unseen,
    invariants.lists_followed_up_came_out_so: _cancel_twice,
    invariants.nothing_was_logged_as_a_fault: _log_a_fault,
}


def unseen(seen: Evidence) -> list[str]:
    """The invariants that let their spoilt evidence pass: none."""
    passed = []
    for check, spoil in SPOILERS.items():
        mine = own_copy(seen)
        spoil(mine)
        if not check(mine):
            passed.append(check.__name__)
    seen.run.readers.wrong.append("GET / was answered with 500")
    if not invariants.partners_were_answered_as_promised(seen):
        passed.append("partners_were_answered_as_promised")
    seen.run.readers.wrong.pop()
    seen.run.hooked = {max(seen.receipts, key=lambda code: len(seen.receipts[code])): Partner(lambda _: 204)}
    if not invariants.webhooks_were_posted_all_and_in_order(seen):
        passed.append("webhooks_were_posted_all_and_in_order")
    seen.run.hooked = {}
    _turn_the_truth(seen)
    if not invariants.outcomes_are_the_truth(seen):
        passed.append("outcomes_are_the_truth")
    return passed


def _turn_the_truth(seen: Evidence) -> None:
    """Say of the first list in the truth file that it must come out otherwise; not to be undone."""
    path = seen.run.traffic.truth
    first, *others = path.read_text(encoding="utf-8").splitlines()
    turned = json.loads(first) | {"outcome": "held" if '"refused"' in first else "refused"}
    path.write_text("\n".join([json.dumps(turned), *others]) + "\n", encoding="utf-8")
