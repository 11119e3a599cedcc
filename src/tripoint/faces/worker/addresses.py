"""Where a delivery is really posted: the host is looked up, judged, and those very addresses connected to.

A name that resolves otherwise a moment later cannot lead into a private network, because it is not asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tripoint.registers.access import rules


@dataclass(frozen=True, slots=True)
class Target:
    """The addresses of a name by number, in the order to try them, its Host header, and the name TLS asks for."""

    urls: tuple[httpx.URL, ...]
    host: str
    extensions: dict[str, Any]


def target(url: str, addresses: Sequence[str], *, allow_private: bool) -> Target:
    """Where a webhook whose host has these addresses is posted; raises Malformed for none, and for a private network."""
    host, port = rules.webhook_host(url)
    rules.refuse_address(addresses, allow_private=allow_private)
    named = httpx.URL(url)
    extensions = {"sni_hostname": host} if named.scheme == "https" else {}
    urls = tuple(named.copy_with(host=address, port=port) for address in addresses)
    return Target(urls, named.netloc.decode(), extensions)
