"""Versions: what stands in the end does not depend on the order in which the versions of a lawful history arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tripoint.pipeline.versions import CHANGE, NEW, WITHDRAWAL, Reception, Standing, Version, receive

BEGIN = datetime(2024, 6, 1, tzinfo=UTC)


def version(minute: int, app_type: str = NEW, digest: int | None = None, *, draft: bool = False) -> Version:
    return Version(
        app_type=app_type,
        app_time=BEGIN + timedelta(minutes=minute),
        draft=draft,
        digest=minute if digest is None else digest,
    )


def stands_after(history: list[Version], kind: str = "order") -> Version | None:
    """The version that counts once all have arrived in this order."""
    current: Version | None = None
    for arriving in history:
        if receive(kind, arriving, Standing(version=current, list_state=None)) in (
            Reception.ACCEPTED,
            Reception.DRAFT,
        ):
            current = arriving
    return current


@given(st.lists(st.sampled_from([CHANGE, WITHDRAWAL]), max_size=4), st.data())
def test_a_history_of_changes_comes_to_its_newest_version(types: list[str], data: st.DataObject) -> None:
    history = [version(0), *(version(at, app_type) for at, app_type in enumerate(types, 1))]
    arrived = data.draw(st.permutations([*history, *history]))
    assert stands_after(list(arrived)) == history[-1]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_draft_a_declaration_and_a_change_come_to_the_change(order: tuple[int, ...]) -> None:
    history = [version(0, draft=True), version(1), version(2, CHANGE)]
    assert stands_after([history[at] for at in order]) == history[-1]


@given(st.sampled_from(["order", "payment", "waybill", "list"]), st.sampled_from([NEW, CHANGE, WITHDRAWAL]))
def test_the_same_again_is_the_same_answer(kind: str, app_type: str) -> None:
    one = version(5, app_type)
    for state in (None, "waiting", "released", "refused"):
        assert receive(kind, one, Standing(version=one, list_state=state)) is Reception.REPEATED


@pytest.mark.parametrize("state", ["released", "cancelled", "inspect"])
@pytest.mark.parametrize("app_type", [NEW, CHANGE, WITHDRAWAL])
def test_what_is_settled_is_not_changed(state: str, app_type: str) -> None:
    arriving, stands = version(9, app_type), Standing(version=version(1), list_state=state)
    assert receive("order", arriving, stands) is Reception.LOCKED


def test_a_second_new_one_with_other_content_is_a_conflict_unless_the_first_was_refused_or_withdrawn() -> (
    None
):
    assert (
        receive("list", version(9), Standing(version=version(1), list_state="waiting")) is Reception.CONFLICT
    )
    for state in ("refused", "withdrawn"):
        assert (
            receive("list", version(9), Standing(version=version(1), list_state=state)) is Reception.ACCEPTED
        )
    gone = Standing(version=version(1, WITHDRAWAL), list_state=None)
    assert receive("order", version(9), gone) is Reception.ACCEPTED
    assert receive("order", version(1, digest=9), gone) is Reception.CONFLICT


@given(st.integers(-5, 5), st.sampled_from([NEW, CHANGE, WITHDRAWAL]))
def test_an_older_version_never_replaces_a_newer(minutes: int, app_type: str) -> None:
    arriving = version(10 + minutes, app_type, digest=99)
    found = receive("payment", arriving, Standing(version=version(10), list_state="refused"))
    if minutes < 0:
        assert found is Reception.OLDER
    elif minutes == 0:
        assert found is Reception.CONFLICT


def owned(minute: int, owner: str, *, by_issuer: bool = False, draft: bool = False) -> Version:
    return Version(
        app_type=CHANGE if minute else NEW,
        app_time=BEGIN + timedelta(minutes=minute),
        draft=draft,
        digest=minute,
        owner=owner,
        by_issuer=by_issuer,
    )


@pytest.mark.parametrize(
    ("arriving", "reception"),
    [
        (owned(1, "A"), Reception.ACCEPTED),
        (owned(1, "B"), Reception.CONFLICT),
        (owned(1, "B", by_issuer=True), Reception.ACCEPTED),
    ],
)
def test_an_order_stays_its_merchants_unless_the_marketplace_says_otherwise(
    arriving: Version, reception: Reception
) -> None:
    assert receive("order", arriving, Standing(version=owned(0, "A"), list_state=None)) is reception


def test_a_draft_list_is_its_declarants_alone() -> None:
    draft = owned(0, "A", draft=True)
    stranger = Version(app_type=NEW, app_time=BEGIN + timedelta(minutes=1), draft=False, digest=1, owner="B")
    assert receive("list", stranger, Standing(version=draft, list_state="draft")) is Reception.CONFLICT
    again = Version(app_type=NEW, app_time=BEGIN + timedelta(minutes=1), draft=False, digest=1, owner="A")
    assert receive("list", again, Standing(version=draft, list_state="draft")) is Reception.ACCEPTED
