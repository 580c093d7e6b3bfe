"""A shop for benchmarks: embedded PostgreSQL, keys, people; and the plain Django way beside it."""

import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

SEALED = ("name", "email", "phone", "street", "city", "postcode", "birth_date", "notes")
OPEN = ("country", "language", "segment", "source")
FIELDS = SEALED + OPEN


class Shop:
    """An installation in a folder of its own, removed at the end."""

    def __enter__(self):
        self.home = Path(tempfile.mkdtemp(prefix="trustkeep-bench-", dir="/var/tmp"))
        self.home.chmod(0o711)
        os.environ.update(
            TRUSTKEEP_HOME=str(self.home),
            TRUSTKEEP_MASTER_KEY=f"file:{self.home / 'elsewhere' / 'master.key'}",
            TRUSTKEEP_RECOVERY_SLOT=str(self.home / "recovery"),
        )
        from trustkeep.config import embedded, environment, start

        environment.current.cache_clear()
        embedded.ensure_running(self.home)
        start.django()
        start.migrate(lambda _: None)
        start.wire(environment.current())
        from trustkeep.config import wiring
        from trustkeep.kernel.keys import founding

        founding.found(wiring.places(environment.current()), wiring.provider(environment.current()))
        self._people()
        self._plain()
        return self

    def __exit__(self, *_):
        from django.db import connection

        from trustkeep.config import embedded

        connection.close()
        embedded.stop(self.home)
        shutil.rmtree(self.home, ignore_errors=True)

    def _people(self):
        from trustkeep.base import actor as actors
        from trustkeep.kernel.people import actions, tokens
        from trustkeep.kernel.people.permissions import Role
        from trustkeep.kernel.vault.models import Element
        from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass
        from trustkeep.rooms.access import actions as access
        from trustkeep.rooms.purposes import actions as purposes
        from trustkeep.rooms.purposes.rules import LegalBasis

        ana = tokens.actor_for(
            actions.found(actors.host(0), name="Ana", email="a@x.example").token.secret
        )
        who, self.secrets = {"ana": ana}, {}
        for name, role, by in (
            ("dora", Role.DPO, "ana"),
            ("cleo", Role.DATA_STEWARD, "dora"),
            ("emil", Role.DEPARTMENT_HEAD, "ana"),
        ):
            member = actions.add_member(ana, name=name, email=f"{name}@x.example")
            actions.assign_role(who[by], member=member, role=role)
            issued = actions.issue_token(ana, member=member, label="bench", lasts=timedelta(days=1))
            handed = tokens.actor_for(issued.secret)
            own = actions.issue_token(handed, member=member, label="own", lasts=timedelta(days=1))
            who[name], self.secrets[name] = tokens.actor_for(own.secret), own.secret
        self.who = who
        look_ups = {"email": IndexKind.EMAIL, "phone": IndexKind.PHONE}
        purposes.declare_elements(
            who["dora"],
            declared=[
                Element(
                    key=key, label=key, kinds=[], index=look_ups.get(key, IndexKind.NONE),
                    number=SensitivityClass.IDENTITY,
                )
                for key in FIELDS
            ],
        )  # fmt: skip
        purposes.declare_purpose(
            who["dora"], key="support", label="Support", fields=FIELDS,
            legal_bases={"eu": LegalBasis.CONTRACT},
        )  # fmt: skip
        access.give_grant(who["dora"], grantee=who["cleo"].id, purpose="support", bulk=True)

    def _plain(self):
        """The plain, ungoverned way: one row of text a customer, one row a read."""
        from django.db import connection, models

        self.Plain, self.Audit = plain_models(models)
        with connection.schema_editor() as editor:
            editor.create_model(self.Plain)
            editor.create_model(self.Audit)


def plain_models(models):
    """A row of text a customer with an index where customers are looked up, and one a read."""
    attributes = {
        name: models.CharField(max_length=200, db_index=name in {"email", "phone"})
        for name in FIELDS
    }
    meta = type("Meta", (), {"app_label": "bench"})
    reference = models.CharField(max_length=60, unique=True)
    plain = type(
        "Plain", (models.Model,),
        {"__module__": "bench", "Meta": meta, "reference": reference, **attributes},
    )  # fmt: skip
    audit = type(
        "Audit",
        (models.Model,),
        {
            "__module__": "bench",
            "Meta": meta,
            "at": models.DateTimeField(auto_now_add=True),
            "actor": models.CharField(max_length=60),
            "customer": models.IntegerField(db_index=True),
            "purpose": models.CharField(max_length=60),
            "fields": models.JSONField(),
        },
    )
    return plain, audit


chance = random.Random(7)


def row(number):
    """The values of a customer, of realistic length."""
    return {
        "name": f"Customer Number{number}",
        "email": f"customer{number}@example.com",
        "phone": f"+48 6{number:08d}",
        "street": f"Long Street {chance.randrange(400)} / {chance.randrange(60)}",
        "city": chance.choice(["Gdańsk", "Kraków", "Łódź", "Warszawa"]),
        "postcode": f"{chance.randrange(100):02d}-{chance.randrange(1000):03d}",
        "birth_date": f"19{chance.randrange(40, 99)}-05-1{chance.randrange(9)}",
        "notes": "prefers to be called in the afternoon",
        "country": "PL",
        "language": "pl",
        "segment": "retail",
        "source": "web",
    }


def paired(ours, theirs, windows=9, each=200):
    """Medians of both in alternating windows, in seconds a call, and the median ratio."""
    ratios, own, other = [], [], []
    for _ in range(windows):
        own.append(_timed(ours, each))
        other.append(_timed(theirs, each))
        ratios.append(own[-1] / other[-1])
    return statistics.median(own), statistics.median(other), statistics.median(ratios)


def _timed(call, each):
    began = time.perf_counter()
    for _ in range(each):
        call()
    return (time.perf_counter() - began) / each


def say(name, figures, goal, *, unit=1e6, word="us"):
    ours, theirs, ratio = figures
    print(
        f"{name}: {ours * unit:,.0f} {word} against {theirs * unit:,.0f} {word} plain Django, "
        f"ratio {ratio:.2f} (goal at most {goal})",
        flush=True,
    )
