"""The import contracts bite: a violation of each, planted in a copy of the tree, is caught by its name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

CONTRACTS: dict[str, str] = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}

# The contract, and the lines planted: each says which module comes to import which.
PLANTS: list[tuple[str, list[tuple[str, str]]]] = [
    ("floors", [("kernel.planted", "tripoint.documents")]),
    ("floors", [("database.planted", "tripoint.documents")]),
    ("floors", [("regimes.planted", "tripoint.database")]),
    ("floors", [("messages.planted", "tripoint.pipeline")]),
    ("floors", [("exchange.planted", "tripoint.registers")]),
    ("floors", [("documents.planted", "tripoint.exchange")]),
    ("floors", [("platforms.planted", "tripoint.app")]),
    ("floors", [("rehearsal.planted", "tripoint.platforms")]),
    ("floors", [("platforms.planted", "tripoint.rehearsal")]),
    ("floors", [("app", "tripoint.faces")]),
    ("floors", [("annex.planted", "tripoint.kernel")]),  # a room that the plan of the house does not know
    ("stages", [("pipeline.validity", "tripoint.pipeline.matching")]),
    ("stages", [("pipeline.checks.planted", "tripoint.pipeline.decision")]),
    (
        "stages",
        [
            ("pipeline.matching", "tripoint.pipeline.planted"),
            ("pipeline.planted", "tripoint.pipeline.receipts"),
        ],
    ),
    ("platforms", [("platforms.clearance.planted", "tripoint.platforms.public")]),
    ("registers", [("registers.filings.planted", "tripoint.registers.ledger")]),
    ("faces", [("faces.console.planted", "tripoint.faces.api")]),
    ("database", [("exchange.planted", "tripoint.database")]),
    (
        "database",
        [("registers.filings.rules", "tripoint.database.planted"), ("database.planted", "tripoint.kernel")],
    ),
    ("database", [("faces.cli.planted", "tripoint.database")]),
    ("pure", [("messages.planted", "psycopg")]),
    ("pure", [("tariff.planted", "httpx")]),
    ("pure", [("regimes.planted", "socket")]),
    ("pure", [("registers.filings.records", "tripoint.database")]),
    ("pure", [("pipeline.planted", "tripoint.documents.store"), ("documents.store", "tripoint.database")]),
    ("cycles", [("kernel.planted", "tripoint.kernel.sown"), ("kernel.sown", "tripoint.kernel.planted")]),
]


def module_file(tree: Path, module: str) -> Path:
    """The file of a module in a copy of the tree; its packages and itself are made where they are not there yet."""
    folder = tree / "src" / "tripoint"
    *packages, name = module.split(".")
    for package in packages:
        folder /= package
        if folder.with_suffix(".py").exists():  # planned as a folder, begun as one module
            folder.with_suffix(".py").unlink()
        folder.mkdir(exist_ok=True)
        if not (folder / "__init__.py").exists():
            (folder / "__init__.py").write_text('"""Made for a plant."""\n')
    file = folder / name / "__init__.py" if (folder / name).is_dir() else folder / f"{name}.py"
    if not file.exists():
        file.write_text('"""Made for a plant."""\n')
    return file


def lint(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What import-linter says about a copy of the tree."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo", *options]
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy_of_the_tree(tmp_path: Path) -> Callable[[], Path]:
    """Makes a copy of the package and of the contracts, apart from the checkout."""

    def make() -> Path:
        shutil.copytree(
            ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        return tmp_path

    return make


def test_the_tree_as_it_stands_keeps_every_contract(copy_of_the_tree: Callable[[], Path]) -> None:
    answer = lint(copy_of_the_tree())
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert [name for name in CONTRACTS.values() if f"{name} KEPT" not in answer.stdout] == []


@pytest.mark.parametrize(
    ("contract", "plants"), PLANTS, ids=[f"{contract}-{plants[0][0]}" for contract, plants in PLANTS]
)
def test_a_planted_violation_breaks_its_contract(
    contract: str, plants: list[tuple[str, str]], copy_of_the_tree: Callable[[], Path]
) -> None:
    tree = copy_of_the_tree()
    for module, imported in plants:
        if imported.startswith("tripoint."):
            module_file(tree, imported.removeprefix("tripoint."))
        with module_file(tree, module).open("a") as file:
            file.write(f"\nimport {imported}\n")
    answer = lint(tree, "--contract", contract)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert f"{CONTRACTS[contract]} BROKEN" in answer.stdout


def test_every_contract_has_its_plant() -> None:
    assert {contract for contract, _ in PLANTS} == set(CONTRACTS)
