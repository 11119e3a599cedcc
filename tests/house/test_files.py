"""What every file of the checkout owes: small, from nowhere in particular, under one licence."""

from __future__ import annotations

import hashlib
import re

import pytest

from tests.house.checkout import PACKAGE, ROOT, files, modules

LARGEST = 1024 * 1024

# Written in two halves, so that this file does not name them itself.
REGISTRIES = [
    a + b
    for a, b in [
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
        ("registry.npmjs", ".org"),
        ("deb.debian", ".org"),
        ("security.debian", ".org"),
        ("crates", ".io"),
        ("proxy.golang", ".org"),
        ("repo1.maven", ".org"),
    ]
]
MACHINE_PATHS = re.compile(
    r"(?<![\w.$~}/-])/(?:work/(?:main|shared|\.library)|root/|opt/wheels|opt/pypi|tmp/t/|tmp/spec|home/(?!user\b|me\b)\w+/)"
)
UNWELCOME_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "service", "services"}
LICENSE_SHA256 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def text_files() -> list[tuple[str, str]]:
    """Path and text of every file that is text."""
    texts = []
    for path in files():
        raw = (ROOT / path).read_bytes()
        if b"\0" not in raw[:4096]:
            texts.append((path.as_posix(), raw.decode("utf-8", errors="replace")))
    return texts


def test_no_file_is_larger_than_one_mebibyte() -> None:
    assert [str(path) for path in files() if (ROOT / path).stat().st_size > LARGEST] == []


def test_no_file_names_a_package_registry() -> None:
    named = [(path, host) for path, text in text_files() for host in REGISTRIES if host in text]
    assert named == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    named = [
        (path, match.group())
        for path, text in text_files()
        if path != "tests/house/test_files.py"
        for match in MACHINE_PATHS.finditer(text)
    ]
    assert named == []


@pytest.mark.parametrize("text", ["see /root/x", "'/work/main/src'", "=/home/anna/x", "(/tmp/t/v/bin)"])
def test_the_search_for_machine_paths_finds_one(text: str) -> None:
    assert MACHINE_PATHS.search(text)


@pytest.mark.parametrize(
    "text", ["${ROOT}/root/x", "https://example.org/home/anna/", "a/work/main", "/home/me/x"]
)
def test_the_search_for_machine_paths_leaves_others_alone(text: str) -> None:
    assert not MACHINE_PATHS.search(text)


def test_the_licence_is_the_apache_licence_to_the_letter() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == LICENSE_SHA256


def test_no_module_has_a_name_that_invites_everything() -> None:
    parts = {(module, part) for module in modules() for part in (*module.parts[:-1], module.stem)}
    assert sorted(str(module) for module, part in parts if part in UNWELCOME_NAMES) == []


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
