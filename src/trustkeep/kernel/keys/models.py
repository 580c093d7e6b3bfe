"""The tables of the keys in the data database: headers of sealed sets, results of comparisons."""

from django.db import models

from trustkeep.kernel.keys.sealed_rows import SealedSet

__all__ = ["SealedSet", "StateLook"]


class StateLook(models.Model):
    """What one comparison of state and ledger found; `findings` name places, never values.

    The ledger was verified from the last mark on, or whole; size and root are the new mark, and
    are absent where something was wrong.
    """

    at = models.DateTimeField(db_index=True)
    whole = models.BooleanField()
    took_ms = models.IntegerField()
    looked_at = models.JSONField()  # part -> how many
    count = models.IntegerField()  # how many findings there are; at most 200 of a kind are listed
    findings = models.JSONField()  # of part, place, sentence
    ledger_defects = models.IntegerField()
    ledger_size = models.BigIntegerField(null=True)
    ledger_root = models.BinaryField(null=True, max_length=32)
