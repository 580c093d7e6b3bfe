"""Customers from a seed: the same seed gives the same people, none of whom exist."""

from collections.abc import Iterator, Mapping
from unicodedata import normalize

from trustkeep.base.text import folded
from trustkeep.simulation.chance import Chance
from trustkeep.simulation.countries import COUNTRIES, Country

COLUMNS = (
    "CustomerId", "FirstName", "LastName", "Company", "Address", "City", "State", "Country",
    "PostalCode", "Phone", "Fax", "Email",
)  # fmt: skip
DOMAINS = ("mail.example", "post.example", "inbox.example")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue"})


def from_seed(seed: int, count: int) -> Iterator[Mapping[str, str]]:
    """So many customers, a row each; company, state and fax are often empty, as in life.

    Beside the columns of a file of the music shop each row has the whole `Name` and a `Language`.
    """
    chance = Chance(seed)
    taken: set[tuple[str, str]] = set()
    for number in range(1, count + 1):
        yield _row(chance, number, COUNTRIES[number % len(COUNTRIES)], taken)


def name_of(chance: Chance, country: Country, taken: set[tuple[str, str]]) -> tuple[str, str]:
    """A name that nobody among `taken` has; it is taken then."""
    while (name := (chance.choice(country.given), chance.choice(country.family))) in taken:
        continue
    taken.add(name)
    return name


def plain(name: str) -> str:
    """A name as the local part of an address: ASCII letters and dots."""
    spelt = _ascii(folded(name).translate(_LETTERS))
    return "".join(each for each in spelt.replace(" ", ".") if each.isalnum() or each == ".")


def _ascii(text: str) -> str:
    """A text without its accents, and without what is no ASCII letter then."""
    return normalize("NFKD", text).encode("ascii", "ignore").decode()


def _row(
    chance: Chance, number: int, country: Country, taken: set[tuple[str, str]]
) -> Mapping[str, str]:
    first, last = name_of(chance, country, taken)
    city, postcode = chance.choice(country.cities)
    phone = country.phone(number // len(COUNTRIES))
    return {
        "CustomerId": str(number),
        "Name": f"{first} {last}",
        "FirstName": first,
        "LastName": last,
        "Company": chance.choice(("", "", "", f"{last} & Co")),
        "Address": country.address.format(
            street=chance.choice(country.streets), number=chance.within(1, 120)
        ),
        "City": city,
        "State": "",
        "Country": country.name,
        "PostalCode": postcode,
        "Phone": phone,
        "Fax": chance.choice(("", phone)),
        "Email": f"{plain(f'{first} {last}')}{number}@{chance.choice(DOMAINS)}",
        "Language": country.language,
    }
