"""Where a delivery is really posted: the host is looked up, judged, and that very address connected to.

A name that resolves otherwise a moment later cannot lead into a private network, because it is not asked again.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

import httpx

from tripoint.registers.access import rules


@dataclass(frozen=True, slots=True)
class Target:
    """An address by number, the Host header of its name, and the name TLS asks for."""

    url: httpx.URL
    host: str
    extensions: dict[str, Any]


async def target(url: str, *, allow_private: bool) -> Target:
    """Look a webhook's host up; raises Malformed where it does not resolve or points into a private network."""
    host, port = rules.webhook_host(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        found = []
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    rules.refuse_address(addresses, allow_private=allow_private)
    named = httpx.URL(url)
    extensions = {"sni_hostname": host} if named.scheme == "https" else {}
    return Target(named.copy_with(host=addresses[0], port=port), named.netloc.decode(), extensions)
