"""What an installation may choose, and what no setting can lift."""

from __future__ import annotations

from pathlib import Path

import pytest

from tripoint.kernel.findings import Severity
from tripoint.kernel.refusals import Malformed
from tripoint.platforms.clearance.records import SignaturePolicy
from tripoint.settings import NEVER_LIFTED, Settings


def settings(folder: Path, text: str, **environment: str) -> Settings:
    (folder / "tripoint.toml").write_text(text, encoding="utf-8")
    return Settings.load({"TRIPOINT_DATA_DIR": str(folder), **environment})


def test_the_severity_of_an_amount_that_does_not_add_up_is_chosen(tmp_path: Path) -> None:
    chosen = settings(tmp_path, '[severity]\n"AMOUNT-01" = "refuse"\n"CODE-06" = "off"\n')
    assert chosen.severity == {"AMOUNT-01": Severity.REFUSE, "CODE-06": Severity.OFF}


@pytest.mark.parametrize("code", sorted(NEVER_LIFTED))
@pytest.mark.parametrize("word", ["note", "off"])
def test_nothing_is_released_without_its_allowance_guarantee_or_rate(
    tmp_path: Path, code: str, word: str
) -> None:
    with pytest.raises(Malformed, match=code):
        settings(tmp_path, f'[severity]\n"{code}" = "{word}"\n')


@pytest.mark.parametrize("line", ['"AMOUNT-99" = "note"', '"AMOUNT-01" = "perhaps"'])
def test_a_code_or_severity_that_is_none_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(Malformed, match="AMOUNT"):
        settings(tmp_path, f"[severity]\n{line}\n")


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    chosen = settings(tmp_path, 'signatures = "ignore"\n', TRIPOINT_SIGNATURES="record")
    assert chosen.signatures is SignaturePolicy.RECORD
    assert settings(tmp_path, "").signatures is SignaturePolicy.REQUIRE


def test_a_signature_policy_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="require"):
        settings(tmp_path, 'signatures = "sometimes"\n')


def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match=r"tripoint\.toml"):
        settings(tmp_path, "signatures = require")


@pytest.mark.parametrize(
    ("line", "nearest"),
    [("wal_archve = '/a'", "wal_archive"), ("[Severity]", "severity"), ("DATA_DIR = '/a'", "database_url")],
)
def test_a_name_in_the_file_that_is_no_setting_is_refused_with_the_nearest(
    tmp_path: Path, line: str, nearest: str
) -> None:
    with pytest.raises(Malformed, match=rf"is no setting; the nearest is {nearest}$"):
        settings(tmp_path, line)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("TRIPOINT_TYPO", "TRIPOINT_"),
        ("TRIPOINT_SIGNATURE", "TRIPOINT_SIGNATURES"),
        ("TRIPOINT_SEVERITY", "TRIPOINT_"),
    ],
)
def test_a_name_in_the_environment_that_nothing_reads_is_refused(
    tmp_path: Path, name: str, nearest: str
) -> None:
    with pytest.raises(Malformed, match=f"{name} in the environment is no setting; the nearest is {nearest}"):
        settings(tmp_path, "", **{name: "x"})


@pytest.mark.parametrize(
    "name",
    [
        "TRIPOINT_DEBUG",
        "TRIPOINT_TEST_SERVERS",
        "TRIPOINT_SERVICE_HOST",
        "TRIPOINT_PORT_8080_TCP_ADDR",
        "TRIPOINT_DB_SERVICE_PORT_PG",
        "OTHER",
    ],
)
def test_what_others_read_or_a_cluster_sets_is_left_alone(tmp_path: Path, name: str) -> None:
    settings(tmp_path, "", **{name: "x"})


def test_every_setting_can_be_said_in_the_file_and_in_the_environment(tmp_path: Path) -> None:
    text = """
        database_url = "postgresql://h/d"\npg_bindir = "/p"\nsignatures = "record"\nwebhook_private = true
        webhook_xml = true\nfast_lane = false\nsigning_key = "/k"\nsigning_certificate = "/c"
        backlog_messages = 1\nbacklog_bytes = 2\ndisk_floor_bytes = 3
    """
    said = settings(tmp_path, text)
    assert said.database_url == "postgresql://h/d"
    assert (said.backlog_messages, said.fast_lane, said.pg_bindir) == (1, False, Path("/p"))


def test_a_file_with_a_byte_order_mark_is_read_and_one_that_is_not_utf_8_refused(tmp_path: Path) -> None:
    file = tmp_path / "tripoint.toml"
    here = {"TRIPOINT_DATA_DIR": str(tmp_path)}
    file.write_bytes(b"\xef\xbb\xbfsignatures = 'record'\n")
    assert Settings.load(here).signatures is SignaturePolicy.RECORD
    file.write_bytes("# 备份\nsignatures = 'record'\n".encode("gb18030"))
    with pytest.raises(Malformed, match="is not UTF-8"):
        Settings.load(here)


@pytest.mark.parametrize(
    "line", ["wal_archive = 5", "database_url = ['a']", "severity = 'hold'", "severity.AMOUNT-01 = ['hold']"]
)
def test_a_value_of_another_kind_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(Malformed) as refused:
        settings(tmp_path, line)
    assert refused.value.code == "SETTINGS"


@pytest.mark.parametrize("name", ["wal_archive", "pg_bindir", "signing_key", "signing_certificate"])
def test_a_relative_path_counts_from_the_data_folder_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir("/")
    assert getattr(settings(tmp_path, f"{name} = 'x/y'"), name) == tmp_path / "x" / "y"
    said = settings(tmp_path, "", **{f"TRIPOINT_{name.upper()}": "x"})
    assert getattr(said, name) == tmp_path / "x"
    assert getattr(settings(tmp_path, f"{name} = '~/x'"), name) == Path.home() / "x"
