"""What must hold of filings, without a database."""

import pytest

from tests.registers.filings.world import certificate, plain, raw
from tripoint.registers.filings import rules
from tripoint.registers.filings.document import read_document


def paths(problems):
    return [problem.path for problem in problems]


def bent(change):
    document = plain()
    change(document)
    return read_document(raw(document))


def set_(section, member, value, number=0):
    return lambda document: document[section][number].__setitem__(member, value)


def test_a_made_up_world_names_nobody_who_may_be_real():
    assert rules.generated_only(read_document(raw(plain()))) == []


@pytest.mark.parametrize(
    ("section", "member", "value"),
    [
        ("enterprises", "enterprise_code", "1105910159"),
        ("enterprises", "enterprise_code", "91110000MA00000000"),
        ("certificates", "enterprise_code", "1105910159"),
        ("entrustments", "sender_code", "1105910159"),
        ("entrustments", "owner_code", "000A"),
        ("verified_persons", "person_id", "110101199001011234"),
        ("deposits", "guarantor_code", "1105910159"),
        ("annual_used", "person_id", "110101199001011234"),
    ],
)
def test_a_generated_document_can_never_name_a_real_one(section, member, value):
    planted = bent(set_(section, member, value))
    assert paths(rules.generated_only(planted)) == [f"{section}[0].{member}"]


def test_an_operators_document_may_name_anybody():
    def change(document):
        document["generated"] = False
        document["enterprises"][0]["enterprise_code"] = "1105910159"

    assert rules.generated_only(bent(change)) == []


@pytest.mark.parametrize(
    "section", ["enterprises", "entrustments", "verified_persons", "deposits", "annual_used"]
)
def test_finds_the_same_key_twice(section):
    document = bent(lambda document: document[section].append(document[section][0]))
    assert paths(rules.contradictions(document)) == [f"{section}[{len(plain()[section])}]"]


@pytest.mark.parametrize("section", ["enterprises", "entrustments"])
def test_finds_an_end_before_the_beginning(section):
    assert rules.contradictions(bent(set_(section, "until", plain()[section][0]["since"]))) == []
    assert paths(rules.contradictions(bent(set_(section, "until", "2018-12-31")))) == [f"{section}[0].until"]


def test_nobody_entrusts_himself():
    assert paths(rules.contradictions(bent(set_("entrustments", "owner_code", "0000A60002")))) == [
        "entrustments[0].owner_code"
    ]


def test_everything_fits_an_empty_register():
    assert rules.misfits(read_document(raw(plain())), {}, [certificate()], {}) == []


def test_finds_enterprises_that_are_not_filed():
    document = bent(lambda document: document["enterprises"].clear())
    expected = [path for path, _ in rules._enterprise_codes(document)]
    assert paths(rules.misfits(document, {}, [certificate()], {})) == expected
    filed = {item.enterprise_code: item for item in read_document(raw(plain())).enterprises}
    assert rules.misfits(document, filed, [certificate()], {}) == []


def test_only_the_roles_the_law_names_may_be_entrusted_and_lodge():
    def change(document):
        document["entrustments"][0]["sender_code"] = "0000A60003"
        document["entrustments"][1]["owner_code"] = "0000A60001"
        document["deposits"][0]["guarantor_code"] = "0000A60002"

    assert paths(rules.misfits(bent(change), {}, [certificate()], {})) == [
        "entrustments[0].sender_code",
        "entrustments[1].owner_code",
        "deposits[0].guarantor_code",
    ]


def test_a_certificate_belongs_to_one_enterprise():
    document = read_document(raw(plain()))
    theirs = certificate("0000A60002")
    there = {theirs.fingerprint: "0000A60001"}
    assert paths(rules.misfits(document, {}, [theirs], there)) == ["certificates[0].enterprise_code"]
    assert paths(rules.misfits(document, {}, [certificate(), theirs], {})) == [
        "certificates[1].enterprise_code"
    ]
    assert rules.misfits(document, {}, [certificate(), certificate()], {}) == []


def test_masks_a_personal_number():
    assert rules.masked("910000199001011234") == "910*************34"
    assert rules.masked("A1234567") == "********"
