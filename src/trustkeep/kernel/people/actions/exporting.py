"""The list of people, to be taken out of here: an entry says that somebody did.  SOP 8b."""

import hashlib
import json
from enum import StrEnum

from django.conf import settings

from trustkeep.base.actor import Actor
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import cells, directory, sheet
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.permissions import Permission


class Form(StrEnum):
    """In which form a list is taken out."""

    CSV = "csv"
    JSON = "json"


def export_people(actor: Actor, *, form: Form) -> str:
    """Everybody whom the actor may see, active or not, as `import` takes them; no programs."""
    with acting(actor, Permission.VIEW_PEOPLE):
        seen = directory.visible_to(actor)
        rows = [
            cells.cells_of(each, seen.census.people, seen.census.units, settings.COMPANY_ZONE)
            for each in seen.people
            if each.is_person
        ]
        if form is Form.CSV:
            content = sheet.written(rows)
        else:
            content = json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
        details = {"count": len(rows), "digest": hashlib.sha256(content.encode()).hexdigest()}
        log.append(PeopleEvent.LIST_EXPORTED, actor, details=details)
    return content
