"""The made-up enterprises: several of each role, and some that lack what the law asks, for the trades that go wrong.

Their codes begin with 0000 (no customs district has that number), then three characters of the seed, so that two
worlds never share an enterprise.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from random import Random

from tripoint.regimes.codes import load_codes
from tripoint.rehearsal.people import Person, make_person

_DIGITS = "0123456789ABCDEFGHJKLMNPQRSTUVWXY"
_SINCE = date(2019, 1, 1)
_BRANDS = ("星桥", "海岸线", "云帆", "望舒", "青禾", "北极光", "拾光", "远山", "贝壳湾", "木棉")


@dataclass(frozen=True, slots=True)
class Enterprise:
    """An enterprise of the made-up world and the roles it is filed for."""

    code: str
    name: str
    roles: frozenset[str]
    connected: bool = False


class World:
    """Everybody who takes part: enterprises by role, customs offices, persons met so far."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(f"world {seed}")
        self._mark = _mark(seed)
        self._made = 0
        self.enterprises: list[Enterprise] = []
        plain = {"guarantor"}
        self.marketplaces = self._make(4, "电子商务平台", {"marketplace", *plain}, connected=True)
        self.merchants = self._make(8, "跨境电子商务", {"merchant", *plain})
        self.providers = self._make(3, "支付科技", {"payment_provider"})
        self.carriers = self._make(4, "国际物流", {"carrier", *plain})
        self.declarants = self._make(4, "报关", {"declarant"})
        self.warehouses = self._make(3, "保税仓储", {"warehouse"})
        self.unconnected = self._make(1, "电子商务平台", {"marketplace", *plain})[0]
        self.poor = self._make(1, "跨境电子商务", {"merchant", *plain})[0]
        """A merchant whose guarantee suffices for nothing."""
        self.without_account = self._make(1, "跨境电子商务", {"merchant", *plain})[0]
        self.stranger = self._make(1, "监管作业场所", {"place_operator"})[0]
        """An enterprise with a certificate and none of the roles of a trade."""
        self.rich = [*self.marketplaces, *self.merchants, *self.carriers, self.unconnected]
        self.direct_offices, self.bonded_offices = _offices(self._rng)
        self.people: list[Person] = []
        self.spent = [make_person(self._rng) for _ in range(5)]
        """Persons who have used up their year elsewhere."""

    def _make(self, count: int, trade: str, roles: set[str], *, connected: bool = False) -> list[Enterprise]:
        made = []
        for _ in range(count):
            brand = _BRANDS[self._made % len(_BRANDS)]
            number = self._made
            code = f"0000{self._mark}{number:03d}"
            self._made += 1
            name = f"{brand}{trade}有限公司（演练{number:02d}）"
            made.append(Enterprise(code, name, frozenset(roles), connected))
        self.enterprises += made
        return made

    def person(self, rng: Random, amount: int, limit: int) -> Person:
        """Somebody who may still buy for `amount`; often one who has bought before."""
        if self.people and rng.random() < 0.5:
            known = rng.choice(self.people[-2_000:])
            if known.used + amount <= limit:
                return known
        return self.newcomer(rng)

    def newcomer(self, rng: Random) -> Person:
        """Somebody who has never bought before."""
        new = make_person(rng)
        self.people.append(new)
        return new

    @property
    def since(self) -> date:
        """The day every filing of this world begins."""
        return _SINCE


def _mark(seed: int) -> str:
    """Three characters that differ from seed to seed."""
    number = int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:4])
    marks = []
    for _ in range(3):
        number, at = divmod(number, len(_DIGITS))
        marks.append(_DIGITS[at])
    return "".join(marks)


def _offices(rng: Random) -> tuple[list[str], list[str]]:
    """Some customs offices for parcels from abroad and some for bonded goods."""
    names = load_codes("customs_districts").names
    direct = sorted(
        c for c, n in names.items() if ("快件" in n.zh or "邮局" in n.zh) and not c.endswith("00")
    )
    bonded = sorted(c for c, n in names.items() if "保税" in n.zh and not c.endswith("00"))
    return rng.sample(direct, min(5, len(direct))), rng.sample(bonded, min(5, len(bonded)))
