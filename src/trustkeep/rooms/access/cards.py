"""What a masked card shows: enough to recognise a person by, too little to use.  SOP 4.3a.

Pure.  What each kind of value becomes is listed in `docs/operate/finding.md`.
"""

from collections.abc import Iterable, Mapping

from trustkeep.kernel.vault.masks import Mask
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass

MOST_CARDS = 10  # in the answer to one search
MASKS: Mapping[str, Mask] = {  # by the look-up of an element
    IndexKind.NAME: Mask.INITIALS, IndexKind.EMAIL: Mask.HINT, IndexKind.PHONE: Mask.HINT,
    IndexKind.EXACT: Mask.HINT, IndexKind.DATE: Mask.YEAR, IndexKind.PLACE: Mask.FIRST_LETTERS,
}  # fmt: skip


def fields_of(elements: Mapping[str, tuple[int, str]], needed: Iterable[str]) -> tuple[str, ...]:
    """The fields of a card: what people are looked up by, of the class identity, that are needed.

    `elements` are class and look-up by name; whatever else is kept is not opened for a card.
    """
    return tuple(
        key
        for key in sorted(needed)
        if elements[key][0] == SensitivityClass.IDENTITY and elements[key][1] != IndexKind.NONE
    )


def sentence(count: int, *, is_more: bool, words: int | None) -> str:
    """How was compared, and what to do where too many were found; no `words`: by one value."""
    if words is None:
        how = "Compared by the whole value, exactly"
    else:
        counted = "1 exact word" if words == 1 else f"{words} exact words"
        how = f"Compared by {counted} of the name and by the second value, both of which must match"
    said = f"{how}: another spelling is not found."
    if is_more:
        said += (
            f" More than {count} people match, and {count} are shown: add a word of the name, or "
            "take another second value."
        )
    return said if count else f"Nobody was found. {said}"
