"""The tables of the keys in the data database: only the headers of sealed sets."""

from trustkeep.kernel.keys.sealed_rows import SealedSet

__all__ = ["SealedSet"]
