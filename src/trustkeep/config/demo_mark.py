"""What tells a demo from a real installation: a file in its home and its ledger's first entry.

The two must say the same.  The file alone could be removed or copied, the entry cannot be changed
without being found: so invented customers never become those of a company, and whoever acts for
the demo's staff acts nowhere else.
"""

from enum import StrEnum
from pathlib import Path

from trustkeep.base.errors import Conflict, Misconfigured

NAME = "demo"  # a file that only `trustkeep demo` makes


class Stage(StrEnum):
    """How far the demo of a folder is; the first word of the mark."""

    BEGUN = "begun"
    LIVED = "lived"


def stage(home: Path) -> Stage | None:
    """How far the demo of this folder is; None: it is no demo's."""
    try:
        words = (home / NAME).read_text().split(maxsplit=1)
    except FileNotFoundError:
        return None
    return Stage.LIVED if words[:1] == [Stage.LIVED] else Stage.BEGUN


def put(home: Path, reached: Stage) -> None:
    """Mark a folder as a demo's."""
    (home / NAME).write_text(f"{reached} by trustkeep demo\n")


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
            f"{home / NAME} marks a demo's folder, but its ledger does not say so: if an earlier "
            "release made this demo, `trustkeep demo` makes it again; if it is a company's, remove "
            "that file."
        )
