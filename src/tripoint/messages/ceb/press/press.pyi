from collections.abc import Sequence

LAYOUT: int

_Told = tuple[int, int, int, int, int, bool, bytes, bytes]

class Form:
    def __init__(
        self,
        paper: tuple[bytes, bytes, bytes],
        heads: Sequence[_Told],
        lines: int = -1,
        lines_most: int = 0,
        row: tuple[bytes, bytes] = ...,
        rows: Sequence[_Told] = (),
    ) -> None: ...

class Press:
    def __init__(self, stream: object, formats: list[bytes]) -> None: ...
    def write(
        self, form: Form, first: int, count: int, opening: bytes, closing: bytes, guid: bytes, moment: bytes
    ) -> bytes | None: ...
