"""The locked requirements: in step with pyproject.toml, every file by its hash, from no place in particular."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.checkout import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("run", "dev")
PIN = re.compile(r"^[a-z0-9-]+==[^\s;]+(?: ; [^\\]+)?$")
HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")


def text(lock: str) -> str:
    """One lock file."""
    return (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")


def entries(lock: str) -> list[tuple[Requirement, frozenset[str]]]:
    """What a lock file holds: each pin with the hashes of its files."""
    found = []
    for entry in text(lock).replace("\\\n", "").splitlines():
        pin, *hashes = re.split(r"\s+(?=--hash)", entry.strip())
        found.append((Requirement(pin), frozenset(part.strip() for part in hashes)))
    return found


def wanted(lock: str) -> list[Requirement]:
    """What pyproject.toml asks for and the lock file must answer."""
    groups = PROJECT["dependency-groups"]
    lines = [*PROJECT["project"]["dependencies"], *groups["build"], *(groups["dev"] if lock == "dev" else [])]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_every_pin_has_its_hashes(lock: str) -> None:
    pins = entries(lock)
    assert len(pins) >= len(wanted(lock))
    for pin, hashes in pins:
        assert PIN.match(str(pin).replace("; ", " ; ").replace("  ", " ")), pin
        assert hashes, pin
        assert all(HASH.match(one) for one in hashes), pin


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_address_path_or_option(lock: str) -> None:
    assert not re.search(r"://|^\s*-(?!-hash=)|[ =]/|@ ", text(lock), flags=re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_answers_everything_that_pyproject_asks_for(lock: str) -> None:
    versions: dict[str, list[str]] = {}
    for pin, _ in entries(lock):
        versions.setdefault(canonicalize_name(pin.name), []).append(next(iter(pin.specifier)).version)
    for requirement in wanted(lock):
        locked = versions.get(canonicalize_name(requirement.name), [])
        assert locked, f"{requirement.name} is not locked: run `make lock`"
        assert all(requirement.specifier.contains(version) for version in locked), requirement


def test_the_developers_lock_holds_the_demos_lock_unchanged() -> None:
    # A marker may be wider there: what the demo needs on one system only, a tool may need on all.
    development = {(pin.name, str(pin.specifier)): hashes for pin, hashes in entries("dev")}
    assert {
        (pin.name, str(pin.specifier)): hashes for pin, hashes in entries("run")
    }.items() <= development.items()


def test_no_test_or_tool_has_become_a_requirement_of_the_product() -> None:
    product = {canonicalize_name(pin.name) for pin, _ in entries("run")}
    tools = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependency-groups"]["dev"]}
    assert product & tools == set()
