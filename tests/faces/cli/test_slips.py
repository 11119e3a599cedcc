"""What somebody new does wrong is told in a sentence and its exit code, and is no fault of ours."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faces.cli.running import COMMAND, EXAMPLES, execute, spawn
from tripoint.faces.cli import exits
from tripoint.faces.cli.showing import plan_of, same_plan
from tripoint.kernel.refusals import Conflict


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("serve", "--port", "99999"), exits.MALFORMED, "PORT"),
        (("serve", "--host", "nowhere.invalid"), 4, "LISTEN"),
        (("access", "create", "--name", "x", "--days", "99999999999"), exits.MALFORMED, "DAYS"),
        (("access", "create", "--name", "x", "--days", "0"), exits.MALFORMED, "DAYS"),
        (("generate", "--trades", "1", "--out", "/proc/nowhere"), 4, "FILE"),
        (("access", "console", "--port", "-5"), exits.MALFORMED, "PORT"),
        (("keys", "new", "--name", "名" * 22, "--out", "/proc/nowhere/k.pem"), exits.MALFORMED, "NAME"),
        (("keys", "new", "--organisation", "", "--out", "/proc/nowhere/k.pem"), exits.MALFORMED, "NAME"),
        (("ledger", "statement", "--before", "5"), exits.MALFORMED, "CURSOR"),
        (("ledger", "statement", "outside", "--after", "customs/x"), exits.MALFORMED, "CURSOR"),
        (("bench", "--papers", "101"), exits.MALFORMED, "BENCH"),
        (("bench", "--rate", "0"), exits.MALFORMED, "BENCH"),
        (("bench", "--rate", "nan"), exits.MALFORMED, "BENCH"),
        (("bench", "--rate", "1", "--soak", "0"), exits.MALFORMED, "BENCH"),
        (("bench", "--soak", "1"), exits.MALFORMED, "SOAK"),
        (("bench", "--report", "/proc/nowhere"), 4, "FILE"),
        (("lists", "--code", "GOODS-99"), exits.MALFORMED, "CODE"),
        (("demo", "--stop", "--data", "/proc/nowhere"), 4, "DEMO-NONE"),
    ],
)
def test_a_slip_is_told_in_both_languages(tripoint, words, code, said):
    ended = tripoint(*words)
    assert ended.code == code
    lines = ended.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == [said, said]
    assert "/login?key=" not in ended.err


def test_a_port_that_is_taken_is_told_before_a_link_is(tripoint):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = tripoint("serve", "--port", taken.getsockname()[1])
    assert ended.code == 6
    assert "--port 0" in ended.err
    assert "/login?key=" not in ended.err


def test_receipts_into_a_folder_that_cannot_be_written(tripoint):
    assert tripoint("clear", EXAMPLES, "--quiet").code == exits.OK
    ended = tripoint("receipts", "--out", "/proc/nowhere")
    assert (ended.code, ended.err.count("FILE: ")) == (4, 2)


@pytest.mark.parametrize("command", ["clear", "validate", "verify"])
def test_a_folder_without_messages_is_told(tripoint, tmp_path, command):
    ended = tripoint(command, tmp_path)
    assert ended.code == exits.OK
    assert "there is no .xml file" in ended.err
    assert "没有 .xml 文件" in ended.err


def test_an_address_that_is_none_is_told_without_its_password(tripoint, monkeypatch):
    monkeypatch.setenv("TRIPOINT_DATABASE_URL", "mysql://me:secret@here/there")
    ended = tripoint("lists")
    assert (ended.code, ended.err.count("DATABASE-URL: ")) == (exits.MALFORMED, 2)
    assert "secret" not in ended.err


def test_a_database_that_does_not_answer_is_named_without_its_password(tripoint, monkeypatch):
    monkeypatch.setenv("TRIPOINT_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/there")
    ended = tripoint("lists")
    assert (ended.code, ended.err.count("DATABASE-GONE: ")) == (6, 2)
    assert (
        ended.err.count("TRIPOINT_DATABASE_URL") == ended.err.count("host=127.0.0.1 port=1 dbname=there") == 2
    )
    status = tripoint("db", "status", "--json")
    assert (status.code, status.json["running"]) == (exits.OK, False)
    said = tripoint("db", "status", "--lang", "en").out
    assert "does not answer (DATABASE-GONE)" in said
    assert "secret" not in ended.err + status.out + said


def test_a_setting_that_is_none_ends_every_command_with_2(tripoint, monkeypatch, tmp_path):
    monkeypatch.setenv("TRIPOINT_TYPO", "1")
    ended = tripoint("lists")
    assert (ended.code, ended.err.count("SETTINGS: "), ended.out) == (exits.MALFORMED, 2, "")
    assert ended.err.count("TRIPOINT_TYPO") == 2
    monkeypatch.delenv("TRIPOINT_TYPO")
    (tmp_path / "tripoint.toml").write_bytes("# 备份".encode("gb18030"))
    ended = tripoint("lists", "--data", tmp_path)
    assert (ended.code, ended.err.count("SETTINGS: "), ended.out) == (exits.MALFORMED, 2, "")


def test_a_rate_is_shown_in_percent_with_its_source(tripoint):
    ended = tripoint("rates", "show", "8715000010", "--on", "2024-06-03")
    assert "6%" in ended.out
    assert "source" in ended.out
    told = tripoint("rates", "show", "8715000010", "--on", "2024-06-03", "--json").json
    assert (told["duty_ppm"], bool(told["source"])) == (60_000, True)


def test_another_plan_is_refused_before_the_demo_that_runs_is_stopped(tmp_path, tripoint):
    (tmp_path / "demo.json").write_text('{"trades": 2000, "seed": 1}')
    (tmp_path / "serve.pid").write_text("1")
    with pytest.raises(Conflict):
        same_plan(tmp_path, plan_of(5, 1))
    assert tripoint("demo", "--trades", "5", "--data", tmp_path).code == 5
    assert (tmp_path / "serve.pid").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--trades", "-5"), "REHEARSAL-PLAN"),
        (("--port", "99999"), "PORT"),
        (("--host", "nowhere.invalid"), "LISTEN"),
    ],
)
def test_a_demo_that_is_refused_leaves_its_folder_free(tripoint, monkeypatch, tmp_path, words, said):
    monkeypatch.delenv("CI", raising=False)
    ended = tripoint("demo", *words, "--data", tmp_path / "demo")
    assert (ended.code in (exits.MALFORMED, 4), ended.err.count(f"{said}: ")) == (True, 2)
    assert not (tmp_path / "demo").exists()


def test_no_key_is_made_for_a_server_that_is_refused(tripoint):
    before = tripoint("access", "list", "--json").json["keys"]
    ended = tripoint("serve", "--workers", "-1", "--port", "0")
    assert (ended.code, ended.err.count("WORKERS: "), "/login?key=" in ended.err) == (2, 2, False)
    assert tripoint("access", "list", "--json").json["keys"] == before


def test_tables_cut_off_end_as_the_page_says(installation):
    assert execute("clear", EXAMPLES, "--quiet", env=installation).returncode == exits.OK
    words = "import sys; from tripoint.faces.cli.dispatch import run; sys.exit(run(['receipts', '--most', '1000']))"
    script = f'{sys.executable} -c "{words}" | true; echo ${{PIPESTATUS[0]}}'
    ended = subprocess.run(
        ["bash", "-c", script], env={"PATH": "/usr/bin:/bin"} | installation, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ended.stdout.strip() == str(exits.BROKEN_PIPE), ended.stderr
    assert ended.stderr == ""


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "words",
    [
        ("validate", EXAMPLES / "not-well-formed.xml"),
        ("verify", EXAMPLES, "--cert", "{key}"),
        ("sign", "{unsigned}", "--key", "{key}"),
        ("assess", "{cases}"),
    ],
)
def test_output_for_which_there_is_no_room_is_told(installation, tripoint, tmp_path, words):
    given = {name: tmp_path / name for name in ("key", "unsigned", "cases")}
    tripoint("keys", "new", "--out", given["key"])
    given["unsigned"].write_text("<a/>")
    given["cases"].write_text("{\n" * 9)
    with FULL.open("w") as full:
        ended = subprocess.run(
            [*COMMAND, *(str(word).format(**given) for word in words)],
            env=os.environ | installation, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 4, ended.stderr
    assert ended.stderr.count("FILE: ") == 2
    assert "No space left on device" in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_answers_that_nobody_reads_end_as_the_page_says(installation, tmp_path):
    cases = tmp_path / "cases.jsonl"
    cases.write_text("{\n" * 20_000)
    process = spawn("assess", cases, env=installation)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert (process.wait(timeout=30), process.stderr.read()) == (exits.BROKEN_PIPE, "")


def test_the_same_filings_again_lodge_no_deposit(tripoint):
    tripoint("filings", "load", EXAMPLES / "filings.json")
    assert tripoint("filings", "load", EXAMPLES / "filings.json", "--json").json["deposits"] == 0
