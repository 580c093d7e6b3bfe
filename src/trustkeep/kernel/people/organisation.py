"""What an organisation may say of itself, and the one spelling it is kept in.  Pure.

The time zone, the public address and the mail server are settings of the host, and not kept here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from trustkeep.base import text
from trustkeep.base.errors import Unacceptable

MOST_OF_NAME, MOST_LANGUAGES = 200, 20
# ISO 3166-1 alpha-2, as officially assigned.
COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM
    ZW
    """.split()  # noqa: SIM905 - as a list it would be 249 lines
)
# BCP 47 in its short form: a language, perhaps a script, perhaps a region.
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?")


@dataclass(frozen=True, slots=True)
class Stated:
    """What the organisation says of itself.

    `host_imaged`: images or snapshots of the host hold the folder of the primary slot, so that an
    old one keeps the secret which an erasure destroys.
    """

    name: str
    country: str
    languages: tuple[str, ...]
    host_imaged: bool


def named(name: str) -> str:
    """The organisation's name.

    Raises:
        Unacceptable: it is not one line.
    """
    if not text.is_line(name, MOST_OF_NAME):
        raise Unacceptable(
            f"The organisation's name is one line of at most {MOST_OF_NAME} characters.",
            {"name": "one line"},
        )
    return name.strip()


def seated(country: str) -> str:
    """The country whose law it is under first.

    Raises:
        Unacceptable: there is no such code.
    """
    code = country.strip().upper()
    if code not in COUNTRIES:
        raise Unacceptable(
            "A country is the two letters of ISO 3166, such as DE, GB or US.",
            {"country": "DE, GB or US is one"},
        )
    return code


def spoken(languages: Iterable[str]) -> tuple[str, ...]:
    """The languages of its people and customers, the first one first, each once.

    Raises:
        Unacceptable: there is none, there are too many, or one is no tag.
    """
    found = tuple(dict.fromkeys(map(_tag, languages)))
    if not 0 < len(found) <= MOST_LANGUAGES:
        raise _no_languages()
    return found


def _tag(language: str) -> str:
    parts = _LANGUAGE.fullmatch(language.strip().lower())
    if parts is None:
        raise _no_languages()
    tongue, script, region = parts.groups()
    return "-".join(filter(None, (tongue, script and script.title(), region and region.upper())))


def _no_languages() -> Unacceptable:
    return Unacceptable(
        f"Languages are 1 to {MOST_LANGUAGES} short tags of BCP 47, such as en, de or pt-BR.",
        {"languages": "en, de or pt-BR is one"},
    )
