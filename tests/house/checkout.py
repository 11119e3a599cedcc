"""Where this checkout is and which files belong to it: the house tests read the tree through here."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "tripoint"


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked, or would be with the next commit, by path from the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return tuple(
        Path(name) for name in sorted(listing.stdout.split("\0")) if name and (ROOT / name).is_file()
    )


@cache
def modules() -> tuple[Path, ...]:
    """Every Python module of the package, by path from the package's folder."""
    return tuple(sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")))


@cache
def syntax(module: Path) -> ast.Module:
    """The syntax tree of a module of the package."""
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"), filename=str(module))
