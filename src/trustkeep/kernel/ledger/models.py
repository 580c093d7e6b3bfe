"""The ledger's tables.  Entries are only ever added; positions stand apart from them.

An entry is one row, whole: pruning by an approved policy deletes the rows of whole bundles and
keeps spans, tiles and checkpoints, so that every remaining proof still verifies.
"""

from functools import reduce
from operator import and_

from django.db import models
from django.db.models import Q


class Writer(models.Model):
    """One database connection's chain of entries; its row is born with its first entry."""

    id = models.UUIDField(primary_key=True)
    process = models.IntegerField()  # the backend's process id and start say if it still lives
    process_started_at = models.DateTimeField(null=True)
    positioned = models.BigIntegerField(default=0)  # the last counter that has a position
    head = models.BinaryField(null=True)  # leaf hash of that entry
    closed = models.BooleanField(default=False)

    class Meta:
        """Open writers are few: the sequencer looks at no others."""

        db_table = "ledger_writer"
        indexes = (models.Index(fields=["id"], condition=Q(closed=False), name="ledger_open"),)


# What is written all the time is not indexed by event: nobody asks for all of it, and each reading
# would pay for it.
_FREQUENT = ("access.read.permitted", "vault.customer.created", "vault.customer.written")
_SELDOM = reduce(and_, (~Q(event=event) for event in _FREQUENT))


class Entry(models.Model):
    """One entry: its body is the truth, the other columns are extracted from it for queries."""

    pk = models.CompositePrimaryKey("writer", "counter")
    writer = models.UUIDField()
    counter = models.BigIntegerField()
    at = models.DateTimeField()
    event = models.TextField()
    actor = models.TextField()
    customer = models.UUIDField(null=True)
    purpose = models.TextField(null=True)  # noqa: DJ001 - none is not a purpose
    state_version = models.BigIntegerField(null=True)
    body = models.BinaryField()
    tag = models.BinaryField()

    class Meta:
        """Who saw this customer; whom did this actor see: both from an index."""

        db_table = "ledger_entry"
        indexes = (
            models.Index(
                fields=["customer", "at"], include=["state_version"], name="ledger_customer"
            ),
            models.Index(fields=["actor", "at"], include=["customer"], name="ledger_actor"),
            models.Index(fields=["event", "at"], condition=_SELDOM, name="ledger_seldom"),
        )


class Span(models.Model):
    """Neighbouring positions given to neighbouring entries of one writer."""

    first = models.BigIntegerField(primary_key=True)  # position of the first, from 0
    length = models.IntegerField()
    writer = models.UUIDField()
    counter = models.BigIntegerField()  # of the first

    class Meta:
        """From a writer's counter to the position."""

        db_table = "ledger_span"
        constraints = (
            models.UniqueConstraint(fields=["writer", "counter"], name="ledger_span_once"),
        )


class HashTile(models.Model):
    """A hash tile, full or the partial one at the edge."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        """At most 8,192 bytes a row."""

        db_table = "ledger_tile"


class Head(models.Model):
    """The one row that says how far positions are given."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    caught_up_at = models.DateTimeField()  # nothing committed before was without a position

    class Meta:
        """One row only."""

        db_table = "ledger_head"
        constraints = (models.CheckConstraint(condition=Q(id=1), name="ledger_one_head"),)


class PublishedCheckpoint(models.Model):
    """A signed checkpoint."""

    size = models.BigIntegerField(primary_key=True)
    note = models.BinaryField()
    signed_at = models.DateTimeField()

    class Meta:
        """One per size: never two inconsistent ones."""

        db_table = "ledger_checkpoint"
