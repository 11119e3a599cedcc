"""The command as a process, as a shell runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "papers"
COMMAND = [sys.executable, "-c", "from tripoint.faces.cli import main; main()"]


def spawn(*words: object, env: dict[str, str], cwd: Path = ROOT) -> subprocess.Popen[str]:
    """The command, running."""
    return subprocess.Popen(
        [*COMMAND, *map(str, words)],
        env=os.environ | env,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def execute(*words: object, env: dict[str, str], cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        env=os.environ | env,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
