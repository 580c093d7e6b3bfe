"""What an import may bring: the mapping of columns to elements, checked before a row is read.

SOP 4.1a.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trustkeep.base.errors import Unacceptable
from trustkeep.base.events import CHECKS, Detail
from trustkeep.base.paths import usable
from trustkeep.kernel.vault import elements
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.customers import rules
from trustkeep.rooms.customers.rules import Encoding, Mapped
from trustkeep.rooms.customers.rules.guessing import quoted
from trustkeep.rooms.purposes import queries as purposes

Declared = Mapping[str, Element]
_FORM = {"separator": ",", "encoding": str(Encoding.UTF_8)}


@dataclass(frozen=True, slots=True)
class Shown:
    """What an import is about to do with a file: column and element, and the columns left out."""

    reference: str
    columns: Sequence[tuple[str, str]]
    left_out: Sequence[str]


def mapping_from(path: Path) -> Mapped:
    """The mapping that a TOML file declares: `reference = "Column"`, `[fields] element = "Column"`.

    `separator` and `encoding` may say how the file is written; else it has commas, in UTF-8.

    Raises:
        Unacceptable: it cannot be read, or it is not a mapping.
    """
    try:
        with usable(path, "name the TOML file that maps columns to elements"):
            data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        data = {}
    fields: Any = data.get("fields")
    texts = [data.get("reference"), *fields, *fields.values()] if isinstance(fields, dict) else []
    if (
        not texts
        or not set(data) <= {"reference", "fields", *_FORM}
        or any(type(one) is not str for one in texts)
    ):
        raise Unacceptable(
            f'{path} is no mapping: it needs reference = "Column" and a table [fields] with '
            'element = "Column".'
        )
    form = {**_FORM, **data}
    if form["separator"] not in rules.SEPARATORS or form["encoding"] not in set(Encoding):
        raise Unacceptable(
            f"{path} names a separator or an encoding that is not known: a separator is a comma, "
            f"a semicolon, a tab or a vertical bar, an encoding {' or '.join(Encoding)}."
        )
    return Mapped(data["reference"], dict(fields), form["separator"], Encoding(form["encoding"]))


def shown(header: Sequence[str], mapped: Mapped) -> Shown:
    """What an import will do with the columns of a file."""
    columns = [(column, element) for element, column in mapped.fields.items()]
    taken = {mapped.reference, *mapped.fields.values()}
    return Shown(mapped.reference, columns, [one for one in header if one not in taken])


def check_source(source: str) -> None:
    """Refuse a source that is no code: it stands in the ledger, where no free text may be.

    Raises:
        Unacceptable: it is none.
    """
    if not CHECKS[Detail.CODE](source):
        raise Unacceptable(
            "The source is a code of lower-case letters, digits, dots, hyphens and underscores, "
            "at most 80 of them, such as crm-2026.",
            {"source": "a code"},
        )


def declared(mapped: Mapped) -> Declared:
    """The elements that a mapping brings.

    Raises:
        Unacceptable: one was never declared, or no live purpose needs it.
    """
    found = elements.known(mapped.fields)
    needless = purposes.needless(mapped.fields)
    if needless:
        raise Unacceptable(
            f"No live purpose needs {', '.join(needless)}, so it must not be collected: leave it "
            "out of the mapping, or declare the purpose that needs it."
        )
    return found


def check_header(header: Sequence[str], mapped: Mapped) -> None:
    """Refuse a header that has not every column once.

    Raises:
        Unacceptable: naming what is missing.
    """
    wanted = (mapped.reference, *mapped.fields.values())
    missing = sorted(set(wanted) - set(header))
    separator = rules.separator_in(header)
    if missing and separator:
        raise Unacceptable(
            f"The columns of the file are separated by {rules.SEPARATORS[separator]}: say "
            f"separator = {quoted(separator)} in the mapping, or save it with "
            f"{rules.SEPARATORS[mapped.separator]}."
        )
    if missing:
        raise Unacceptable(
            f"The file has no column {', '.join(missing)}: mend the mapping or the first line."
        )
    check_names(header)


def check_names(header: Sequence[str]) -> None:
    """Refuse a header that names two columns alike.

    Raises:
        Unacceptable: it does.
    """
    if len(set(header)) != len(header):
        raise Unacceptable("Two columns of the file have the same name: rename one of them.")
