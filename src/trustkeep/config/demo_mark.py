"""What tells a demo from a real installation: a file in its home and its ledger's first entry.

The two must say the same.  The file alone could be removed or copied, the entry cannot be changed
without being found: so invented customers never become those of a company, and whoever acts for
the demo's staff acts nowhere else.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from trustkeep.base.errors import Conflict, Misconfigured

if TYPE_CHECKING:
    from trustkeep.config.embedded import Server

NAME = "demo"  # a file that only `trustkeep demo` makes


class Stage(StrEnum):
    """How far the demo of a folder is; the first word of the mark."""

    BEGUN = "begun"
    LIVED = "lived"


def stage(home: Path) -> Stage | None:
    """How far the demo of this folder is; None: it is no demo's."""
    try:
        text = (home / NAME).read_text()
    except (OSError, UnicodeDecodeError):  # no file, or none of ours
        return None
    return next((one for one in Stage if text == _mark(one)), None)


def put(home: Path, reached: Stage) -> None:
    """Mark a folder as a demo's."""
    hidden = home / f".{NAME}"
    hidden.write_text(_mark(reached))
    hidden.replace(home / NAME)  # it is there whole, or as it was


def _mark(reached: Stage) -> str:
    return f"{reached} by trustkeep demo\n"


def said_of(home: Path) -> dict[str, bool]:
    """What the ledger's first entry says of an installation that is founded in this folder."""
    return {"demo": True} if stage(home) is not None else {}


def refuse_to_make_real(home: Path) -> None:
    """Refuse to make a real company's installation in a demo's folder.

    Raises:
        Conflict: it is one.
    """
    if stage(home) is not None:
        raise Conflict(
            f"{home} holds a demo, whose invented data never become a company's: name an empty "
            "folder in TRUSTKEEP_HOME for the real one, or run `trustkeep demo` for this."
        )


def refuse_to_remove_real(home: Path) -> None:
    """Refuse to clear a marked folder away whose ledger was not begun by a demo.

    The mark is a file, which anybody may put anywhere; the ledger is asked without any key.

    Raises:
        Conflict: something of a company may lie there.
    """
    from trustkeep.config import embedded, pg_folders

    if not pg_folders.of(home).data.exists():
        is_real = (home / "keys").exists()  # with a database elsewhere
    else:
        founded = _founding_entries(embedded.ensure_running(home))
        is_real = not all(entry["details"].get("demo") for entry in founded)
    if is_real:
        raise Conflict(
            f"{home / NAME} marks a demo's folder, but its ledger was not begun by `trustkeep "
            "demo`, so nothing was removed: name another folder in TRUSTKEEP_HOME."
        )


def _founding_entries(server: "Server") -> list[dict[str, Any]]:
    from trustkeep.kernel.keys.events import KeyEvent

    try:
        with server.connect() as reading:
            asked = "SELECT body FROM ledger_entry WHERE event = %s"
            rows = reading.execute(asked, (KeyEvent.FOUNDED.value,)).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.OperationalError):
        return []  # it was cut short before there was a ledger
    return [json.loads(bytes(body)) for (body,) in rows]


def refuse_contradiction(home: Path) -> None:
    """Refuse where folder and ledger do not say the same; the keys must be there.

    Raises:
        Misconfigured: one of them is a demo's and the other is not.
    """
    from trustkeep.kernel.keys.events import KeyEvent
    from trustkeep.kernel.ledger import history

    founded = history.last(KeyEvent.FOUNDED)
    if founded is None:
        return
    is_demo, is_marked = bool(founded["details"].get("demo")), stage(home) is not None
    if is_demo and not is_marked:
        raise Misconfigured(
            f"The ledger here was begun by `trustkeep demo`, and {home} is no demo's folder: its "
            "data never become a company's; name an empty folder in TRUSTKEEP_HOME."
        )
    if is_marked and not is_demo:
        raise Misconfigured(
            f"{home / NAME} marks a demo's folder, but its ledger does not say so: if it is a "
            "company's, remove that file; if an earlier release made this demo, remove the folder."
        )
