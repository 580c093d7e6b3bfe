"""What the ledger says of sealed sets, to compare with what stands there."""

import json

from trustkeep.kernel.ledger.models import Entry


def newest_versions(kind: str) -> dict[tuple[str, str], tuple[int, str]]:
    """The version and digest that the newest entry about each set of this kind names."""
    newest: dict[tuple[str, str], tuple[int, str]] = {}
    for body in Entry.objects.filter(event="keys.set.changed").values_list("body", flat=True):
        said = json.loads(bytes(body))["details"]
        if said["kind"] == kind:
            place = (kind, said["owner"])
            version = (said["version"], said["digest"])
            newest[place] = max(newest.get(place, version), version)
    return newest
