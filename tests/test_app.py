"""What an installation may choose, and what no setting can lift."""

from __future__ import annotations

from pathlib import Path

import pytest

from tripoint.app import NEVER_LIFTED, Settings
from tripoint.kernel.findings import Severity
from tripoint.kernel.refusals import Malformed
from tripoint.platforms.clearance.records import SignaturePolicy


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
