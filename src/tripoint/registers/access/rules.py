"""How keys are made and judged, where webhooks may point, when a failed delivery is tried again.

A secret is 256 random bits, so nobody can guess one from its SHA-256; a slow hash such as scrypt defends words that
people choose, and would cost each request many times the work it asks for.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from tripoint.kernel.refusals import Conflict, Forbidden, Malformed, Unauthenticated
from tripoint.registers.access.records import ApiKey, Principal, Scope

SECRET_BYTES = 32
KEY_ID_BYTES = 6

USE_NOTED_EVERY = timedelta(minutes=1)
"""A key's last use is written at most this often, so that reading does not become writing."""

_KEY = re.compile(r"tp_([0-9a-f]{12})_([0-9a-f]{64})")
_ENTERPRISE_SCOPES = frozenset({Scope.SEND, Scope.READ})
_OPERATOR_SCOPES = frozenset({Scope.OPERATOR, Scope.OFFICER, Scope.ADMIN})

LIFETIME_MOST = timedelta(days=36525)

ATTEMPTS_MOST = 16
FIRST_WAIT_SECONDS = 10
LONGEST_WAIT_SECONDS = 6 * 3600
"""Ten seconds after the first failure, doubling to six hours: sixteen attempts in about 30 hours."""

ENDPOINTS_MOST = 20
"""Addresses in use of one enterprise at most: each message is posted to every one of them."""

UNDER_WAY_MOST = 10
"""Deliveries of one enterprise under way at the same moment at most, so that it leaves room to the others."""

URL_MOST = 2000
_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?"
)
_ENDS_IN_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?\Z")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.]+\](?::[0-9]*)?")
_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def key_text(key_id: bytes, secret: bytes) -> str:
    """A key as its holder gets it, from its random bytes: `tp_<id>_<secret>`."""
    assert len(key_id) == KEY_ID_BYTES
    assert len(secret) == SECRET_BYTES
    return f"tp_{key_id.hex()}_{secret.hex()}"


def split_key(text: str) -> tuple[str, bytes]:
    """The number of a key and the hash of its secret; raises Unauthenticated where it is no key."""
    match = _KEY.fullmatch(text)
    if match is None:
        raise no_such_key()
    return match[1], hashlib.sha256(bytes.fromhex(match[2])).digest()


def admit(key: ApiKey | None, kept_hash: bytes | None, given_hash: bytes, now: datetime) -> Principal:
    """Who holds the key; raises Unauthenticated where there is none, it is another's, revoked or expired."""
    same = hmac.compare_digest(kept_hash or bytes(32), given_hash)
    if key is None or kept_hash is None or not same:
        raise no_such_key()
    if key.revoked_at is not None and key.revoked_at <= now:
        raise Unauthenticated(
            "ACCESS-KEY-REVOKED",
            "该密钥已被吊销，请申请新密钥",
            "this key has been revoked; ask for a new one",
        )
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthenticated(
            "ACCESS-KEY-EXPIRED", "该密钥已过期，请申请新密钥", "this key has expired; ask for a new one"
        )
    return Principal(
        key_id=key.key_id, enterprise_code=key.enterprise_code, scopes=key.scopes, expires_at=key.expires_at
    )


def no_such_key() -> Unauthenticated:
    """One answer for every key that is not ours: it does not tell which part was wrong."""
    return Unauthenticated(
        "ACCESS-KEY",
        "没有这样的密钥；请照签发时显示的全文填写",
        "there is no such key; give its text exactly as it was shown when it was made",
    )


def require(principal: Principal, scope: Scope) -> None:
    """Raises Forbidden where the principal has not this scope; an administrator has every scope of the operator."""
    granted = principal.scopes
    if Scope.ADMIN in granted:
        granted = granted | _OPERATOR_SCOPES
    if scope not in granted:
        raise Forbidden(
            "ACCESS-SCOPE",
            f"该密钥没有 {scope.value} 权限",
            f"this key does not have the scope {scope.value}",
        )


def require_enterprise(principal: Principal, enterprise_code: str) -> None:
    """Raises Forbidden where a firm asks for another's matter; the operator may ask for everybody's."""
    if principal.enterprise_code not in (None, enterprise_code):
        raise Forbidden("ACCESS-ENTERPRISE", "该密钥属于另一企业", "this key belongs to another enterprise")


def refuse_scopes(enterprise_code: str | None, scopes: Collection[Scope]) -> None:
    """Raises Malformed unless a firm's key has only send and read, and the operator's at least one scope."""
    if not scopes or (enterprise_code is not None and not _ENTERPRISE_SCOPES.issuperset(scopes)):
        raise Malformed(
            "ACCESS-SCOPES",
            "企业密钥的权限只能是 send、read，且至少一项",
            "a key needs scopes, and that of an enterprise can only have send and read",
        )


def refuse_lifetime(created_at: datetime, expires_at: datetime | None) -> None:
    """Raises Malformed where a key would end before it begins, or so late that no clock here tells the moment."""
    if expires_at is not None and not created_at < expires_at < created_at + LIFETIME_MOST:
        raise Malformed(
            "ACCESS-EXPIRY",
            "到期时间须晚于现在，且不超过一百年；不填则不过期",
            "the expiry must lie in the future, at most a hundred years off; leave it out for none",
        )


def is_use_noted(key: ApiKey, now: datetime) -> bool:
    """Whether the last use written is recent enough."""
    return key.last_used_at is not None and now - key.last_used_at < USE_NOTED_EVERY


def webhook_host(url: str) -> tuple[str, int]:
    """The host and port a webhook address names, for whoever resolves it; raises Malformed where it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _no_address() from None
    host = _plain_host(url, parts)
    if host is None or parts.scheme not in _PORTS:
        raise _no_address()
    return host, port if port is not None else _PORTS[parts.scheme]


def plain_url(url: str) -> str:
    """A webhook address in the one form it is kept in, so that none is kept twice; raises Malformed where it is none."""
    host, port = webhook_host(url)
    parts = urlsplit(url)
    place = f"[{host}]" if ":" in host else host
    if port != _PORTS[parts.scheme]:
        place = f"{place}:{port}"
    return f"{parts.scheme}://{place}{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"


def _plain_host(url: str, parts: SplitResult) -> str | None:
    """The host of an address that hides nothing: no user, fragment, blanks or dots for folders, a name or a number.

    Whatever ends in a number is one, and written in full: resolvers read `0177.1` and `2130706433` as addresses, too.
    """
    strange = (
        any(not "!" <= letter <= "~" for letter in url) or "\\" in url or "#" in url or "@" in parts.netloc
    )
    folders = parts.path.lower().replace("%2e", ".").split("/")
    host = parts.hostname
    if strange or len(url) > URL_MOST or parts.port == 0 or not host or {".", ".."} & set(folders):
        return None
    number = _address(host)
    if "[" in parts.netloc:
        return str(number) if number is not None and _IPV6.fullmatch(parts.netloc) else None
    if _ENDS_IN_NUMBER.search(host):
        return host if number is not None else None
    return host if _HOST.fullmatch(host) else None


def refuse_many(active: int) -> None:
    """Raises Conflict where an enterprise would have more addresses in use than it may."""
    if active > ENDPOINTS_MOST:
        raise Conflict(
            "WEBHOOK-MANY",
            f"一家企业至多启用 {ENDPOINTS_MOST} 个回调地址；请先停用一个",
            f"an enterprise has at most {ENDPOINTS_MOST} webhook addresses in use; switch one off first",
        )


def refuse_address(addresses: Sequence[str], *, allow_private: bool) -> None:
    """Raises Malformed unless every address a webhook's host resolves to is a public one, or private ones are allowed.

    Ask again at each delivery with the very address connected to: a name may resolve otherwise later.
    """
    if not addresses:
        raise Malformed(
            "WEBHOOK-HOST", "回调地址的主机名无法解析", "the host of the address does not resolve"
        )
    if not allow_private and not all(map(_is_public, addresses)):
        raise Malformed(
            "WEBHOOK-PRIVATE",
            "回调地址指向内部网络；确有需要时由运营者在设置中放开",
            "the address points into a private network; where that is wanted, the operator allows it by a setting",
        )


def is_number(host: str) -> bool:
    """Whether a host is an address by number, which needs no looking up."""
    return _address(host) is not None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_public(text: str) -> bool:
    """Whether an address is on the public network, seen through the ways IPv6 carries IPv4."""
    address = _address(text)
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if carried is None and address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is None and address.is_site_local:
            return False
        address = carried or address
    return address is not None and address.is_global and not address.is_multicast and not address.is_reserved


def _no_address() -> Malformed:
    return Malformed(
        "WEBHOOK-URL",
        "回调地址须为 https:// 或 http:// 网址，不含用户名、片段和 .. 路径；数字地址须写全",
        "a webhook address is an https:// or http:// URL without user, fragment and '..'; a number is written in full",
    )


def next_attempt(failed: int, now: datetime, delivery_id: int) -> datetime | None:
    """When a delivery that has failed so often is tried again, None for never; the number spreads them by a tenth."""
    if failed >= ATTEMPTS_MOST:
        return None
    wait = min(FIRST_WAIT_SECONDS * 2 ** (failed - 1), LONGEST_WAIT_SECONDS)
    spread = int.from_bytes(hashlib.sha256(f"{delivery_id}/{failed}".encode()).digest()[:2], "big") / 65536
    return now + timedelta(seconds=wait * (1 + spread / 10))


def signature(secret: str, sent_at: datetime, body: bytes) -> str:
    """The `Tripoint-Signature` of a delivery: `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body", hex>`."""
    seconds = int(sent_at.timestamp())
    mac = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={mac.hexdigest()}"
