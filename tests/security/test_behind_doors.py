from collections import defaultdict
from tests import doors
from trustkeep.kernel.people import permissions
from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.kernel.ledger.models import Entry
import json

def newest():
    e=Entry.objects.order_by("at","counter").last()
    b=json.loads(bytes(e.body))
    return b["event"], b["details"]

def test_probe(staffed, monkeypatch):
    for name, door in sorted(doors.EVERY.items()):
        if door.permission=="host" or name=="GET /metrics": continue
        own=Permission(door.permission)
        other=Permission.OWN_DUTIES if own is not Permission.OWN_DUTIES else Permission.VIEW_SOP
        for kind, held in (("but", set(Permission)-{own}), ("only", {own, other})):
            monkeypatch.setattr(permissions,"PERMISSIONS",{**permissions.PERMISSIONS, Role.FACILITIES: frozenset(held)})
            secret=staffed.secrets["facilities"]
            with door.standing_open(other):
                a=door.knock(secret, staffed.fitting(name, secret))
            if kind=="but":
                if a.outcome!="refused": print("PASSES", name, own, a)
                else:
                    e=newest()
                    if e[1].get("permission")!=own: print("ENTRY", name, own, a, e)
            elif a.outcome=="refused":
                print("NEEDS MORE", name, own, a, newest())
    assert 0
