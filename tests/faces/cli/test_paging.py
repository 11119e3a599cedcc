"""Pages of tables: never cut short in silence, and under each how the next is asked for."""

from __future__ import annotations

import pytest

from tests.faces.cli.running import EXAMPLES
from tripoint.faces.cli import exits

PAGED = [
    ("lists",),
    ("receipts",),
    ("messages",),
    ("filings", "list"),
    ("access", "list"),
    ("ledger", "statement"),
    ("returns", "list"),
]
NOTHING = [
    (("lists", "--enterprise", "zzz"), "no such lists"),
    (("receipts", "--enterprise", "zzz"), "no such receipts"),
    (("messages", "--type", "zzz"), "no such messages"),
    (("filings", "list", "zzz"), "no such enterprises"),
    (("access", "list", "--after", "nope"), "no such keys"),
    (("ledger", "statement", "--after", "zzz"), "no such accounts"),
    (("returns", "list", "zzz"), "no such returns"),
]


@pytest.fixture(autouse=True)
def cleared(tripoint):
    """The examples lie in the installation."""
    assert tripoint("clear", EXAMPLES, "--quiet").code == 0


@pytest.mark.parametrize("words", PAGED, ids=" ".join)
@pytest.mark.parametrize("most", [0, -1, 1001, 5000])
def test_a_page_of_no_rows_or_too_many_is_refused(tripoint, words, most):
    ended = tripoint(*words, "--most", most, "--json")
    assert (ended.code, ended.err.count("PAGE-LIMIT: "), ended.out) == (exits.MALFORMED, 2, "")


@pytest.mark.parametrize("words", [words for words in PAGED if words[0] not in ("access", "returns")])
def test_a_full_page_says_how_the_next_is_asked_for(tripoint, words):
    first = tripoint(*words, "--most", "2", "--json").json
    rows = next(name for name in first if name != "next")
    said = tripoint(*words, "--most", "2", "--lang", "en").out.partition("next page: ")[2].split()
    assert said[1].strip("'") == str(first["next"])
    second = tripoint(*words, "--most", "2", said[0], first["next"], "--json").json[rows]
    assert second
    assert [row for row in second if row in first[rows]] == []


@pytest.mark.parametrize(("words", "said"), NOTHING)
def test_a_page_of_nothing_says_so(tripoint, words, said):
    ended = tripoint(*words, "--lang", "en")
    assert (ended.code, ended.out.strip()) == (exits.OK, said)


def test_keys_and_transfers_say_how_the_next_page_is_asked_for(tripoint):
    for name in ("a", "b"):
        tripoint("access", "create", "--name", name)
    key = tripoint("access", "list", "--most", "1", "--json").json["next"]
    assert f"--after {key}" in tripoint("access", "list", "--most", "1").out
    transfer = tripoint("ledger", "statement", "outside", "--most", "1", "--json").json["next"]
    assert f"--before {transfer}" in tripoint("ledger", "statement", "outside", "--most", "1").out
