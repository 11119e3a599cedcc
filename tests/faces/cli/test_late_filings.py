"""Papers that come before the filings of those who sent them: judged again when the filings are there."""

from __future__ import annotations

from tests.faces.cli.running import EXAMPLES

PAPERS = sorted(EXAMPLES.glob("0*.xml"))


def test_lists_of_firms_not_filed_are_judged_again_when_the_filings_are_loaded(tripoint):
    before = tripoint("clear", *PAPERS, "--signatures", "ignore", "--json").json
    assert before["states"].get("released", 0) == 0
    assert before["findings"]["PARTY-09"] > 0
    loaded = tripoint("filings", "load", EXAMPLES / "filings.json", "--json").json
    assert loaded["deposits"] > 0
    assert loaded["rejudged"]["states"]["released"] >= 7
    assert tripoint("clear", "--filings", EXAMPLES / "filings.json", "--json").json["states"] == {}
