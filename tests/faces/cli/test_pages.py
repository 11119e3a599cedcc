"""The reference of commands, settings and the first guide are complete, in step, and run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import fields

import pytest

from tests.faces.cli.running import ROOT, execute, spawn
from tripoint.faces.cli import pages, refusing
from tripoint.faces.cli.commands import COMMANDS
from tripoint.faces.cli.dispatch import app_of
from tripoint.settings import Settings

REFERENCE = ROOT / "docs" / "reference"
GUIDE = ROOT / "docs" / "start" / "first-papers.md"


@pytest.mark.parametrize("name", sorted(pages.pages()))
def test_each_page_is_in_step_with_its_command(name):
    text = (REFERENCE / "commands" / name).read_text(encoding="utf-8")
    made = pages.pages()[name]
    assert text.startswith(made), "run: python -m tripoint.faces.cli.pages docs/reference/commands"


def test_no_page_shows_an_option_that_only_the_parser_dreams_of():
    assert [name for name, made in pages.pages().items() if "`--empty-" in made] == []


def test_the_page_of_refusals_is_in_step_with_the_source():
    text = (REFERENCE / "refusals.md").read_text(encoding="utf-8")
    assert text.startswith(refusing.page()), (
        "run: python -m tripoint.faces.cli.refusing docs/reference/refusals.md"
    )


@pytest.mark.parametrize(
    "code", ["PAGE-LIMIT", "SETTINGS", "FILINGS-FAULTY", "RESTORE-TARGET", "DATABASE-FULL"]
)
def test_a_refusal_is_found_by_its_code(code):
    assert f"`{code}`" in (REFERENCE / "refusals.md").read_text(encoding="utf-8")


def test_there_is_no_page_without_a_command():
    assert {path.name for path in (REFERENCE / "commands").glob("*.md")} == set(pages.pages())


def test_every_argument_of_every_command_is_explained():
    apps = [(name, app) for name in COMMANDS for app in [app_of(name), *pages.subcommands(app_of(name))]]
    bare = [
        (name, argument.names)
        for name, app in apps
        if app.default_command is not None
        for argument in app.assemble_argument_collection()
        if argument.names != ("*",) and not argument.parameter.help
    ]
    assert bare == []


def test_every_key_of_the_clearing_report_stands_on_its_page():
    from tripoint.faces.cli.reporting import Report

    page = (REFERENCE / "commands" / "clear.md").read_text(encoding="utf-8")
    assert [field.name for field in fields(Report) if f"`{field.name}`" not in page] == []


def test_every_setting_stands_on_its_page_and_nothing_else():
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    source = (ROOT / "src" / "tripoint" / "settings.py").read_text(encoding="utf-8")
    in_file = {field.name for field in fields(Settings)} - {"data_dir"}
    assert [name for name in in_file if f"`{name}`" not in page and f"`[{name}]`" not in page] == []
    told = set(re.findall(r"^\| `(TRIPOINT_[A-Z_]+)`", page, re.MULTILINE))
    environment = {f"TRIPOINT_{field.name.upper()}" for field in fields(Settings)} - {"TRIPOINT_SEVERITY"}
    assert told == environment
    assert all(name in source or "_flag(" in source for name in told)


def test_the_console_is_named_where_the_guide_ends():
    assert "tripoint serve" in GUIDE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_guide_for_first_papers_runs_as_it_stands(tmp_path, installation):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    script = "\n".join(re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL))
    script = script.replace("tripoint db stop", "")  # the tests' server is not this installation's to stop
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "tripoint"
    command.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "from tripoint.faces.cli import main; main()" "$@"\n'
    )
    command.chmod(0o755)
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=os.environ | installation | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert "all 14 lists came out as the truth says" in ended.stdout
    assert "all 50 lists came out as the truth says" in ended.stdout
    assert "349.67" in ended.stdout
    assert list((tmp_path / "out").glob("*/CEB*.xml"))


def _serves_and_stops(folder, home):
    """The console is there until SIGTERM, and then nothing runs any more."""
    process = spawn("demo", "--data", folder, "--trades", "40", "--serve", "--port", "0", env=home)
    try:
        link = next(
            found[0] for line in process.stdout if (found := re.search(r"http://\S+/login\?key=\S+", line))
        )
        with urllib.request.urlopen(link, timeout=30) as page:
            assert page.status == 200
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(link, timeout=5)


def _leaves_and_stops(folder, home):
    """Where there is no terminal to stop it from, the console is left running until it is told to stop."""
    left = execute("demo", "--data", folder, "--trades", "40", "--port", "0", env=home)
    assert left.returncode == 0, left.stdout + left.stderr
    found = re.search(r"http://\S+/login\?key=\S+", left.stdout)
    assert found, left.stdout
    with urllib.request.urlopen(found[0], timeout=30) as page:
        assert page.status == 200
    assert execute("demo", "--stop", "--data", folder, env=home).returncode == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(found[0], timeout=5)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_ends_by_itself_on_a_build_machine_and_leaves_nothing_running(tmp_path):
    home = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "TRIPOINT_DATABASE_URL": "", "CI": "true"}
    folder = tmp_path / "demo"
    ended = execute("demo", "--data", folder, "--trades", "40", env=home)
    try:
        assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr
        assert "all 40 lists came out as the truth says" in ended.stdout
        assert "all 14 lists came out as the truth says" in ended.stdout
        assert f"tripoint serve --data {folder}" in ended.stdout
        assert list((folder / "receipts").glob("CEB622_*.xml"))
        status = execute("db", "status", "--data", folder, "--json", env=home)
        assert '"running": false' in status.stdout
        again = execute("demo", "--data", folder, "--trades", "40", "--once", env=home)
        assert again.returncode == 0, again.stdout + again.stderr
        _serves_and_stops(folder, home)
        _leaves_and_stops(folder, home | {"CI": ""})
        other = execute("demo", "--data", folder, "--trades", "41", env=home)
        assert other.returncode == 5
    finally:
        execute("db", "stop", "--data", folder, env=home)
