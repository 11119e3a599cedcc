"""The command line: what an operator or an integrator does without a browser, one module for each command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that was asked for, and end with its exit code."""
    from tripoint.faces.cli.dispatch import run

    raise SystemExit(run(sys.argv[1:]))
