"""What must hold of filings before they count: whole, free of contradiction, and a made-up world never a real enterprise."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from tripoint.kernel.text import Text
from tripoint.registers.filings.records import (
    Certificate,
    Enterprise,
    EntrustedPaper,
    Entrustment,
    FilingsDocument,
    Problem,
    Role,
    Tally,
)

GENERATED_ENTERPRISE_PREFIX = "0000"
"""No customs district or administrative division has the number 0000, so no real enterprise code begins so."""

GENERATED_PERSON_PREFIX = "91"
"""No division of GB/T 2260 has the number 91, so no resident identity number (document type 1) begins so."""

_OWNERS = {
    EntrustedPaper.ORDERS: frozenset({Role.MARKETPLACE, Role.MERCHANT}),
    EntrustedPaper.PAYMENTS: frozenset({Role.PAYMENT_PROVIDER}),
}

_Key = TypeVar("_Key", bound=Hashable)
_Filing = TypeVar("_Filing")


def generated_only(document: FilingsDocument) -> list[Problem]:
    """What a document marked as generated says about anybody who may be real; empty for other documents."""
    if not document.generated:
        return []
    enterprise = Text(
        f"生成的文件只能含有以 {GENERATED_ENTERPRISE_PREFIX} 开头的企业代码",
        f"a generated document may only hold enterprise codes that begin with {GENERATED_ENTERPRISE_PREFIX}",
    )
    person = Text(
        f"生成的文件只能含有以 {GENERATED_PERSON_PREFIX} 开头的证件号码",
        f"a generated document may only hold identity numbers that begin with {GENERATED_PERSON_PREFIX}",
    )
    enterprises = (
        Problem(path, enterprise)
        for path, code in _enterprise_codes(document)
        if not code.startswith(GENERATED_ENTERPRISE_PREFIX)
    )
    persons = (
        Problem(path, person)
        for path, number in _person_ids(document)
        if not number.startswith(GENERATED_PERSON_PREFIX)
    )
    return [*enterprises, *persons]


def _enterprise_codes(document: FilingsDocument) -> Iterator[tuple[str, str]]:
    """Every enterprise code a document holds, with its path."""
    for number, enterprise in enumerate(document.enterprises):
        yield f"enterprises[{number}].enterprise_code", enterprise.enterprise_code
    for number, certificate in enumerate(document.certificates):
        yield f"certificates[{number}].enterprise_code", certificate.enterprise_code
    for number, entrustment in enumerate(document.entrustments):
        yield f"entrustments[{number}].sender_code", entrustment.sender_code
        yield f"entrustments[{number}].owner_code", entrustment.owner_code
    for number, deposit in enumerate(document.deposits):
        yield f"deposits[{number}].guarantor_code", deposit.guarantor_code


def _person_ids(document: FilingsDocument) -> Iterator[tuple[str, str]]:
    """Every identity number a document holds, with its path."""
    for number, person in enumerate(document.verified_persons):
        yield f"verified_persons[{number}].person_id", person.person_id
    for number, use in enumerate(document.annual_used):
        yield f"annual_used[{number}].person_id", use.person_id


def contradictions(document: FilingsDocument) -> list[Problem]:
    """Where a document contradicts itself: the same key twice, an end before its beginning, a firm entrusting itself."""
    return [
        *_twice("enterprises", [item.enterprise_code for item in document.enterprises]),
        *_twice("entrustments", [entrustment_key(item) for item in document.entrustments]),
        *_twice("verified_persons", [item.person_id for item in document.verified_persons]),
        *_twice("deposits", [(item.guarantor_code, item.reference) for item in document.deposits]),
        *_twice("annual_used", [(item.person_id, item.year) for item in document.annual_used]),
        *_ends_early("enterprises", [(item.since, item.until) for item in document.enterprises]),
        *_ends_early("entrustments", [(item.since, item.until) for item in document.entrustments]),
        *(
            Problem(
                f"entrustments[{number}].owner_code",
                Text("不能委托自己", "an enterprise cannot entrust itself"),
            )
            for number, item in enumerate(document.entrustments)
            if item.sender_code == item.owner_code
        ),
    ]


def _twice(section: str, keys: Sequence[Hashable]) -> Iterator[Problem]:
    """The items whose key stood before."""
    seen: dict[Hashable, int] = {}
    for number, key in enumerate(keys):
        first = seen.setdefault(key, number)
        if first != number:
            text = Text(f"与 {section}[{first}] 重复", f"the same as {section}[{first}]")
            yield Problem(f"{section}[{number}]", text)


def _ends_early(section: str, spans: Sequence[tuple[date, date | None]]) -> Iterator[Problem]:
    """The items that end before they begin."""
    for number, (since, until) in enumerate(spans):
        if until is not None and until < since:
            yield Problem(f"{section}[{number}].until", Text("早于 since", "before since"))


def enterprise_codes(document: FilingsDocument) -> set[str]:
    """Every enterprise code a document holds."""
    return {code for _, code in _enterprise_codes(document)}


def misfits(
    document: FilingsDocument,
    filed: Mapping[str, Enterprise],
    certificates: Sequence[Certificate],
    owners: Mapping[str, str],
) -> list[Problem]:
    """Where a document does not fit the register: unknown enterprises, missing roles, another's certificate.

    `filed`: enterprises of the register by code; `owners`: enterprise code by fingerprint of certificates filed there.
    """
    known = dict(filed) | {item.enterprise_code: item for item in document.enterprises}
    unknown = Text("企业未备案", "this enterprise is not filed")
    problems = [Problem(path, unknown) for path, code in _enterprise_codes(document) if code not in known]
    problems.extend(_misplaced_certificates(certificates, owners))
    problems.extend(_missing_roles(document, known))
    return problems


def _misplaced_certificates(
    certificates: Sequence[Certificate], owners: Mapping[str, str]
) -> Iterator[Problem]:
    """Certificates that belong to another enterprise already, there or in the same document."""
    held = dict(owners)
    for number, certificate in enumerate(certificates):
        owner = held.setdefault(certificate.fingerprint, certificate.enterprise_code)
        if owner != certificate.enterprise_code:
            text = Text(f"证书已属于企业 {owner}", f"the certificate belongs to enterprise {owner} already")
            yield Problem(f"certificates[{number}].enterprise_code", text)


def _missing_roles(document: FilingsDocument, known: Mapping[str, Enterprise]) -> Iterator[Problem]:
    """Entrustments and deposits of enterprises not filed for such a matter."""
    for number, item in enumerate(document.entrustments):
        yield from _lacks(f"entrustments[{number}].sender_code", known.get(item.sender_code), {Role.CARRIER})
        owner = known.get(item.owner_code)
        yield from _lacks(f"entrustments[{number}].owner_code", owner, _OWNERS[item.paper_kind])
    for number, deposit in enumerate(document.deposits):
        guarantor = known.get(deposit.guarantor_code)
        yield from _lacks(f"deposits[{number}].guarantor_code", guarantor, {Role.GUARANTOR})


def _lacks(path: str, enterprise: Enterprise | None, needed: Collection[Role]) -> Iterator[Problem]:
    """A problem where a filed enterprise has none of the roles needed."""
    if enterprise is not None and enterprise.roles.isdisjoint(needed):
        names = ", ".join(sorted(needed))
        yield Problem(path, Text(f"企业未备案为 {names}", f"the enterprise is not filed as {names}"))


def entrustment_key(item: Entrustment) -> tuple[str, str, str, date]:
    """What names an entrustment: sender, owner, kind of paper and first day."""
    return item.sender_code, item.owner_code, item.paper_kind, item.since


def entrustment_name(key: tuple[str, str, str, date]) -> str:
    """An entrustment's key for people: `sender orders of owner since 2024-01-01`."""
    sender_code, owner_code, paper_kind, since = key
    return f"{sender_code} {paper_kind} of {owner_code} since {since}"


def difference(
    told: Mapping[_Key, _Filing], filed: Mapping[_Key, _Filing]
) -> tuple[dict[_Key, _Filing], dict[_Key, _Filing], int]:
    """What is told and not yet filed, what is filed otherwise, and how many are filed just so."""
    added = {key: item for key, item in told.items() if key not in filed}
    changed = {key: item for key, item in told.items() if key in filed and filed[key] != item}
    return added, changed, len(told) - len(added) - len(changed)


def tally(added: Iterable[str], changed: Iterable[str], unchanged: int) -> Tally:
    """A tally with its keys in order."""
    return Tally(added=tuple(sorted(added)), changed=tuple(sorted(changed)), unchanged=unchanged)


def masked(person_id: str) -> str:
    """An identity number that names nobody any more: its first three and last two characters."""
    if len(person_id) < 10:
        return "*" * len(person_id)
    return person_id[:3] + "*" * (len(person_id) - 5) + person_id[-2:]


def ended(enterprise: Enterprise, until: date) -> Enterprise:
    """The same filing, ending with a day."""
    return replace(enterprise, until=until)
