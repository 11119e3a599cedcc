"""The ledger's judgements, without a database."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tripoint.kernel.money import LARGEST_E5
from tripoint.kernel.refusals import Conflict, Malformed, Unknown
from tripoint.registers.ledger import rules
from tripoint.registers.ledger.records import BALANCES, KEY, TRANSFERS, AccountKind

ACCOUNTS = ["customs/tax-collected", "guarantee/A/available", "guarantee/A/pledged", "outside"]

transfers = st.lists(
    st.tuples(
        st.integers(0, 10**9).map(str),
        st.permutations(ACCOUNTS).map(lambda names: (names[0], names[1])),
        st.integers(1, 10**12),
    ),
    max_size=30,
    unique_by=lambda row: row[0],
)


def frame(*rows):
    return pl.DataFrame(
        [
            (order, debit, credit, amount, reason, reference, None)
            for order, debit, credit, amount, reason, reference in rows
        ],
        schema=TRANSFERS,
        orient="row",
    )


def row(
    order="O1", debit="outside", credit="guarantee/A/available", amount=1, reason="pledge", reference="L1"
):
    return order, debit, credit, amount, reason, reference


@settings(deadline=None)
@given(transfers)
def test_what_is_given_equals_what_is_taken(rows):
    made = frame(*(row(order, debit, credit, amount) for order, (debit, credit), amount in rows))
    changed = rules.changes(rules.batch(made)) if rows else rules.changes(made)
    assert changed["change"].sum() == 0
    assert changed["account"].n_unique() == changed.height
    for account, change in changed.iter_rows():
        taken = sum(amount for _, (debit, _), amount in rows if debit == account)
        given_ = sum(amount for _, (_, credit), amount in rows if credit == account)
        assert change == given_ - taken


@settings(deadline=None)
@given(transfers, st.randoms())
def test_the_order_and_the_repetition_of_rows_do_not_matter(rows, random):
    once = [row(order, debit, credit, amount) for order, (debit, credit), amount in rows]
    again = once + random.sample(once, len(once) // 2)
    random.shuffle(again)
    assert rules.batch(frame(*again)).equals(rules.batch(frame(*once)))


def test_a_batch_without_message_numbers_is_taken():
    made = rules.batch(frame(row()).drop("message_id"))
    assert made.columns == list(TRANSFERS)
    assert made["message_id"].to_list() == [None]


@pytest.mark.parametrize(
    "faulty",
    [
        row(amount=0),
        row(amount=-1),
        row(amount=None),
        row(amount=LARGEST_E5),
        row(debit="outside", credit="outside"),
        row(debit=None),
        row(order=""),
        row(reason=""),
        row(reference=None),
    ],
)
def test_refuses_a_transfer_that_is_not_whole(faulty):
    with pytest.raises(Malformed, match="LEDGER-TRANSFER"):
        rules.batch(frame(row(order="O0"), faulty))


@pytest.mark.parametrize(
    "other",
    [row(amount=2), row(debit="guarantee/A/pledged"), row(credit="outside", debit="guarantee/A/pledged")],
)
def test_refuses_one_name_with_two_contents_in_a_batch(other):
    with pytest.raises(Conflict, match="LEDGER-REPOSTED"):
        rules.batch(frame(row(), other))


def test_leaves_out_what_was_posted_before():
    rows = rules.batch(frame(row(order="O1"), row(order="O2"), row(order="O1", reason="free")))
    posted = rows.filter(pl.col("order_no") == "O1", pl.col("reason") == "pledge").select(
        *KEY, "debit_account", "credit_account", "amount"
    )
    left = rules.not_yet_posted(rows, posted)
    assert left.select(KEY).rows() == [("O1", "L1", "free"), ("O2", "L1", "pledge")]


def test_refuses_a_known_name_with_another_amount():
    rows = rules.batch(frame(row()))
    posted = rows.select(*KEY, "debit_account", "credit_account", pl.col("amount") + 1)
    with pytest.raises(Conflict, match="LEDGER-REPOSTED"):
        rules.not_yet_posted(rows, posted)


def balances(*rows):
    return pl.DataFrame(rows, schema=BALANCES, orient="row")


@settings(deadline=None)
@given(
    held=st.integers(-(10**17), 10**17),
    change=st.integers(-(10**17), 10**17),
    least=st.none() | st.integers(-(10**17), 10**17),
)
def test_refuses_exactly_what_would_fall_below_the_minimum(held, change, least):
    deltas = pl.DataFrame({"account": ["a"], "change": [change]})
    stands = balances(("a", held, least))
    if least is not None and held + change < least:
        with pytest.raises(Conflict, match="LEDGER-OVERDRAWN"):
            rules.refuse_overdrawn(stands, deltas)
    else:
        rules.refuse_overdrawn(stands, deltas)


def test_refuses_sums_that_do_not_fit():
    most = LARGEST_E5 - 1
    rows = rules.batch(frame(*(row(order=f"O{number}", amount=most) for number in range(30))))
    with pytest.raises(Malformed, match="LEDGER-RANGE"):
        rules.changes(rows)
    with pytest.raises(Malformed, match="LEDGER-RANGE"):
        rules.refuse_overdrawn(
            balances(("a", most, None)), pl.DataFrame({"account": ["a"], "change": [most]})
        )


def test_tells_which_account_is_not_open():
    with pytest.raises(Unknown, match="guarantee/A/available"):
        rules.refuse_missing(rules.accounts_of(frame(row())), balances(("outside", 0, None)))


def test_says_what_an_overdrawn_account_holds_in_both_languages():
    with pytest.raises(Conflict) as told:
        rules.refuse_overdrawn(
            balances(("guarantee/A/available", 10_000_000, 0)),
            pl.DataFrame({"account": ["guarantee/A/available"], "change": [-10_001_000]}),
        )
    assert "余额 100.00，本次需 100.01" in told.value.text.zh
    assert "holds 100.00, 100.01 is asked" in told.value.text.en


@pytest.mark.parametrize(
    ("account", "kind", "minimum"),
    [
        ("outside", AccountKind.OUTSIDE, None),
        (rules.available("0000A60001"), AccountKind.GUARANTEE_AVAILABLE, 0),
        (rules.pledged("0000A60001"), AccountKind.GUARANTEE_PLEDGED, 0),
        ("customs/tax-receivable", AccountKind.CUSTOMS, None),
    ],
)
def test_the_chart_says_the_terms_of_an_account(account, kind, minimum):
    assert (rules.terms(account).kind, rules.terms(account).minimum) == (kind, minimum)


@pytest.mark.parametrize(
    "account",
    [
        "",
        "outsider",
        "guarantee/a b/available",
        "guarantee//pledged",
        "guarantee/A/available\n",
        "guarantee/A/other",
        "customs/",
    ],
)
def test_refuses_an_account_that_the_chart_does_not_have(account):
    with pytest.raises(Malformed, match="LEDGER-ACCOUNT"):
        rules.terms(account)


def test_an_audit_names_every_account_that_differs():
    audit = rules.audit({"a": 5, "b": -5, "c": 1, "d": 0}, {"a": (5, 0), "b": (-4, 1), "e": (2, 3)})
    assert audit.wrong == (("b", -5, -4), ("c", 1, 0), ("e", 0, 2))
    assert (audit.accounts, audit.transfers, audit.total) == (4, 4, 1)
    assert not audit.is_sound
