"""Clearing from files: what is printed, written, compared and told of files that cannot be read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from lxml import etree

from tests.faces.cli.running import EXAMPLES
from tripoint.regimes.findings import load_findings

TRUTH = EXAMPLES / "truth.jsonl"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A small generated world, unsigned, that every anomaly without signatures may show in."""
    from datetime import date

    from tripoint.rehearsal.generate import generate
    from tripoint.rehearsal.plan import Plan, Signed

    out = tmp_path_factory.mktemp("world")
    plan = Plan(trades=60, first_day=date(2024, 6, 3), seed=11, anomalies=0.5, signed=Signed.NONE)
    generate(plan, out)
    return out


def test_clears_the_examples_and_every_list_comes_out_as_the_truth_says(tripoint, tmp_path):
    ended = tripoint("clear", EXAMPLES, "--truth", TRUTH, "--out", tmp_path / "out", "--json")
    assert ended.code == 0, ended.out + ended.err
    told = ended.json
    assert told["compared"] == 14
    assert told["different"] == 0
    assert told["papers"] == {"list": 14, "order": 15, "payment": 13, "waybill": 14}
    assert told["states"] == {"held": 1, "refused": 2, "released": 7, "waiting": 3}
    assert told["waits_for"] == {"order": 2, "payment": 1}
    assert told["unreadable"] == 1
    files = sorted((tmp_path / "out").iterdir())
    assert len(files) == told["written"] > 0
    for file in files:
        kind, number, guid = file.stem.split("_")
        root = etree.parse(str(file)).getroot()
        assert etree.QName(root).localname == f"{kind}Message"
        assert root.get("guid") == guid
        assert int(number) > 0
    assert {file.name[:6] for file in files} >= {"CEB312", "CEB412", "CEB512", "CEB622", "CEB816", "CEB900"}


def test_the_same_papers_again_change_nothing(tripoint, tmp_path):
    tripoint("clear", EXAMPLES)
    told = tripoint("clear", EXAMPLES, "--truth", TRUTH, "--out", tmp_path, "--json").json
    assert told["messages"] == 0
    assert told["repeated"] == told["files"]
    assert told["states"] == {}
    assert told["written"] == 0
    assert told["different"] == 0


def test_tells_people_what_happened_in_words(tripoint):
    ended = tripoint("clear", EXAMPLES, "--truth", TRUTH, "--lang", "en")
    assert "released" in ended.out
    assert "for payment" in ended.out
    assert "all 14 lists came out as the truth says" in ended.out
    zh = tripoint("clear", EXAMPLES, "--truth", TRUTH, "--lang", "zh")
    assert "放行" in zh.out
    assert "待 支付单" in zh.out


def test_prints_every_list_that_came_out_otherwise_and_ends_with_1(tripoint, tmp_path):
    tripoint("clear", EXAMPLES)
    lines = [json.loads(line) for line in TRUTH.read_text().splitlines()]
    lines[2]["outcome"] = "refused"
    lines[3]["tax"] = "1.00"
    lines[5]["findings"] = []
    false = tmp_path / "truth.jsonl"
    false.write_text("".join(json.dumps(line) + "\n" for line in lines))
    ended = tripoint("clear", "--truth", false)
    assert ended.code == 1
    assert "3 of 14 lists came out otherwise" in ended.err
    told = tripoint("clear", "--truth", false, "--json").json
    assert [(one["order_no"], one["differs"]) for one in told["differences"]] == [
        (lines[2]["order_no"], ["outcome"]),
        (lines[3]["order_no"], ["tax"]),
        (lines[5]["order_no"], ["findings"]),
    ]
    assert told["differences"][0]["actual"]["outcome"] == "released"


def test_a_truth_that_is_none_is_refused_with_its_line(tripoint, tmp_path):
    (tmp_path / "t").write_text("{}\n")
    ended = tripoint("clear", "--truth", tmp_path / "t")
    assert ended.code == 2
    assert "line 1" in ended.err


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00", b"\x80\n"])
def test_a_truth_that_is_none_is_refused_before_anything_is_taken_in(tripoint, tmp_path, content):
    (tmp_path / "t").write_bytes(content)
    before = tripoint("messages", "--most", "1000", "--json").out
    message = tmp_path / "m.xml"
    message.write_bytes(next(EXAMPLES.glob("*.xml")).read_bytes() + b"<!-- of this test -->")
    ended = tripoint("clear", message, "--truth", tmp_path / "t")
    assert (ended.code, ended.err.count("TRUTH: "), ended.out) == (2, 2, "")
    assert tripoint("clear", message, "--truth", tmp_path / "nothing").code == 4
    assert tripoint("messages", "--most", "1000", "--json").out == before


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_taken_in(tripoint, tmp_path):
    before = tripoint("messages", "--most", "1000", "--json").out
    (tmp_path / "file").write_text("")
    message = tmp_path / "m.xml"
    message.write_bytes(next(EXAMPLES.glob("*.xml")).read_bytes() + b"<!-- of that test -->")
    for out in (tmp_path / "file", "/proc/nowhere"):
        ended = tripoint("clear", message, "--out", out)
        assert (ended.code, ended.err.count("FILE: ")) == (4, 2)
    assert tripoint("messages", "--most", "1000", "--json").out == before


def test_clears_a_generated_world_whose_papers_are_not_signed(tripoint, world):
    ended = tripoint("clear", world, "--truth", world / "truth.jsonl", "--signatures", "ignore", "--json")
    told = ended.json
    assert told["differences"] == []
    assert ended.code == 0
    assert told["compared"] == 60
    assert set(told["findings"]) <= set(load_findings())


def test_files_that_cannot_be_read_are_told_and_the_others_go_on(tripoint, tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    shutil.copy(next(EXAMPLES.glob("*.xml")), folder / "b.xml")
    (folder / "a.xml").symlink_to(tmp_path / "nothing.xml")
    (folder / "c.xml").write_bytes(b"  \n")
    (folder / ".hidden.xml").write_bytes(b"half a file")
    ended = tripoint("clear", folder, "--json")
    assert ended.code == 1
    told = ended.json
    assert [(Path(one["file"]).name, one["code"]) for one in told["unread"]] == [
        ("a.xml", "FILE"),
        ("c.xml", "MESSAGE-EMPTY"),
    ]
    assert told["files"] == 3
    assert told["messages"] + told["repeated"] == 1


def test_a_path_that_does_not_exist_is_unknown(tripoint, tmp_path):
    assert tripoint("clear", tmp_path / "nothing").code == 4


def test_filings_that_are_not_marked_as_made_up_are_never_loaded_by_themselves(tripoint, tmp_path):
    document = {
        "enterprises": [
            {
                "enterprise_code": "3105961234",
                "name": "某平台",
                "roles": ["marketplace"],
                "realtime_payment_data": True,
                "since": "2024-01-01",
                "source": "test",
            }
        ]
    }
    (tmp_path / "filings.json").write_text(json.dumps(document))
    ended = tripoint("clear", tmp_path)
    assert "--filings" in ended.err
    assert tripoint("filings", "list", "3105961234", "--json").json["enterprises"] == []
    assert tripoint("clear", "--filings", tmp_path / "filings.json").code == 0
    assert len(tripoint("filings", "list", "3105961234", "--json").json["enterprises"]) == 1
