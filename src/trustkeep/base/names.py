"""A name as the words it is looked up by, and a place as one word.

`docs/formats/blind-index.md` lists the rules with examples; a change of rule is a new index
generation.
"""

import re
import unicodedata

MOST_WORDS = 12  # of one name; what comes after them is not looked up
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_APOSTROPHES = dict.fromkeys(map(ord, "'`\u00b4\u2018\u2019\u02bb\u02bc\u02bd\uff07"))
# Letters that no decomposition takes apart, as passports and search forms spell them.
_LETTERS = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h",
        "ŧ": "t", "ŋ": "n", "\u0131": "i", "ĸ": "k",
    }
)  # fmt: skip
# ä, ö, ü and æ, ø, œ lose their mark or their e: Müller, Mueller and Muller are one word.
_UMLAUT = re.compile("([aou])e+")
_CJK = re.compile(
    "[\u1100-\u11ff\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_MARKS = re.compile("[\u0300-\u036f]")


def words(name: str) -> tuple[str, ...]:
    """The distinct words of a name in their order, at most twelve; a CJK name is one word."""
    joined: list[str] = []
    was_cjk = False
    for word in _runs(name):
        is_cjk = _CJK.match(word) is not None
        if is_cjk and was_cjk:  # family and given name are written with and without a space
            joined[-1] += word
        else:
            joined.append(word)
        was_cjk = is_cjk
    return tuple(dict.fromkeys(_settled(word) for word in joined))[:MOST_WORDS]


def place(value: str) -> str:
    """A town or a postcode as one word: no spaces, no marks."""
    return _settled("".join(_runs(value)))


def _runs(value: str) -> list[str]:
    """Runs of letters and digits, folded; CJK characters are a run of their own."""
    plain = value.translate(_APOSTROPHES)
    if plain.isascii():
        return _ASCII_WORD.findall(plain.lower())
    runs, kind = [""], ""
    for one in _folded(plain):
        before, kind = kind, _kind_of(one)
        if kind == "mark":
            kind = before  # goes with the letter before it
        if kind and kind == before:
            runs[-1] += one
        elif kind:
            runs.append(one)
    return [run for run in runs if run]


def _kind_of(one: str) -> str:
    if _CJK.match(one):
        return "cjk"
    return {"L": "word", "N": "word", "M": "mark"}.get(unicodedata.category(one)[0], "")


def _folded(value: str) -> str:
    """Compatibility form, case folded, Latin, Greek and Cyrillic letters without their marks."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    shown = "".join(one for one in folded if unicodedata.category(one) != "Cf")  # joiners, marks
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", shown)).translate(_LETTERS)
    # Folding and joining can undo the composition, so it is composed once more.
    return unicodedata.normalize("NFKC", plain).casefold()


def _settled(word: str) -> str:
    return _UMLAUT.sub(r"\1", unicodedata.normalize("NFC", word))
