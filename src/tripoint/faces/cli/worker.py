"""`tripoint worker`: works on messages and posts receipts beside a server, until a signal to stop."""

from __future__ import annotations

from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.speaking import Talk, Voice

app = parser("worker")


@app.default
def worker(*, voice: Voice | None = None, place: Place | None = None) -> None:
    """Work until a signal to stop."""
    from tripoint.faces.cli.serving import become

    with engine(place, Talk(voice)):
        pass  # the database is there and seeded before the worker asks for it
    become("tripoint.faces.worker", [], place)
