"""Customers from a seed: the same seed gives the same people, none of whom exist."""

import random
from collections.abc import Iterator, Mapping

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


def from_seed(seed: int, count: int) -> Iterator[Mapping[str, str]]:
    """So many customers, a row each; company, state and fax are often empty, as in life."""
    chance = random.Random(seed)  # noqa: S311 - people who do not exist need no secrecy
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
            "Phone": phone.format(chance.randrange(10**4)),
            "Fax": chance.choice(("", phone.format(chance.randrange(10**4)))),
            "Email": f"{plain}{number}@mail.example",
        }
