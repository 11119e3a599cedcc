"""What a request's headers say, where saying it twice must not be understood differently on two ways in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from litestar.exceptions import HTTPException

Headers = Sequence[tuple[bytes, bytes]]
"""Headers as they go over the wire, their names in small letters."""


def only(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """What a header says, empty where it is missing; raises HTTPException 400 where it is said more than once."""
    found = [value for key, value in headers if key == name]
    if len(found) > 1:
        told = "said more than once / 重复出现"
        raise HTTPException(status_code=400, extra=[{"key": name.decode("latin-1"), "message": told}])
    return found[0].decode("latin-1") if found else ""
