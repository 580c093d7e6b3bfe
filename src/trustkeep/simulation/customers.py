"""Customers from a seed: the same seed gives the same people, none of whom exist."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")
COLUMNS = (
    "CustomerId", "FirstName", "LastName", "Company", "Address", "City", "State", "Country",
    "PostalCode", "Phone", "Fax", "Email",
)  # fmt: skip

_FIRST = ("Ana", "Ben", "Cleo", "Dan", "Eva", "Filip", "Greta", "Hugo", "Ines", "Jonas", "Kaja",
          "Leo", "Mira", "Nils", "Olga", "Pavel", "Rosa", "Sven", "Tereza", "Zoë")  # fmt: skip
_LAST = ("Müller", "Nowak", "Novák", "Jansen", "García", "Rossi", "Dubois", "Kowalska", "Svensson",
         "Horváth", "O'Brien", "Łukasik", "Ångström", "Öztürk", "Weiß")  # fmt: skip
_PLACES = (
    ("Gdańsk", "Poland", "80-001", "+48 58 {:07d}"),
    ("Köln", "Germany", "50667", "+49 221 {:07d}"),
    ("Lyon", "France", "69001", "+33 4 {:08d}"),
    ("Porto", "Portugal", "4000-001", "+351 22 {:07d}"),
    ("Malmö", "Sweden", "211 20", "+46 40 {:06d}"),
    ("Boston, MA", "USA", "02108", "+1 (617) 555-{:04d}"),
)


class Chance:
    """Numbers that a seed decides, the same on every machine and release."""

    def __init__(self, seed: int) -> None:
        self._seed, self._drawn = seed, 0

    def below(self, end: int) -> int:
        """A number from 0 up to, and without, the end."""
        self._drawn += 1
        drawn = hashlib.sha256(f"{self._seed}/{self._drawn}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") % end

    def choice(self, among: Sequence[T]) -> T:
        """One of several."""
        return among[self.below(len(among))]


def from_seed(seed: int, count: int) -> Iterator[Mapping[str, str]]:
    """So many customers, a row each; company, state and fax are often empty, as in life."""
    chance = Chance(seed)
    for number in range(1, count + 1):
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        city, country, postcode, phone = chance.choice(_PLACES)
        plain = f"{first}.{last}".casefold().encode("ascii", "ignore").decode().replace("'", "")
        yield {
            "CustomerId": str(number),
            "FirstName": first,
            "LastName": last,
            "Company": chance.choice(("", "", "", f"{last} & Co")),
            "Address": f"{chance.choice(('Long', 'Mill', 'Harbour'))} Street {number}",
            "City": city,
            "State": "",
            "Country": country,
            "PostalCode": postcode,
            "Phone": phone.format(chance.below(10**4)),
            "Fax": chance.choice(("", phone.format(chance.below(10**4)))),
            "Email": f"{plain}{number}@mail.example",
        }
