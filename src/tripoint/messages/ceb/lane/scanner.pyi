from collections.abc import Sequence

FieldPlan = tuple[bytes, int, int, int, int, bool, bytes | None]
NodePlan = tuple[bytes, int, int, int, Sequence[FieldPlan]]

LAYOUT: int

def namespaces_in(raw: bytes) -> int: ...

class Plan:
    def __init__(self, prefix: bytes, paper: bytes, head: NodePlan, line: NodePlan | None) -> None: ...

class Batch:
    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]: ...

class Sheet:
    def __init__(
        self,
        head: Sequence[tuple[str, int]],
        line: Sequence[tuple[str, int]],
        head_said: Sequence[int],
        line_said: Sequence[int],
    ) -> None: ...
    def scan(
        self, plan: Plan, raw: bytes, start: int, message_id: int, arrival: int, text_max: int
    ) -> tuple[int, int, list[tuple[int, int, int]], bytes | None] | None: ...
    def undo(self) -> None: ...
    def take(self) -> tuple[Batch | None, Batch | None]: ...
