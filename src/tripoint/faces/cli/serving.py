"""Handing the process over to the server or to a worker, which are faces of their own."""

from __future__ import annotations

import errno
import os
import socket
import sys
from typing import NoReturn

from tripoint.faces.cli.opening import Place, settings
from tripoint.kernel.refusals import Busy, Malformed, Unknown
from tripoint.registers.processes.allocating import lacking

PORT_LAST = 65535


def environment(place: Place | None) -> dict[str, str]:
    """The environment of another face: the data folder is the one named here, and its allocators are told what it would tell."""
    return os.environ | {"TRIPOINT_DATA_DIR": str(settings(place).data_dir)} | lacking()


def refuse_port(port: int, *, first: int) -> None:
    """Raises Malformed for a port that is none."""
    if not first <= port <= PORT_LAST:
        raise Malformed(
            "PORT", f"端口须在 {first} 至 {PORT_LAST} 之间", f"a port is from {first} to {PORT_LAST}"
        )


def place_to_listen(host: str, port: int) -> int:
    """The port, or a free one for 0, tried before a link to it is told; raises Malformed, Unknown and Busy."""
    refuse_port(port, first=0)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as listening:
            return int(listening.getsockname()[1])
    except OSError as error:
        said = os.strerror(error.errno) if error.errno and error.errno > 0 else "unknown host"
        if error.errno == errno.EADDRINUSE:
            raise Busy(
                "LISTEN",
                f"{host}:{port} 已被占用，请用 --port 另选端口，或用 --port 0 自动选取",
                f"{host}:{port} is taken; name another with --port, or let one be found with --port 0",
            ) from error
        raise Unknown(
            "LISTEN", f"不能监听 {host}:{port}：{said}", f"cannot listen on {host}:{port}: {said}"
        ) from error


def become(module: str, words: list[str], place: Place | None) -> NoReturn:
    """Be another face from here on: its signals and its exit code are ours."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-m", module, *words], environment(place))
