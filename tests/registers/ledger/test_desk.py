"""The ledger on a real server."""

import ast
import contextlib
import inspect
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tripoint.kernel.refusals import Conflict, Malformed, Unknown
from tripoint.registers.ledger import desk, rules, store
from tripoint.registers.ledger.records import OUTSIDE, TAX_COLLECTED, TAX_RECEIVABLE, TRANSFERS, Posted

pytestmark = pytest.mark.servers

AT = datetime(2024, 6, 1, 8, tzinfo=UTC)
YUAN = 100_000
FREE, BOUND = rules.available("0000A60001"), rules.pledged("0000A60001")


def frame(*rows):
    return pl.DataFrame(rows, schema=TRANSFERS, orient="row")


def pledge(order, amount, *, reason="pledge", debit=FREE, credit=BOUND, reference=None, message=7):
    return order, debit, credit, amount, reason, reference or f"L-{order}", message


@pytest.fixture
def ledger(tx):
    desk.deposit(tx, "0000A60001", 1000 * YUAN, reference="deposit-1", at=AT)
    return tx


def balance(tx, account):
    return desk.account(tx, account).balance


def test_a_deposit_opens_the_guarantee_and_counts_once(ledger):
    assert desk.deposit(ledger, "0000A60001", 1000 * YUAN, reference="deposit-1", at=AT) == Posted(
        written=0, known=1
    )
    assert (balance(ledger, FREE), balance(ledger, BOUND), balance(ledger, OUTSIDE)) == (
        1000 * YUAN,
        0,
        -1000 * YUAN,
    )
    with pytest.raises(Conflict, match="LEDGER-REPOSTED"):
        desk.deposit(ledger, "0000A60001", 999 * YUAN, reference="deposit-1", at=AT)


def test_the_guarantee_an_enterprise_begins_with_is_lodged_once_whatever_document_says_so(tx):
    def lodge(amount, reference=None):
        return desk.lodge_filed(tx, "0000A60001", amount * YUAN, reference=reference, at=AT)

    assert lodge(1000) == Posted(written=1, known=0)
    assert lodge(1000) == Posted(written=0, known=1)
    with pytest.raises(Conflict, match="LEDGER-OPENED"):
        lodge(1500)
    assert lodge(500, "letter 2") == Posted(written=1, known=0)
    assert lodge(500, "letter 2") == Posted(written=0, known=1)
    with pytest.raises(Conflict, match="LEDGER-REPOSTED"):
        lodge(600, "letter 2")
    assert lodge(1000) == Posted(written=0, known=1)
    assert balance(tx, FREE) == 1500 * YUAN


def test_one_lodged_under_a_digest_of_its_document_counts_as_the_one_it_begins_with(tx):
    """As it was kept until 2026-11-27."""
    desk.deposit(tx, "0000A60001", 1000 * YUAN, reference="filings/0123456789abcdef/0000A60001", at=AT)
    known = desk.lodge_filed(tx, "0000A60001", 1000 * YUAN, reference=None, at=AT)
    assert (known, balance(tx, FREE)) == (Posted(written=0, known=1), 1000 * YUAN)


@pytest.mark.parametrize("reference", ["", " ", " a", "a ", "r" * 241])
def test_refuses_a_reference_that_names_nothing(ledger, reference):
    for act in (desk.deposit, desk.withdraw):
        with pytest.raises(Malformed, match="LEDGER-REFERENCE"):
            act(ledger, "0000A60001", YUAN, reference=reference, at=AT)


def test_posts_a_batch_once_however_often_it_is_sent(ledger):
    batch = frame(pledge("O1", 30 * YUAN), pledge("O2", 12_345), pledge("O1", 30 * YUAN))
    assert desk.post(ledger, batch, at=AT) == Posted(written=2, known=0)
    more = pl.concat([batch, frame(pledge("O3", 1))])
    assert desk.post(ledger, more, at=AT) == Posted(written=1, known=2)
    assert balance(ledger, BOUND) == 30 * YUAN + 12_346
    assert desk.check(ledger).is_sound


def test_an_empty_batch_changes_nothing(ledger):
    assert desk.post(ledger, frame(), at=AT) == Posted(written=0, known=0)


def test_the_same_reference_may_be_pledged_and_freed_again(ledger):
    desk.post(ledger, frame(pledge("O1", 5)), at=AT)
    freed = pledge("O1", 5, reason="free", debit=BOUND, credit=FREE)
    assert desk.post(ledger, frame(freed), at=AT).written == 1
    assert desk.post(ledger, frame(freed), at=AT).written == 0
    assert (balance(ledger, FREE), balance(ledger, BOUND)) == (1000 * YUAN, 0)


def test_refuses_to_overdraw_and_writes_nothing_of_the_batch(ledger):
    with pytest.raises(Conflict, match="LEDGER-OVERDRAWN"):
        desk.post(ledger, frame(pledge("O1", 600 * YUAN), pledge("O2", 400 * YUAN + 1)), at=AT)
    assert balance(ledger, FREE) == 1000 * YUAN
    assert desk.check(ledger).transfers == 1
    assert desk.post(ledger, frame(pledge("O1", 600 * YUAN), pledge("O2", 400 * YUAN)), at=AT).written == 2
    assert balance(ledger, FREE) == 0


def test_withdraws_only_what_is_free(ledger):
    desk.post(ledger, frame(pledge("O1", 400 * YUAN)), at=AT)
    with pytest.raises(Conflict, match="LEDGER-OVERDRAWN"):
        desk.withdraw(ledger, "0000A60001", 601 * YUAN, reference="w1", at=AT)
    desk.withdraw(ledger, "0000A60001", 600 * YUAN, reference="w1", at=AT)
    assert balance(ledger, FREE) == 0
    assert desk.check(ledger).is_sound


def test_refuses_to_post_to_an_account_that_is_not_open(ledger):
    with pytest.raises(Unknown, match="customs/tax-collected"):
        desk.post(ledger, frame(pledge("O1", 1, credit=TAX_COLLECTED)), at=AT)


def test_lock_balances_opens_accounts_only_when_told(tx):
    names = pl.DataFrame({"account": [TAX_RECEIVABLE, BOUND, FREE, FREE]})
    assert desk.lock_balances(tx, names).is_empty()
    held = desk.lock_balances(tx, names, create_at=AT)
    assert held.rows() == [(TAX_RECEIVABLE, 0, None), (FREE, 0, 0), (BOUND, 0, 0)]
    with pytest.raises(Malformed, match="LEDGER-ACCOUNT"):
        desk.lock_balances(tx, pl.DataFrame({"account": ["guarantee/x"]}), create_at=AT)


def test_a_batch_of_one_and_of_many_run_the_same_number_of_statements(ledger):
    counts = []
    for size in (1, 500):
        before = ledger.statements
        desk.post(ledger, frame(*(pledge(f"S{size}-{number}", 1) for number in range(size))), at=AT)
        counts.append(ledger.statements - before)
    # The first batch makes the temporary tables, the second one empties them: the same number of statements.
    assert counts[0] == counts[1]


def test_a_statement_pages_through_both_sides_newest_first(ledger):
    for number in range(7):
        back = number % 2
        sides = {"debit": BOUND, "credit": FREE} if back else {}
        desk.post(
            ledger,
            frame(pledge(f"O{number}", 10 - number, reason="free" if back else "pledge", **sides)),
            at=AT + timedelta(hours=number),
        )
    lines = []
    before = None
    while page := desk.statement(ledger, FREE, before=before, limit=3):
        lines += page
        before = page[-1].transfer_id
    assert [line.amount for line in lines] == [-4, 5, -6, 7, -8, 9, -10, 1000 * YUAN]
    assert sum(line.amount for line in lines) == balance(ledger, FREE)
    assert lines[0].other_account == BOUND
    assert lines[0].posted_at == AT + timedelta(hours=6)
    assert (lines[0].order_no, lines[0].reference, lines[0].message_id) == ("O6", "L-O6", 7)
    with pytest.raises(Unknown):
        desk.statement(ledger, "guarantee/NOBODY/available")


def test_accounts_are_listed_by_name(ledger):
    assert [item.account for item in desk.accounts(ledger, limit=2)] == [FREE, BOUND]
    assert [item.account for item in desk.accounts(ledger, after=BOUND)] == [OUTSIDE]
    assert [item.account for item in desk.accounts(ledger, "guarantee/0000A60001/p")] == [BOUND]
    with pytest.raises(Malformed, match="PAGE-LIMIT"):
        desk.accounts(ledger, limit=0)


def test_the_check_sees_a_balance_that_somebody_has_touched(ledger):
    ledger.run("update accounts set balance = balance + 1 where account = %(account)s", account=FREE)
    audit = desk.check(ledger)
    assert audit.wrong == ((FREE, 1000 * YUAN + 1, 1000 * YUAN),)
    assert audit.total == 1
    assert not audit.is_sound


def test_no_statement_changes_or_removes_a_transfer():
    for statement in store._sql.values():
        words = " ".join(statement.text.lower().split())
        assert "update transfers" not in words
        assert "delete from" not in words
        assert "truncate" not in words
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(inspect.getsource(store)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert "script" not in called


moves = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.sampled_from([(FREE, BOUND), (BOUND, FREE), (BOUND, TAX_COLLECTED), (OUTSIDE, FREE)]),
            st.integers(1, 400 * YUAN),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda move: move[0],
    ),
    max_size=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(moves)
def test_every_balance_equals_its_entries_after_any_batches(database, batches):
    """A plain dictionary of balances, moved one by one, is the oracle."""

    class Undo(Exception):
        pass

    with contextlib.suppress(Undo), database.transaction() as tx:
        names = pl.DataFrame({"account": [FREE, BOUND, OUTSIDE, TAX_COLLECTED]})
        desk.lock_balances(tx, names, create_at=AT)
        desk.deposit(tx, "0000A60001", 500 * YUAN, reference="d", at=AT)
        held = {FREE: 500 * YUAN, BOUND: 0, OUTSIDE: -500 * YUAN, TAX_COLLECTED: 0}
        known = {}
        for batch in batches:
            rows = [
                pledge(f"O{order}", amount, debit=debit, credit=credit)
                for order, (debit, credit), amount in batch
            ]
            new = [row for row in rows if row[0] not in known]
            after = dict(held)
            for _, debit, credit, amount, *_ in new:
                after[debit] -= amount
                after[credit] += amount
            differs = any(row[0] in known and known[row[0]] != row for row in rows)
            if differs or after[FREE] < 0 or after[BOUND] < 0:
                with pytest.raises(Conflict):
                    desk.post(tx, frame(*rows), at=AT)
            else:
                assert desk.post(tx, frame(*rows), at=AT) == Posted(
                    written=len(new), known=len(rows) - len(new)
                )
                held = after
                known |= {row[0]: row for row in new}
            assert store.books(tx)[0] == held
            assert desk.check(tx).is_sound
        raise Undo
