"""Which element each column of a file probably is, how sure that is, and why in words.  SOP 4.1a.

Pure: the caller reads the file and the declarations.  A guess names headers and counts, never what
stood in a cell.  No column is given two elements, and no element two columns.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trustkeep.rooms.customers.rules.forms import FORMS, Content, Form
from trustkeep.rooms.customers.rules.words import (
    LONGEST,
    Meaning,
    meaning_of,
    meaning_within,
    words_of,
)

LEAST: Final = 0.5  # below it nothing is proposed
_NAMED, _MEANT, _HINTED, _NEAR = 0.95, 0.85, 0.7, 0.55  # how sure a header makes
_SEEN, _SHAPED = 0.75, 0.6  # how sure content alone makes, where its form is rare or common
_BORNE_OUT = 0.1  # what content adds to a header
_DOUBTED = {Form.EMAIL: 0.5, Form.IBAN: 0.5, Form.PHONE: 0.5, Form.DATE: 0.75}  # what it leaves
_MOST, _FEW = 0.8, 0.5  # shares of the values
_ENOUGH: Final = 3  # values that say something
_ALONE = {Form.EMAIL: _SEEN, Form.IBAN: _SEEN, Form.PHONE: _SHAPED}
_TELLS_OF = {Form.EMAIL: Meaning.EMAIL, Form.IBAN: Meaning.IBAN, Form.PHONE: Meaning.PHONE}
_STANDS_FOR = {  # where no element is declared for the first, the others are near
    Meaning.MOBILE: (Meaning.PHONE,),
    Meaning.PHONE: (Meaning.MOBILE,),
    Meaning.FIRST_NAME: (),
}


@dataclass(frozen=True, slots=True)
class Known:
    """A declared element as guessing sees it; `meaning` is what its name, label or look-up says."""

    key: str
    label: str
    meaning: Meaning | None
    is_needed: bool  # by a live purpose

    @classmethod
    def of(cls, key: str, label: str, look_up: str, *, is_needed: bool) -> "Known":
        """An element that was declared with these words."""
        said = (meaning_of(words_of(key)), meaning_of(words_of(label)))
        within = (meaning_within(words_of(key)), meaning_within(words_of(label)))
        looked_up = {"email": Meaning.EMAIL, "phone": Meaning.PHONE}.get(look_up)
        meaning = next((one for one in (*said, looked_up, *within) if one), None)
        return cls(key, label, meaning, is_needed)


@dataclass(frozen=True, slots=True)
class Column:
    """What was guessed of a column: the element, or why it is left out; `reason` says it in words.

    `sureness` is 0 to 1; of what is left out 0.
    """

    name: str
    element: str | None
    sureness: float
    reason: str
    is_reference: bool = False

    @property
    def is_taken(self) -> bool:
        """Whether the mapping names it."""
        return self.is_reference or self.element is not None


@dataclass(frozen=True, slots=True)
class _Candidate:
    place: int
    element: Known
    sureness: float
    reason: str


def guessed(
    header: Sequence[str], contents: Sequence[Content], elements: Sequence[Known]
) -> list[Column]:
    """The columns in the order of the file, each at most once an element."""
    reference = _reference(header, contents)
    candidates = [
        one
        for place, name in enumerate(header)
        if place != (reference and reference[0]) and 0 < len(name) <= LONGEST
        for one in _candidates(place, name, contents[place], elements)
        if one.sureness >= LEAST
    ]
    # The surest first; of two that are as sure, the one that stands first.
    candidates.sort(key=lambda one: (-one.sureness, one.place, one.element.key))
    by_place: dict[int, _Candidate] = {}
    by_element: dict[str, _Candidate] = {}
    for one in candidates:
        if one.place not in by_place and one.element.key not in by_element:
            by_place[one.place] = by_element[one.element.key] = one
    beaten = {one.place: by_element[one.element.key] for one in reversed(candidates)
              if one.element.key in by_element}  # fmt: skip
    return [
        _column(place, name, reference, by_place.get(place), beaten.get(place), header)
        for place, name in enumerate(header)
    ]


def looks_like_no_header(header: Sequence[str]) -> bool:
    """Whether the first line holds values and not names: an address, a telephone, numbers."""
    seen = Content.of(header)
    numbers = sum(cell.strip().isdigit() for cell in header)
    return any(map(seen.count, _TELLS_OF)) or bool(seen.filled and numbers * 2 > seen.filled)


def _reference(header: Sequence[str], contents: Sequence[Content]) -> tuple[int, float, str] | None:
    """The column that tells customers apart: place, sureness, reason."""
    found = [
        (place, *_as_reference(place, words_of(name), contents[place]))
        for place, name in enumerate(header)
        if 0 < len(name) <= LONGEST
    ]
    sure = [one for one in found if one[1] >= LEAST]
    return max(sure, key=lambda one: (one[1], -one[0]), default=None)


def _as_reference(place: int, words: tuple[str, ...], content: Content) -> tuple[float, str]:
    is_enough = content.filled >= _ENOUGH
    if content.rows and not (content.is_unique and content.is_code):
        return 0.0, ""
    rows = content.rows
    unique = f"it is another in each of {rows} rows" if rows else "no row was seen"
    if meaning_of(words) is Meaning.REFERENCE:
        # `customer_no` says more than `id`, which may be that of anything.
        sureness = _NAMED if len("".join(words)) > 4 else _MEANT
        return sureness, f"its name says reference, and {unique}"
    if meaning_within(words) is Meaning.REFERENCE and meaning_of(words) is None:
        return _HINTED, f"its name hints at a reference, and {unique}"
    if place == 0 and is_enough and meaning_of(words) is None and not _has_a_form(content):
        return LEAST, f"it stands first, and {unique}"
    return 0.0, ""


def _has_a_form(content: Content) -> bool:
    return any(content.share(form) >= _FEW for form in (Form.EMAIL, Form.DATE, Form.IBAN))


def _candidates(
    place: int, name: str, content: Content, elements: Sequence[Known]
) -> Iterator[_Candidate]:
    words = words_of(name)
    exact, within = meaning_of(words), meaning_within(words)
    for element in elements:
        sureness, reason = _by_name(words, exact, within, element)
        sureness, reason = _with_content(sureness, reason, content, element)
        if reason:
            yield _Candidate(place, element, round(sureness, 2), reason)


def _by_name(
    words: tuple[str, ...], exact: Meaning | None, within: Meaning | None, element: Known
) -> tuple[float, str]:
    if words and words in {words_of(element.key), words_of(element.label)}:
        return _NAMED, "its name is that of the element"
    if element.meaning is None:
        return 0.0, ""
    said = element.meaning.value.replace("_", " ")
    if exact is element.meaning:
        return _MEANT, f"its name says {said}"
    if exact is None and within is element.meaning:
        return _HINTED, f"its name hints at {said}"
    meant = exact or within
    if meant and element.meaning in _STANDS_FOR.get(meant, ()):
        return _NEAR, f"its name says {meant.value.replace('_', ' ')}, which is near {said}"
    return 0.0, ""


def _with_content(
    sureness: float, reason: str, content: Content, element: Known
) -> tuple[float, str]:
    form = FORMS.get(element.meaning) if element.meaning else None
    if form is None or content.filled == 0:
        return sureness, reason
    share = content.share(form)
    looked = f"{content.count(form)} of {content.filled} values look like {form}"
    if not reason:
        is_so = (
            share >= _MOST and content.filled >= _ENOUGH
            and _TELLS_OF.get(form) is element.meaning
        )  # fmt: skip
        return (_ALONE[form], looked) if is_so else (0.0, "")
    if share >= _MOST:
        return min(0.99, sureness + _BORNE_OUT), f"{reason}, and {looked}"
    if share < _FEW and content.filled >= _ENOUGH:
        return sureness * _DOUBTED.get(form, 1.0), f"{reason}, though only {looked}"
    return sureness, f"{reason}; {looked}"


def _column(
    place: int,
    name: str,
    reference: tuple[int, float, str] | None,
    taken: _Candidate | None,
    beaten_by: _Candidate | None,
    header: Sequence[str],
) -> Column:
    if reference and reference[0] == place:
        return Column(name, None, reference[1], reference[2], is_reference=True)
    if taken is not None and taken.element.is_needed:
        return Column(name, taken.element.key, taken.sureness, taken.reason)
    if taken is not None:
        return _left(name, f"it looks like {taken.element.key}, which no live purpose needs")
    if beaten_by is not None:
        other = place_name(header, beaten_by.place)
        return _left(name, f"{other} fits {beaten_by.element.key} better or stands before it")
    return _left(name, _unplaced(name))


def _left(name: str, reason: str) -> Column:
    return Column(name, None, 0.0, reason)


def _unplaced(name: str) -> str:
    if not name.strip():
        return "it has no name"
    if len(name) > LONGEST:
        return f"its name is longer than {LONGEST} characters"
    words = words_of(name)
    meaning = meaning_of(words) or meaning_within(words)
    if meaning is Meaning.REFERENCE:
        return "it is a reference of something else, or not another one in each row"
    if meaning is not None:
        said = meaning.value.replace("_", " ")
        return f"its name says {said}, and no element of the kind is declared that fits it"
    return "nothing shows what it is"


def place_name(header: Sequence[str], place: int) -> str:
    """A column for a person: its name, safe to show, or where it stands."""
    return quoted(header[place][:60]) if header[place].strip() else f"column {place + 1}"


_ESCAPED: Mapping[str, str] = {'"': '\\"', "\\": "\\\\"}


def quoted(text: str) -> str:
    """A text as a basic string of TOML, which no sign in it can end or draw outside of."""
    return '"' + "".join(map(_safe, text)) + '"'


def _safe(mark: str) -> str:
    if mark in _ESCAPED:
        return _ESCAPED[mark]
    if mark.isprintable():
        return mark
    code = ord(mark)
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
