"""Partners for the tests: small HTTP servers that take deliveries, refuse them, or hang."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Partner:
    """What a partner has been sent: headers and body of each request, in the order they came."""

    def __init__(self, answer: Callable[[int], int]) -> None:
        self.answer = answer
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.url = ""
        self.arrived = threading.Condition()

    def took(self, headers: dict[str, str], body: bytes) -> int:
        """Note a request; the status to answer with."""
        with self.arrived:
            self.requests.append((headers, body))
            self.arrived.notify_all()
            count = len(self.requests)
        return self.answer(count)

    def wait(self, count: int, seconds: float = 20) -> bool:
        """Wait until so many requests have come."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.requests) >= count, seconds)


@contextlib.contextmanager
def partner(
    answer: Callable[[int], int] = lambda _count: 204, headers: Sequence[tuple[str, str]] = ()
) -> Iterator[Partner]:
    """A partner on a free port; `answer` says the status of the n-th request, from 1, and may take its time."""
    its = Partner(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = its.took({name.lower(): value for name, value in self.headers.items()}, body)
            with contextlib.suppress(OSError):
                self.send_response(status)
                if status in (301, 307):
                    self.send_header("Location", its.url + "elsewhere")
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    its.url = f"http://127.0.0.1:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield its
    finally:
        server.shutdown()
        server.server_close()
