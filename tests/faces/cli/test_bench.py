"""`tripoint bench` as a user runs it, small: every way of arrival and both kinds of keys, checked to the last list."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from tests.faces.cli.running import execute

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("traffic")


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (1, ["--arrival", "mixed", "--keys", "rsa"]),
        (2, ["--arrival", "together", "--keys", "sm2", "--papers", "10"]),
        (3, ["--arrival", "spread", "--papers", "1", "--rate", "20"]),
    ],
)
def test_every_list_comes_out_as_it_must_and_every_release_is_told(tripoint, cache, seed, words):
    ended = tripoint(
        "bench",
        "--trades",
        "40",
        "--seed",
        str(seed),
        "--anomalies",
        "0.2",
        "--cache",
        str(cache),
        "--json",
        *words,
    )
    assert ended.code == 0, ended.err
    told = ended.json
    assert told["faults"] == {}
    assert told["trades"] == 40
    assert 0 < told["released"] < 40
    assert told["told_ms"]["count"] == told["released"] == told["release_ms"]["count"]
    assert told["ack_ms"]["count"] == told["messages"]
    assert told["cpu_us_per_list"]["worker 1"] > 0
    assert told["cpu_us_per_list"]["HTTP server"] > 0


def test_goes_on_for_the_time_asked_and_files_its_plots(tripoint, cache, tmp_path):
    words = f"bench --soak 0.05 --rate 10 --seed 5 --workers 2 --cache {cache} --report {tmp_path / 'result'} --json"
    ended = tripoint(*words.split())
    assert ended.code == 0, ended.err
    told = json.loads((tmp_path / "result" / "result.json").read_text())
    assert told == ended.json
    assert told["trades"] == 30
    assert told["machine"]["cores"] >= 1
    assert sum(told["lanes"].values()) == told["messages"]
    assert told["step_cpu_us_per_list"]["read"] > 0
    for name in ("throughput", "waits", "cpu", "steps", "memory"):
        drawn = etree.parse(tmp_path / "result" / f"{name}.svg").getroot()
        assert drawn.tag.endswith("svg")
    assert "worker 2" in (tmp_path / "result" / "memory.svg").read_text()


def test_a_soak_needs_a_rate(tripoint):
    ended = tripoint("bench", "--soak", "1")
    assert ended.code == 2
    assert "SOAK" in ended.err


def test_the_same_trades_are_not_run_twice_in_one_place_and_history_is_filled_in_once(tripoint, cache):
    words = f"bench --trades 5 --seed 4 --anomalies 0 --fetch 0 --history 2000 --cache {cache}".split()
    assert tripoint(*words).code == 0
    again = tripoint(*words)
    assert again.code == 5
    assert "BENCH-AGAIN" in again.err


def test_names_postgres_by_role_in_a_folder_of_its_own(cache, tmp_path, bindir):
    home = {
        "TRIPOINT_DATABASE_URL": "",
        "TRIPOINT_PG_BINDIR": str(bindir),
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
    }
    ended = execute("bench", "--trades", "40", "--cache", str(cache), "--lang", "en", env=home)
    assert ended.returncode == 0, ended.stderr
    assert "PostgreSQL: backends of worker 1" in ended.stdout
    assert "all 40 lists came out as they must" in ended.stdout
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("tripoint-bench")]
