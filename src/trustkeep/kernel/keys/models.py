"""The tables of the keys in the data database: headers of sealed sets, results of comparisons."""

from django.db import models

from trustkeep.kernel.keys.sealed_rows import SEAL_BYTES, SealedSet, seal_of

__all__ = ["SealedSet", "StateLook"]


class StateLook(models.Model):
    """What one comparison of state and ledger found; `findings` name places, never values.

    The ledger was verified from the last mark on, or whole; size and root are the new mark, and
    are absent where something was wrong.  Each row is sealed by itself, not in a set: a result that
    was written or changed by SQL does not count, and what one said that was removed is found again
    within five minutes.
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
    seal = models.BinaryField(max_length=SEAL_BYTES)

    def expected_seal(self, key: bytes) -> bytes:
        """The seal that these columns must carry."""
        columns = {name: getattr(self, name) for name in _SEALED}
        return seal_of("keys.look", columns, key)


_SEALED = (
    "at", "whole", "took_ms", "looked_at", "count", "findings", "ledger_defects", "ledger_size",
    "ledger_root",
)  # fmt: skip
