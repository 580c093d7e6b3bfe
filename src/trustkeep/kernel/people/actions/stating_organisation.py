"""The organisation says what it is: its name, country, languages, and how its host is copied."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import organisation, queries
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Organisation
from trustkeep.kernel.people.organisation import Stated
from trustkeep.kernel.people.permissions import Permission


def state_organisation(
    actor: Actor,
    *,
    name: str | None = None,
    country: str | None = None,
    languages: Sequence[str] | None = None,
    host_imaged: bool | None = None,
) -> Stated:
    """Have this stand of the organisation; None leaves a thing as it is, and nothing new no entry.

    Raises:
        Unacceptable: something is no name, country or language, or lacks at the first statement.
    """
    wanted: dict[str, Any] = {
        "name": None if name is None else organisation.named(name),
        "country": None if country is None else organisation.seated(country),
        "languages": None if languages is None else organisation.spoken(languages),
        "host_imaged": host_imaged,
    }
    with acting(actor, Permission.MANAGE_ORGANISATION):
        sealed_sets.hold(Organisation, None)
        before = queries.organisation()
        known = asdict(before) if before else {}
        whole: dict[str, Any] = {
            column: known.get(column) if new is None else new for column, new in wanted.items()
        }
        _refuse_gaps(whole)
        stated = Stated(**whole)
        if stated != before:
            _store(
                actor, stated, [column for column in whole if whole[column] != known.get(column)]
            )
    return stated


def _refuse_gaps(whole: dict[str, object]) -> None:
    gaps = [column for column, value in whole.items() if value is None]
    if gaps:
        raise Unacceptable(
            "The first statement of an organisation is whole: its name, country, languages, and "
            "whether its host is imaged.",
            dict.fromkeys(gaps, "is missing"),
        )


def _store(actor: Actor, stated: Stated, columns: list[str]) -> None:
    with sealed_sets.change(Organisation, None, actor) as statements:
        store = statements.replace if statements.rows else statements.add
        store(
            Organisation(
                name=stated.name, country=stated.country, languages=list(stated.languages),
                host_imaged=stated.host_imaged, stated_by=actor.id, stated_at=world.now(),
            )
        )  # fmt: skip
    details = {
        "columns": columns, "country": stated.country.lower(), "imaged": stated.host_imaged,
    }  # fmt: skip
    log.append(PeopleEvent.ORGANISATION_STATED, actor, details=details)
