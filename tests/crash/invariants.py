"""What must hold after any run, whatever was killed: each a function that returns what speaks against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.crash.evidence import Evidence, Row
from tests.crash.followups import CANCELLED, RETURNED
from tests.crash.run import outbox_ids
from tripoint.faces.cli.comparing import Difference, Fates, differences, read_truth

Check = Callable[[Evidence], list[str]]
ALLOWANCE_MAX = 26_000 * 100_000
"""What a person may buy in a year (财关税〔2018〕49号), in 0.00001 yuan."""

RELEASE_TEXT = "[Code:2600;Desc:放行]"
REPEATED_TEXT = "重复报送"
_LAST_TOLD = {"held": ["300"], "refused": ["100"]}


def partners_were_answered_as_promised(seen: Evidence) -> list[str]:
    """202 or 200, or 503 with Retry-After; the same bytes the same number; receipts rising; bodies unchanged."""
    run = seen.run
    return [*run.senders.heard.wrong, *run.readers.wrong, *run.faults]


def every_acknowledged_message_is_there_byte_for_byte(seen: Evidence) -> list[str]:
    """What was answered with 202 is kept as it was sent, and nothing else is kept."""
    heard = seen.run.senders.heard
    lost = [
        f"message {number} is not there as it was sent"
        for key, number in heard.acknowledged.items()
        if seen.raws.get(number) != heard.letters[key].raw
    ]
    strange = seen.messages.keys() - set(heard.acknowledged.values())
    return lost + [f"message {number} was never acknowledged" for number in sorted(strange)]


def every_message_was_worked_on(seen: Evidence) -> list[str]:
    """None still waits; what is a message was read, what is none was answered by a CEB900."""
    states = {number: row["state"] for number, row in seen.messages.items()}
    answered = {row["message_id"] for row in seen.everybody if row["message_type"] == "CEB900"}
    found = []
    for key, number in seen.run.senders.heard.acknowledged.items():
        letter = seen.run.senders.heard.letters[key]
        wanted = "read" if letter.message_type else "unreadable"
        if states.get(number) != wanted:
            found.append(f"message {number} ({letter.message_type or 'garbage'}) is {states.get(number)}")
        if not letter.message_type and number not in answered:
            found.append(f"garbage {number} has no CEB900")
    return found


def every_paper_is_taken_or_refused_or_repeated(seen: Evidence) -> list[str]:
    """Each paper of each message read has one first answer: 2 or 1, a refusal with its reason, or that it came before."""
    by_paper, heard, found = seen.by_paper(), seen.run.senders.heard, []
    for key, number in heard.acknowledged.items():
        letter = heard.letters[key]
        for position in range(letter.papers):
            told = by_paper.get((number, position), [])
            firsts = [row for row in told if _is_first(row)]
            if len(firsts) != 1:
                found.append(
                    f"paper {number}/{position} ({letter.message_type}) has {len(firsts)} first answers"
                )
            elif firsts[0]["return_status"].startswith("-") and not firsts[0]["return_info"]:
                found.append(f"paper {number}/{position} was refused without a reason")
            elif told[0] is not firsts[0]:
                found.append(f"paper {number}/{position} was answered before it was taken")
    return found


def _is_first(row: Row) -> bool:
    status = row["return_status"]
    refused_later = status in (
        "-623003",
        "-623005",
    )  # A cancellation is taken, and then told that it cannot be.
    return (
        row["message_type"] not in ("CEB816", "CEB818")
        and not refused_later
        and (status in ("1", "2") or status.startswith("-") or row["return_info"].startswith(REPEATED_TEXT))
    )


def every_paper_taken_was_judged_by_itself(seen: Evidence) -> list[str]:
    """An order, payment or waybill that was taken (2) is told 120 or 100 right after, once."""
    found = []
    for place, told in seen.by_paper().items():
        if told[0]["message_type"] not in ("CEB312", "CEB412", "CEB512") or told[0]["return_status"] != "2":
            continue
        if told[0]["return_info"].startswith(REPEATED_TEXT):
            continue
        second = told[1]["return_status"] if len(told) > 1 else None
        stored = [row for row in told if row["return_status"] == "120"]
        if second not in ("120", "100") or len(stored) > 1:
            found.append(f"paper {place} was told {[row['return_status'] for row in told]}")
    return found


def every_ruling_has_its_receipt(seen: Evidence) -> list[str]:
    """A released list is told 120, 800 and its tax bill once; a held one 300, a refused one 100 at last; in that order."""
    by_order: dict[tuple[str, str], list[Row]] = {}
    for row in seen.everybody:
        if row["message_type"] in ("CEB622", "CEB816", "CEB818") and not _is_first(row):
            by_order.setdefault((row.get("order_no", ""), row.get("marketplace_code", "")), []).append(row)
    bills = {(bill["order_no"], bill["tax_no"]) for bill in seen.tax_bills}
    found = []
    for key, listed in seen.clearings.items():
        rows = [row for row in by_order.get(key, []) if row["message_type"] == "CEB622"]
        said = [row["return_status"] for row in rows]
        text = f"list {key[0]} is {listed['state']} and was told {said}"
        if listed["state"] in ("released", "cancelled") and listed["tax"] is not None:
            releases = [row for row in rows if row["return_info"] == RELEASE_TEXT]
            if len(releases) != 1 or said[-1] != "800" or "120" not in said:
                found.append(text)
            elif releases[0]["list_no"] != listed["list_no"]:
                found.append(f"list {key[0]} was told the number {releases[0]['list_no']}")
            told_bills = [row["tax_no"] for row in by_order[key] if row["message_type"] == "CEB816"]
            if len(told_bills) != 1 or (key[0], told_bills[0]) not in bills:
                found.append(f"list {key[0]} was sent the tax bills {told_bills}")
        elif said[-1:] != _LAST_TOLD.get(listed["state"], said[-1:]) or "800" in said:
            found.append(text)
    return found


def no_poller_missed_a_receipt(seen: Evidence) -> list[str]:
    """What each enterprise polled with a cursor through all kills is what it is given from the beginning afterwards."""
    found = []
    for code, whole in seen.receipts.items():
        polled = seen.run.readers.receipts[code]
        if polled != whole:
            lost = {row["receipt_id"] for row in whole} - {row["receipt_id"] for row in polled}
            found.append(f"{code} polled {len(polled)} of {len(whole)} receipts; missed {sorted(lost)[:5]}")
        if any(row["recipient_code"] != code for row in whole):
            found.append(f"{code} was given receipts for others")
    ids = [row["receipt_id"] for row in seen.everybody]
    if ids != sorted(set(ids)):
        found.append("the numbers of receipts do not rise")
    if Counter(ids) != Counter(row["receipt_id"] for rows in seen.receipts.values() for row in rows):
        found.append("the operator is shown other receipts than the recipients together")
    return found


def webhooks_were_posted_all_and_in_order(seen: Evidence) -> list[str]:
    """A partner is posted each of its outgoing messages at least once; one that comes twice follows itself."""
    found = []
    for code, its in seen.run.hooked.items():
        posted, wanted = outbox_ids(its), {row["outbox_id"] for row in seen.receipts[code]}
        if set(posted) != wanted:
            found.append(f"{code} was posted {len(set(posted))} of {len(wanted)} messages")
        if posted != sorted(posted):
            found.append(f"{code} was posted messages out of order")
    return found


def outgoing_messages_keep_their_bytes(seen: Evidence) -> list[str]:
    """What was fetched while processes were killed is fetched again in the same bytes."""
    polled = seen.run.readers.bodies
    return [
        f"outgoing message {number} has changed"
        for number, body in seen.bodies.items()
        if body != polled[number]
    ]


def every_list_was_released_once(seen: Evidence) -> list[str]:
    """No two releases in the journal; a release for each list that is or was released, and for no other."""
    releases = Counter(
        (row["order_no"], row["marketplace_code"]) for row in seen.decisions if row["state"] == "released"
    )
    released = {key for key, row in seen.clearings.items() if row["state"] == "released"}
    found = [f"list {key} was released {times} times" for key, times in releases.items() if times > 1]
    found += [f"list {key} is released without a decision" for key in released - releases.keys()]
    gone = {key for key, row in seen.clearings.items() if row["state"] not in ("released", "cancelled")}
    return found + [f"list {key} was released and is no longer" for key in releases.keys() & gone]


def numbers_are_given_once(seen: Evidence) -> list[str]:
    """List numbers, pre-entry numbers, tax bill numbers and numbers of decisions' batches: each to one list."""
    rows = list(seen.clearings.values())
    found = [
        *_twice("list number", (row["list_no"] for row in rows if row["list_no"])),
        *_twice("pre-entry number", (row["pre_no"] for row in rows)),
        *_twice("tax bill", (row["tax_no"] for row in seen.tax_bills)),
    ]
    standing = Counter(
        (row["order_no"], row["marketplace_code"]) for row in seen.tax_bills if row["status"] != "3"
    )
    for key, row in seen.clearings.items():
        wanted = 1 if row["state"] == "released" else 0
        if standing[key] != wanted:
            found.append(f"list {key} is {row['state']} and has {standing[key]} tax bills")
    return found


def _twice(what: str, numbers: Iterable[Any]) -> Iterator[str]:
    return (
        f"{what} {number} was given {times} times" for number, times in Counter(numbers).items() if times > 1
    )


def every_tax_bill_is_its_list_s_tax(seen: Evidence) -> list[str]:
    """Duty, consumption tax and VAT of a bill are the list's, in whole fen."""
    found = []
    for bill in seen.tax_bills:
        listed = seen.clearings[bill["order_no"], bill["marketplace_code"]]
        parts = [bill[name] for name in ("duty", "consumption_tax", "vat")]
        if (
            parts != [listed[name] for name in ("duty", "consumption_tax", "vat")]
            or sum(parts) != listed["tax"]
        ):
            found.append(f"tax bill {bill['tax_no']} is {parts}, its list {listed['tax']}")
        if any(part % 1000 for part in parts):
            found.append(f"tax bill {bill['tax_no']} has a fraction of a fen")
    return found


def the_ledger_balances(seen: Evidence) -> list[str]:
    """Every balance is the sum of its transfers, all balances together are nothing, none is below its minimum."""
    sums: Counter[str] = Counter()
    for row in seen.transfers:
        sums[row["debit_account"]] -= row["amount"]
        sums[row["credit_account"]] += row["amount"]
    found = [
        f"{name} holds {row['balance']}, its transfers come to {sums[name]}"
        for name, row in seen.accounts.items()
        if row["balance"] != sums[name]
    ]
    found += [f"{name} has transfers and is not open" for name in sums.keys() - seen.accounts.keys()]
    found += [
        f"{name} is overdrawn"
        for name, row in seen.accounts.items()
        if row["minimum"] is not None and row["balance"] < row["minimum"]
    ]
    if sum(row["balance"] for row in seen.accounts.values()) != 0:
        found.append("the balances do not add up to nothing")
    return found + ([] if seen.audit.is_sound else [f"the product's own audit: {seen.audit.wrong[:3]}"])


def pledged_is_the_tax_of_what_is_released(seen: Evidence) -> list[str]:
    """Of each guarantor as much is pledged as its released lists must pay, less what came back in time."""
    owed: Counter[str] = Counter()
    for row in seen.clearings.values():
        if row["state"] == "released":
            owed[row["guarantor_code"]] += row["tax"]
    for row in seen.returns:
        if row["state"] == "accepted":
            listed = seen.clearings[row["order_no"], row["marketplace_code"]]
            owed[listed["guarantor_code"]] -= row["tax"]
    found = []
    for name, account in seen.accounts.items():
        _, _, rest = name.partition("guarantee/")
        code, _, which = rest.partition("/")
        if which == "pledged" and account["balance"] != owed[code]:
            found.append(f"{code} has pledged {account['balance']}, its lists owe {owed[code]}")
    return found


def allowances_are_what_released_lists_took(seen: Evidence) -> list[str]:
    """What a person has used is the sum of uses less what was given back, which is the value of the lists released."""
    uses: Counter[tuple[str, int, str]] = Counter()
    for row in seen.uses:
        uses[row["person_id"], row["year"], row["allowance"]] += row["amount"] - row["given_back"]
    used = {(row["person_id"], row["year"], row["allowance"]): row["used"] for row in seen.allowances}
    found = [
        f"a person has used {used.get(key, 0)} of {key[2]}, taken {uses[key]}"
        for key in uses | used.keys()
        if used.get(key, 0) != uses[key]
    ]
    found += [
        f"{key[2]} of {key[1]} is overdrawn: {value}"
        for key, value in used.items()
        if key[2] == "value" and value > ALLOWANCE_MAX
    ]
    returned: Counter[tuple[str, str]] = Counter()
    for row in seen.returns:
        if row["state"] == "accepted":
            returned[row["order_no"], row["marketplace_code"]] += row["value"]
    took = {
        (row["order_no"], row["marketplace_code"]): row["amount"] - row["given_back"]
        for row in seen.uses
        if row["allowance"] == "value" and not row["order_no"].startswith("opening/")
    }
    for key, listed in seen.clearings.items():
        wanted = listed["dutiable_value"] - returned[key] if listed["state"] == "released" else 0
        if took.get(key, 0) != wanted:
            found.append(
                f"list {key} is {listed['state']} and holds {took.get(key, 0)} of its buyer's year, not {wanted}"
            )
    return found


def lists_followed_up_came_out_so(seen: Evidence) -> list[str]:
    """Each cancellation cancelled its list once and each return gave back once, however often they were sent."""
    run, found = seen.run, []
    journal = Counter((row["order_no"], row["state"]) for row in seen.decisions)
    states = {key[0]: row["state"] for key, row in seen.clearings.items()}
    accepted = Counter(row["order_no"] for row in seen.returns if row["state"] == "accepted")
    for order_no in run.released:
        what = run.followups.chosen.get(order_no)
        cancelled, returned = journal[order_no, "cancelled"], journal[order_no, "returned"]
        if (states.get(order_no) == "cancelled") != (what == CANCELLED) or cancelled != (what == CANCELLED):
            found.append(f"{order_no} ({what}) is {states.get(order_no)}, cancelled {cancelled} times")
        if returned != (what == RETURNED) or accepted[order_no] != (what == RETURNED):
            found.append(f"{order_no} ({what}) has {accepted[order_no]} returns, {returned} in the journal")
    return found


def outcomes_are_the_truth(seen: Evidence) -> list[str]:
    """Outcome, findings, papers waited for and tax of every list are what the rehearsal says must come out."""
    with seen.run.installation.operator() as engine:
        fates = Fates(engine)
    cancelled = {order_no for order_no, what in seen.run.followups.chosen.items() if what == CANCELLED}
    return [
        f"{found.order_no} ({found.anomaly}): {found.expected} became {found.actual}"
        for found in differences(read_truth(seen.run.traffic.truth), fates)
        if found is not None and not (found.order_no in cancelled and _was_cancelled(found))
    ]


def _was_cancelled(found: Difference) -> bool:
    """Whether a list differs from what was released in nothing but that it was cancelled afterwards."""
    was_to_be = found.expected.outcome == "released" and found.actual.outcome == "cancelled"
    return was_to_be and set(found.differs) <= {"outcome", "tax"}


def nothing_was_logged_as_a_fault(seen: Evidence) -> list[str]:
    """A database that is killed is a refusal to wait out (Busy), not a fault of ours."""
    return seen.faults_logged


CHECKS: tuple[Check, ...] = (
    partners_were_answered_as_promised,
    every_acknowledged_message_is_there_byte_for_byte,
    every_message_was_worked_on,
    every_paper_is_taken_or_refused_or_repeated,
    every_paper_taken_was_judged_by_itself,
    every_ruling_has_its_receipt,
    no_poller_missed_a_receipt,
    webhooks_were_posted_all_and_in_order,
    outgoing_messages_keep_their_bytes,
    every_list_was_released_once,
    numbers_are_given_once,
    every_tax_bill_is_its_list_s_tax,
    the_ledger_balances,
    pledged_is_the_tax_of_what_is_released,
    allowances_are_what_released_lists_took,
    lists_followed_up_came_out_so,
    outcomes_are_the_truth,
    nothing_was_logged_as_a_fault,
)
"""Every invariant; the comparison with an undisturbed run is in `undisturbed`."""


def judge(seen: Evidence) -> dict[str, list[str]]:
    """Everything that speaks against the run, by invariant."""
    return {check.__name__: check(seen) for check in CHECKS}
