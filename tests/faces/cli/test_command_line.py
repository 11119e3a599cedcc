"""The command line itself: help at once, exit codes, one sentence in each language, JSON alone on standard output."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tomllib

import pytest

from tests.faces.cli.running import COMMAND, ROOT, execute, spawn
from tripoint.faces.cli import exits
from tripoint.faces.cli.commands import COMMANDS
from tripoint.faces.cli.dispatch import guarded, run
from tripoint.kernel import refusals
from tripoint.kernel.refusals import Refusal

CASES = sorted((ROOT / "tests" / "cases" / "tax").glob("*.toml"))


def test_help_comes_at_once_because_nothing_heavy_is_imported():
    code = (
        "import sys; from tripoint.faces.cli.dispatch import run; code = run(['--help']);"
        "heavy = {'polars', 'lxml', 'cryptography', 'psycopg', 'rich', 'cyclopts', 'litestar', 'asyncio'} & set(sys.modules);"
        "sys.exit(f'imported: {heavy}' if heavy else code)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    for name in COMMANDS:
        assert f"  {name} " in ended.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_in_both_languages(name, capsys):
    assert run([name, "--help"]) == 0
    text = "".join(capsys.readouterr().out.split())
    command = COMMANDS[name]
    assert "".join(command.text.zh.split()) in text
    assert "".join(command.example.split()) in text


def test_an_unknown_command_is_told_with_the_nearest(capsys):
    assert run(["claer"]) == exits.MALFORMED
    told = capsys.readouterr()
    assert "clear" in told.err
    assert "没有命令" in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    "words", [["clear", "--nope"], ["clear", "--lang", "fr", "x"], ["clear"], ["explain"], ["validate"]]
)
def test_a_faulty_command_line_ends_with_2_and_no_traceback(words, capsys):
    assert run(words) == exits.MALFORMED
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    assert told.out == ""


def test_every_refusal_has_its_exit_code_and_the_page_says_so():
    kinds = [kind for kind in vars(refusals).values() if isinstance(kind, type) and issubclass(kind, Refusal)]
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    for kind in kinds:
        if kind is not Refusal:
            assert f"| {exits.EXITS[kind]} |" in page
            assert kind.__name__ in page
    for code in (exits.OK, exits.FOUND, exits.FAULT, exits.INTERRUPTED, exits.BROKEN_PIPE):
        assert f"| {code} |" in page


def test_a_fault_of_ours_is_one_sentence_and_a_traceback_only_when_asked_for(capsys, monkeypatch):
    def fail() -> int:
        raise RuntimeError("secret 310101199001011234")

    monkeypatch.delenv("TRIPOINT_DEBUG", raising=False)
    assert guarded(fail) == exits.FAULT
    told = capsys.readouterr().err
    assert "RuntimeError" in told
    assert "310101199001011234" not in told
    monkeypatch.setenv("TRIPOINT_DEBUG", "1")
    assert guarded(fail) == exits.FAULT
    assert "Traceback" in capsys.readouterr().err


def test_settings_that_cannot_be_understood_end_with_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TRIPOINT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TRIPOINT_SIGNATURES", "sometimes")
    assert run(["db", "status"]) == exits.MALFORMED
    assert "SETTINGS" in capsys.readouterr().err


def test_ctrl_c_ends_in_order(tmp_path, installation):
    process = spawn("assess", env=installation)
    process.stdin = None
    blocked = subprocess.Popen(
        [*COMMAND, "assess"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.kill()
    process.communicate()
    assert blocked.stdin is not None
    assert blocked.stdout is not None
    blocked.stdin.write(
        '{"regime": "CN-TAX-PAYMENT-WINDOW", "inputs": {"release_date": "2024-06-01"}}\n' * 2000
    )
    blocked.stdin.flush()
    blocked.stdout.readline()
    blocked.send_signal(signal.SIGINT)
    _, err = blocked.communicate(timeout=30)
    assert blocked.returncode == exits.INTERRUPTED, err
    assert "Traceback" not in err


def test_output_cut_off_ends_quietly(installation):
    command = " ".join(
        [sys.executable, "-c", "'from tripoint.faces.cli import main; main()'", "--help", "| true"]
    )
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_no_colours_where_nobody_looks(installation):
    ended = execute("version", env=installation)
    assert "\x1b" not in ended.stdout + ended.stderr


def test_version_is_the_packages(capsys):
    import tripoint

    assert run(["--version"]) == 0
    assert tripoint.__version__ in capsys.readouterr().out
    assert run(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tripoint"] == tripoint.__version__


def test_version_says_in_both_languages_what_is_compiled(capsys, monkeypatch):
    monkeypatch.setattr("tripoint.app.compiled", lambda: {"fast lane": True, "press": False})
    assert run(["version", "--lang", "en"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("fast lane compiled, press not compiled")
    assert run(["version", "--lang", "zh"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("快速通道已编译，回执压印未编译")


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """Every worked case of the tax law through `tripoint assess`, in one run."""
    file = tmp_path_factory.mktemp("assess") / "cases.jsonl"
    cases = [tomllib.loads(path.read_text(encoding="utf-8")) for path in CASES]
    file.write_text(
        "".join(json.dumps({"regime": case["regime"], "inputs": case["inputs"]}) + "\n" for case in cases)
    )
    ended = execute("assess", file, env={})
    assert ended.returncode == 0, ended.stderr
    return list(zip(cases, map(json.loads, ended.stdout.splitlines()), strict=True))


def test_assess_answers_every_worked_case_exactly(answered):
    assert len(answered) > 20
    assert [case["title"]["en"] for case, answer in answered if answer != case["expect"]] == []


def test_assess_keeps_its_lines_in_step_when_one_cannot_be_answered(tmp_path):
    file = tmp_path / "cases.jsonl"
    good = {"regime": "CN-TAX-PAYMENT-WINDOW", "inputs": {"release_date": "2024-06-01"}}
    file.write_text("\n".join([json.dumps(good), "{", json.dumps({"regime": "X"}), "", json.dumps(good)]))
    ended = execute("assess", file, env={})
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == exits.FOUND
    assert [("error" in line) for line in lines] == [False, True, True, False]
    assert lines[1]["error"]["zh"]


def test_a_case_of_the_last_days_or_too_deep_takes_no_other_with_it(tmp_path):
    file = tmp_path / "cases.jsonl"
    good = {"regime": "CN-TAX-PAYMENT-WINDOW", "inputs": {"release_date": "2024-06-01"}}
    amounts = dict.fromkeys(("original_value", "original_tax", "returned_value", "returned_tax"), "1")
    last = amounts | {"release_date": "9999-12-31", "apply_date": "9999-12-31"}
    deep = '{"regime": "CN-IMPORT", "inputs": {"mode": ' + "[" * 100_000 + "]" * 100_000 + "}}"
    late = json.dumps({"regime": "CN-IMPORT-RETURN", "inputs": last})
    file.write_text("\n".join([late, deep, json.dumps(good)]))
    ended = execute("assess", file, env={})
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == exits.FOUND
    assert [line.get("error", {}).get("code") for line in lines] == ["ASSESS-INPUT", "ASSESS-JSON", None]


def test_generate_makes_what_clear_takes_and_never_twice_into_one_folder(tmp_path, capsys):
    words = [
        "generate",
        "--trades",
        "5",
        "--seed",
        "3",
        "--signed",
        "none",
        "--out",
        str(tmp_path / "g"),
        "--json",
    ]
    assert run(words) == 0
    assert json.loads(capsys.readouterr().out)["trades"] == 5
    assert run(words) == 5
    assert run(["generate", "--anomalies", "2", "--out", str(tmp_path / "h")]) == 2
    assert run(["generate", "--anomalies", "much", "--out", str(tmp_path / "h")]) == 2
    assert run(["generate", "--day", "someday", "--out", str(tmp_path / "h")]) == 2
