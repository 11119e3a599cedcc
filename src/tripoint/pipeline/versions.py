"""Which version of a paper counts: newest appTime wins, the same again is the same answer, other content is a conflict.

Source: ceb.md §2 (appTime as version) and §3.2 (what may be sent again).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reception(StrEnum):
    """What becomes of a paper that arrives."""

    ACCEPTED = "accepted"
    DRAFT = "draft"
    REPEATED = "repeated"
    OLDER = "older"
    CONFLICT = "conflict"
    LOCKED = "locked"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a paper: what it asks for, when, a digest of what it says, and whose it is.

    `owner` is the merchant of an order and the declarant of a list; `by_issuer` says that the marketplace itself sends it.
    """

    app_type: str
    app_time: datetime
    draft: bool
    digest: int
    numbered: bool = True
    owner: str | None = None
    by_issuer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a paper's number so far: the version that counts and where its list stands."""

    version: Version | None
    list_state: str | None


NEW, CHANGE, WITHDRAWAL = "1", "2", "3"
SETTLED = frozenset({"released", "cancelled", "inspect"})
AGAIN = frozenset({"refused", "withdrawn"})


def receive(kind: str, arriving: Version, standing: Standing) -> Reception:
    """Judge one arriving version against what stands; the outcome does not depend on the order of arrival, save where
    a sender contradicts itself: of two different new versions of one number the one that came first stands.

    A change or withdrawal may arrive before what it changes: it then stands, and the older one is answered as old.
    Only a list's change must name the numbers that the first version was given, so it cannot come first.
    """
    current = standing.version
    if current is None:
        if kind == "list" and arriving.app_type != NEW:
            return Reception.MISSING
        return Reception.DRAFT if arriving.draft else Reception.ACCEPTED
    if arriving.digest == current.digest and arriving.app_time == current.app_time:
        return Reception.REPEATED
    if arriving.app_time < current.app_time:
        return Reception.OLDER
    if standing.list_state in SETTLED:
        return Reception.LOCKED
    if _is_another_firms(kind, arriving, current):
        return Reception.CONFLICT
    if arriving.app_type == NEW and not current.draft:
        again = current.app_type == WITHDRAWAL or (kind == "list" and standing.list_state in AGAIN)
        if not again or arriving.app_time == current.app_time:
            return Reception.CONFLICT
    elif arriving.app_time == current.app_time:
        return Reception.CONFLICT
    if kind == "list" and arriving.app_type != NEW and not arriving.numbered:
        return Reception.MISSING
    return Reception.DRAFT if arriving.draft else Reception.ACCEPTED


def _is_another_firms(kind: str, arriving: Version, current: Version) -> bool:
    """An order stays its merchant's unless the marketplace says otherwise; a draft list is its declarant's alone."""
    if arriving.owner == current.owner or current.owner is None:
        return False
    return (kind == "order" and not arriving.by_issuer) or (kind == "list" and current.draft)
