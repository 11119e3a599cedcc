"""Why a request cannot be served; each face has one table that turns these into a status or an exit code.

Refusal
├── Malformed        it cannot be understood            (HTTP 400, exit 2)
├── TooLarge         it is larger than is taken         (HTTP 413, exit 2)
├── Unauthenticated  nobody knows who asks              (HTTP 401, exit 3)
├── Forbidden        who asks may not                   (HTTP 403, exit 3)
├── Unknown          there is no such thing             (HTTP 404, exit 4)
├── Conflict         it was said before, differently    (HTTP 409, exit 5)
└── Busy             not now; try again                 (HTTP 503, exit 6)
"""

from __future__ import annotations

from tripoint.kernel.text import Text


class Refusal(Exception):
    """A request that cannot be served: a stable code and a sentence in both languages."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.text = Text(zh, en)


class Malformed(Refusal):
    """It cannot be understood."""


class TooLarge(Refusal):
    """It is larger than is taken."""


class Unauthenticated(Refusal):
    """Nobody knows who asks."""


class Forbidden(Refusal):
    """Who asks may not."""


class Unknown(Refusal):
    """There is no such thing."""


class Conflict(Refusal):
    """It was said before, differently."""


class Busy(Refusal):
    """Not now; trying again may help."""

    def __init__(self, code: str, zh: str, en: str, retry_after_seconds: int = 5) -> None:
        super().__init__(code, zh, en)
        self.retry_after_seconds = retry_after_seconds
