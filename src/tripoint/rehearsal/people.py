"""Made-up persons: names, addresses, telephones 1300000xxxx, and identity numbers that begin with 91 and so are nobody's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from tripoint.kernel.identifiers import resident_id

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
)
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国文辉力健世广志义兴良海山仁波宁贵福生龙元全胜学祥才发成康星光天达安岩中茂进林有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆"
_RARE = ("欧阳", "司马", "上官", "诸葛")
_LONG = ("阿卜杜拉·艾合买提", "古丽娜尔·买买提", "迪丽努尔·吐尔逊")
_PLACES = (
    ("330106", "浙江省杭州市西湖区", ("文三路", "天目山路", "古墩路")),
    ("330212", "浙江省宁波市鄞州区", ("中兴路", "钱湖北路")),
    ("310115", "上海市浦东新区", ("张杨路", "锦绣路", "世纪大道")),
    ("310104", "上海市徐汇区", ("漕溪北路", "肇嘉浜路")),
    ("440106", "广东省广州市天河区", ("天河路", "体育西路")),
    ("440305", "广东省深圳市南山区", ("科技园路", "后海大道")),
    ("110105", "北京市朝阳区", ("建国路", "望京西路")),
    ("500103", "重庆市渝中区", ("解放碑步行街", "中山三路")),
    ("410105", "河南省郑州市金水区", ("花园路", "农业路")),
    ("510104", "四川省成都市锦江区", ("春熙路", "东大街")),
    ("420106", "湖北省武汉市武昌区", ("中北路", "徐东大街")),
    ("370202", "山东省青岛市市南区", ("香港中路", "闽江路")),
    ("610113", "陕西省西安市雁塔区", ("长安南路", "小寨东路")),
    ("210102", "辽宁省沈阳市和平区", ("太原街", "南京南街")),
)
_FIRST_BIRTH = date(1955, 1, 1)
_BIRTH_DAYS = 18_000


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody who buys: amounts in column units; `used` is what this world lets him buy so far."""

    person_id: str
    name: str
    telephone: str
    address: str
    district: str
    is_verified: bool = False
    used: int = 0
    kilograms: dict[str, int] = field(default_factory=dict)


def make_person(rng: Random) -> Person:
    """A new person; the identity number has a true day and check digit and a place that does not exist."""
    district, address = _address(rng)
    return Person(
        person_id=_person_id(rng),
        name=_name(rng),
        telephone=telephone(rng),
        address=address,
        district=district,
        is_verified=rng.random() < 0.08,
    )


def telephone(rng: Random) -> str:
    """A telephone of a range that is not in use."""
    return f"1300000{rng.randrange(10_000):04d}"


def _person_id(rng: Random) -> str:
    born = _FIRST_BIRTH + timedelta(days=rng.randrange(_BIRTH_DAYS))
    first = f"91{rng.randrange(10_000):04d}{born:%Y%m%d}{rng.randrange(1_000):03d}"
    return first + resident_id.check_digit(first)


def _name(rng: Random) -> str:
    chance = rng.random()
    if chance < 0.01:
        return rng.choice(_LONG)
    surname = rng.choice(_RARE) if chance < 0.03 else rng.choice(_SURNAMES)
    return surname + "".join(rng.choice(_GIVEN) for _ in range(rng.choice((1, 2, 2, 2))))


def _address(rng: Random) -> tuple[str, str]:
    district, place, roads = rng.choice(_PLACES)
    where = f"{place}{rng.choice(roads)}{rng.randrange(1, 999)}号"
    ends = (
        f"{rng.randrange(1, 40)}幢{rng.randrange(1, 5)}单元{rng.randrange(101, 3305)}室",
        f"{rng.choice('ABCDE')}座{rng.randrange(101, 3305)}",
        f"“云栖”小区<{rng.randrange(1, 20)}期>{rng.randrange(1, 30)}#楼",  # what must be escaped
        f"Sunny & Co. 大厦{rng.randrange(2, 40)}层",
    )
    return district, where + rng.choices(ends, weights=(60, 30, 5, 5))[0]
