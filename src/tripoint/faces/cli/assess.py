"""`tripoint assess`: one case a line in, one answer a line out, in the shape of the worked cases."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from tripoint.faces.cli import exits
from tripoint.faces.cli.commands import parser

app = parser("assess")


@app.default
def assess(
    file: Annotated[
        Path,
        Parameter(
            allow_leading_hyphen=True,
            help='JSON lines {"regime": …, "inputs": {…}}; `-` (default) reads standard input. 案例文件。',
        ),
    ] = Path("-"),
) -> int:
    """Answer every line; a line that cannot be answered gets its error, and the exit code is 1."""
    from tripoint.kernel.refusals import Unknown

    if str(file) == "-":
        return _answer_all(iter(sys.stdin.buffer))
    try:
        opened = file.open("rb")
    except OSError as error:
        raise Unknown(
            "FILE", f"无法读取 {file}：{error.strerror}", f"{file} cannot be read: {error.strerror}"
        ) from error
    with opened as lines:
        return _answer_all(iter(lines))


def _answer_all(lines: Iterator[bytes]) -> int:
    from tripoint.regimes.load import load_regimes

    regimes, code = load_regimes(), exits.OK
    for line in lines:
        if line.strip():
            answer = _answer(line, regimes)
            if "error" in answer:
                code = exits.FOUND
            print(json.dumps(answer, ensure_ascii=False), flush=sys.stdout.isatty())
    return code


def _answer(line: bytes, regimes: Any) -> dict[str, Any]:
    from tripoint.kernel.refusals import Refusal
    from tripoint.tariff.assess import assess as answer_to

    try:
        case = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": {"code": "ASSESS-JSON", "zh": "不是 JSON", "en": "this is not JSON"}}
    try:
        return answer_to(case, regimes)
    except Refusal as refusal:
        return {"error": {"code": refusal.code, "zh": refusal.text.zh, "en": refusal.text.en}}
