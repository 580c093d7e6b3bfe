"""What an import may bring: the mapping of columns to elements, checked before a row is read.

SOP 4.1a.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trustkeep.base.errors import Unacceptable
from trustkeep.base.events import CHECKS, Detail
from trustkeep.base.paths import usable
from trustkeep.kernel.vault import elements
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.customers import rules
from trustkeep.rooms.customers.rules import Mapped
from trustkeep.rooms.purposes import queries as purposes

Declared = Mapping[str, Element]


def mapping_from(path: Path) -> Mapped:
    """The mapping that a TOML file declares: `reference = "Column"`, `[fields] element = "Column"`.

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
        or set(data) != {"reference", "fields"}
        or any(type(one) is not str for one in texts)
    ):
        raise Unacceptable(
            f'{path} is no mapping: it needs reference = "Column" and a table [fields] with '
            'element = "Column".'
        )
    return Mapped(data["reference"], dict(fields))


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
            f"The columns of the file are separated by {separator}: save it with commas."
        )
    if missing:
        raise Unacceptable(
            f"The file has no column {', '.join(missing)}: mend the mapping or the first line."
        )
    if len(set(header)) != len(header):
        raise Unacceptable("Two columns of the file have the same name: rename one of them.")
