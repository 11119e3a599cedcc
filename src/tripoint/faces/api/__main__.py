"""`python -m tripoint.faces.api`: the serving process; settings come from the environment (`TRIPOINT_…`)."""

from __future__ import annotations

import argparse
import sys

from tripoint.faces.api.server import serve
from tripoint.kernel.refusals import Refusal
from tripoint.registers.processes.allocating import settle
from tripoint.settings import Settings

HOST, PORT = "127.0.0.1", 8080


def main(arguments: list[str] | None = None) -> int:
    """Serve; 0 after a signal to stop, 1 where the address is taken, 2 where the settings or the database refuse."""
    parser = argparse.ArgumentParser(
        prog="tripoint.faces.api", description="Serve the Tripoint API and console."
    )
    parser.add_argument("--host", default=HOST, help="address to listen on (default: this computer only)")
    parser.add_argument("--port", type=int, default=PORT, help="port; 0 takes a free one and logs it")
    parser.add_argument(
        "--workers", type=int, default=1, help="worker processes; 0 works in this process (default: 1)"
    )
    parser.add_argument(
        "--no-worker", action="store_true", help="only serve; messages are worked on elsewhere"
    )
    chosen = parser.parse_args(arguments)
    try:
        workers = None if chosen.no_worker else max(0, chosen.workers)
        serve(Settings.load(), chosen.host, chosen.port, workers=workers)
    except Refusal as refusal:
        sys.stderr.write(f"{refusal.code}: {refusal.text.zh} {refusal.text.en}\n")
        return 2
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or error
        sys.stderr.write(f"LISTEN: {chosen.host}:{chosen.port}: {said}\n")
        return 1
    return 0


if __name__ == "__main__":
    settle()
    sys.exit(main())
