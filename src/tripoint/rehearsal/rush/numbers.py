"""The numbers that must differ when a made-up trade happens again: each kind has its form, and a copy keeps it.

A number that is misprinted on purpose stays so: what does not have its kind's form is left as it is, and a check digit that
was wrong is wrong again. Two numbers that were equal stay equal, two that differed differ in all copies.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tripoint.kernel.identifiers import resident_id, s10

_SPREAD = 387_420_489
"""A power of 3, so that times it is a permutation of the numbers below any power of 10: indexes meet random keys."""

_PLACES = 10_000
_GOLDEN = 0x9E3779B1
_POSTAL = re.compile(rb"LR([0-9]{8})[0-9]CN")
_PERSON = re.compile(rb"(91)([0-9]{4})([0-9]{11})([0-9X])")
_GUID = re.compile(rb"([0-9A-F]{8})(-[0-9A-F-]{27})")


class Number(Protocol):
    """A number that each copy of a trade has its own of; copy 0 is the first."""

    def of(self, copy: int) -> bytes:
        """The copy's number."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A number that all copies share."""

    text: bytes

    def of(self, copy: int) -> bytes:  # noqa: ARG002
        """Always the same."""
        return self.text


@dataclass(frozen=True, slots=True)
class Counted:
    """A number that ends in digits which count trades; `step` is the count from one copy to the next."""

    start: bytes
    digits: int
    first: int
    step: int
    is_spread: bool

    def of(self, copy: int) -> bytes:
        """The number of the copy, scattered where numbers of this kind are."""
        number = self.first + copy * self.step
        if self.is_spread:
            number = number * _SPREAD % 10**self.digits
        return b"%b%0*d" % (self.start, self.digits, number)


@dataclass(frozen=True, slots=True)
class Postal:
    """A postal number (S10): LR, eight digits, check digit, CN."""

    first: int
    step: int

    def of(self, copy: int) -> bytes:
        """The number of the copy with its check digit."""
        serial = f"{(self.first + copy * self.step) * _SPREAD % 10**8:08d}"
        return f"LR{serial}{s10.check_digit(serial)}CN".encode()


@dataclass(frozen=True, slots=True)
class Guid:
    """Thirty-six characters of which the first eight tell the copies apart."""

    first: int
    rest: bytes

    def of(self, copy: int) -> bytes:
        """The guid of the copy."""
        return b"%08X%b" % (self.first ^ (copy * _GOLDEN & 0xFFFFFFFF), self.rest)


@dataclass(frozen=True, slots=True)
class Person:
    """An identity number (GB 11643) of a place that does not exist; each copy has another place."""

    place: int
    rest: str
    is_right: bool

    def of(self, copy: int) -> bytes:
        """The identity number of the copy, as right or wrong as the first one."""
        first = f"91{(self.place + copy) % _PLACES:04d}{self.rest}"
        check = resident_id.check_digit(first)
        if not self.is_right:
            check = "0" if check != "0" else "1"
        return (first + check).encode()


def _counted(digits: int, *, is_spread: bool) -> Callable[[bytes, int], Number]:
    def make(text: bytes, step: int) -> Number:
        if len(text) < digits or not text[-digits:].isdigit():
            return Fixed(text)
        return Counted(text[:-digits], digits, int(text[-digits:]), step, is_spread)

    return make


def _waybill(text: bytes, step: int) -> Number:
    found = _POSTAL.fullmatch(text)
    return Postal(int(found[1]), step) if found else _counted(10, is_spread=True)(text, step)


def _guid(text: bytes, step: int) -> Number:  # noqa: ARG001
    found = _GUID.fullmatch(text)
    return Guid(int(found[1], 16), found[2]) if found else Fixed(text)


def _person(text: bytes, step: int) -> Number:  # noqa: ARG001
    found = _PERSON.fullmatch(text)
    if not found:
        return Fixed(text)
    is_right = resident_id.check_digit(text[:17].decode()) == found[4].decode()
    return Person(int(found[2]), found[3].decode(), is_right)


KINDS: dict[bytes, Callable[[bytes, int], Number]] = {
    b"guid": _guid,
    b"orderNo": _counted(9, is_spread=True),
    b"payTransactionId": _counted(8, is_spread=False),
    b"logisticsNo": _waybill,
    b"copNo": _counted(12, is_spread=False),
    b"buyerIdNumber": _person,
    b"payerIdNumber": _person,
}
"""How the text of an element becomes a number, by the element's name; the other argument is the step between copies."""
