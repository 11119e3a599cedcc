"""`tripoint serve`: the API, the console and the workers."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.kernel.refusals import Malformed

app = parser("serve")

WORKERS_MAX = 64


@app.default
def serve(
    *,
    host: Annotated[
        str, Parameter(help="Address to listen on (default 127.0.0.1: this computer only). 监听地址。")
    ] = "127.0.0.1",
    port: Annotated[
        int, Parameter(help="Port; 0 takes a free one and logs it (default 8080). 端口。")
    ] = 8080,
    workers: Annotated[
        int,
        Parameter(help="Worker processes; 0 works in the serving process (default 1). 处理报文的进程数。"),
    ] = 1,
    no_worker: Annotated[
        bool, Parameter(help="Only serve; messages are worked on by `tripoint worker`. 不处理报文。")
    ] = False,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Serve until a signal to stop."""
    from tripoint.faces.cli.serving import become, place_to_listen

    if not 0 <= workers <= WORKERS_MAX:
        raise Malformed(
            "WORKERS", f"进程数须在 0 至 {WORKERS_MAX} 之间", f"workers are from 0 to {WORKERS_MAX}"
        )
    talk = Talk(voice)
    port = place_to_listen(host, port)
    with engine(place, talk) as opened:
        address = f"http://{host}:{port}/login?key={opened.console_key()}"
    talk.note(
        f"控制台（十分钟内可打开一次）：{address}", f"console (opens once, within ten minutes): {address}"
    )
    words = ["--host", host, "--port", str(port), "--workers", str(workers)]
    words += ["--no-worker"] if no_worker else []
    become("tripoint.faces.api", words, place)
