"""What the values of a column look like, as shares of them; no value is kept or told.

Pure.  Each form is a shape and no proof: ten digits may be a telephone or an order.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from trustkeep.base import text
from trustkeep.rooms.customers.rules.words import Meaning

LONGEST: Final = 200  # characters of a value that are looked at
_DATE: Final = re.compile(
    r"(?:(?:18|19|20)\d\d[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:18|19|20)?\d\d"
    r"|(?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])[-./ ](?:18|19|20)?\d\d)"
    r"(?:[T ][0-9:.Z+-]*)?"
)
_IBAN: Final = re.compile(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}")
_POSTCODES: Final = re.compile(
    r"\d{4,5}|\d{2}-\d{3}|\d{3} \d{2}|\d{4}-\d{3}|\d{5}-\d{3,4}|\d{4} ?[A-Z]{2}"
    r"|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}-\d{3,6}"
)
_PHONE: Final = re.compile(r"[+(]?[0-9][0-9 ()./-]*")
_WHOLE: Final = re.compile(r"[0-9]+")
_NAMES: Final = (
    "AD AE AF AG AI AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BI BJ BN BO BR BS BT BW BY BZ CA CD"
    " CF CG CH CI CL CM CN CO CR CU CV CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FM FR GA GB"
    " GD GE GH GM GN GQ GR GT GW GY HK HN HR HT HU ID IE IL IN IQ IR IS IT JM JO JP KE KG KH KI KM"
    " KN KP KR KW KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MR MT MU MV MW"
    " MX MY MZ NA NE NG NI NL NO NP NR NZ OM PA PE PG PH PK PL PS PT PW PY QA RO RS RU RW SA SB SC"
    " SD SE SG SI SK SL SM SN SO SR SS ST SV SY SZ TD TG TH TJ TL TM TN TO TR TT TV TW TZ UA UG UK"
    " US UY UZ VA VC VE VN VU WS YE ZA ZM ZW DEU FRA POL ESP PRT NOR SWE DNK FIN GBR USA ITA NLD"
    " CZE AUT CHE BEL IRL CAN AUS IND BRA ARGENTINA AUSTRALIA AUSTRIA BELGIUM BRAZIL CANADA CHILE"
    " DENMARK FINLAND FRANCE GERMANY HUNGARY INDIA IRELAND ITALY NETHERLANDS NORWAY POLAND PORTUGAL"
    " SPAIN SWEDEN SWITZERLAND DEUTSCHLAND POLSKA NIEMCY NORGE SVERIGE DANMARK SUOMI ITALIA"
    " BRASIL SCHWEIZ FRANKREICH FRANCJA HISZPANIA"
)
_COUNTRIES: Final = frozenset(_NAMES.split())


class Form(StrEnum):
    """A shape that values can have."""

    EMAIL = "e-mail addresses"
    PHONE = "telephone numbers"
    DATE = "dates"
    POSTCODE = "postcodes"
    COUNTRY = "countries"
    IBAN = "bank accounts"


FORMS: Mapping[Meaning, Form] = MappingProxyType(
    {
        Meaning.EMAIL: Form.EMAIL,
        Meaning.PHONE: Form.PHONE,
        Meaning.MOBILE: Form.PHONE,
        Meaning.FAX: Form.PHONE,
        Meaning.BIRTH_DATE: Form.DATE,
        Meaning.POSTCODE: Form.POSTCODE,
        Meaning.COUNTRY: Form.COUNTRY,
        Meaning.IBAN: Form.IBAN,
    }
)


def _is_iban(value: str) -> bool:
    plain = value.replace(" ", "").upper()
    if not _IBAN.fullmatch(plain):
        return False
    return int("".join(str(int(mark, 36)) for mark in plain[4:] + plain[:4])) % 97 == 1


def _is_phone(value: str) -> bool:
    plain = value.strip()
    digits = sum(mark.isdigit() for mark in plain)
    # Digits alone are as often a number of something else, unless they begin as telephones do.
    begins = not _WHOLE.fullmatch(plain) or plain[0] == "0"
    return bool(_PHONE.fullmatch(plain)) and 7 <= digits <= 15 and begins and not _is_date(plain)


def _is_date(value: str) -> bool:
    return bool(_DATE.fullmatch(value))


def forms_of(value: str) -> set[Form]:
    """Every form that a value has."""
    plain = value[:LONGEST].strip()
    known = {
        Form.EMAIL: text.is_address(plain) and "." in plain.rpartition("@")[2],
        Form.PHONE: _is_phone(plain),
        Form.DATE: _is_date(plain),
        Form.POSTCODE: bool(_POSTCODES.fullmatch(plain.upper())),
        Form.COUNTRY: plain.upper() in _COUNTRIES,
        Form.IBAN: plain[:1].isalpha() and plain.isascii() and _is_iban(plain),
    }
    return {form for form, is_so in known.items() if is_so}


@dataclass(slots=True)
class Content:
    """What was seen of a column: how many rows, cells with a value, different ones, and forms."""

    rows: int = 0
    filled: int = 0
    _seen: set[int] = field(default_factory=set)
    _forms: dict[Form, int] = field(default_factory=dict)
    _is_code: bool = True

    @classmethod
    def of(cls, cells: Iterable[str]) -> "Content":
        """The content of these cells."""
        seen = cls()
        for cell in cells:
            seen.add(cell)
        return seen

    def add(self, cell: str) -> None:
        """Look at one more cell."""
        self.rows += 1
        plain = cell.strip()
        if not plain:
            return
        self.filled += 1
        self._seen.add(hash(plain))  # differs in each process, so that it says nothing
        self._is_code = self._is_code and len(plain) <= 64 and " " not in plain
        for form in forms_of(plain):
            self._forms[form] = self._forms.get(form, 0) + 1

    def count(self, form: Form) -> int:
        """How many values have a form."""
        return self._forms.get(form, 0)

    def share(self, form: Form) -> float:
        """The share of the values that have a form, 0 to 1."""
        return self.count(form) / self.filled if self.filled else 0.0

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value, and each another."""
        return 0 < self.rows == self.filled == len(self._seen)

    @property
    def is_code(self) -> bool:
        """Whether every value could be a number or code of something."""
        return self.filled > 0 and self._is_code
