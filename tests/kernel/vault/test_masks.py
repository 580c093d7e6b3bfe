"""What a mask shows: always less than the value, whatever the value is."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trustkeep.kernel.vault import masks
from trustkeep.kernel.vault.masks import FITS, HIDDEN, Form, Mask, as_shown, form_of, masked

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
HAND = "\U0001f44b\U0001f3fd"
SHOWN = [
    (Mask.HIDDEN, "Dan Müller", HIDDEN),
    (Mask.HINT, "Dan Müller", "D•••er"),
    (Mask.HINT, "dan@example.com", "d•••@e•••"),
    (Mask.HINT, "a@b", "•••@•••"),
    (Mask.HINT, "12345", HIDDEN),
    (Mask.LAST_FOUR, "+48 601 000 001", "•••0001"),
    (Mask.LAST_FOUR, "DE02 1203 0000 0000 2020 51", "•••2051"),
    (Mask.LAST_FOUR, "1234567", HIDDEN),  # four of seven would be most of it
    (Mask.LAST_FOUR, "", ""),
    (Mask.INITIALS, "Dan Müller", "D. M."),
    (Mask.INITIALS, "Ana  Maria de la Cruz", "A. C."),
    (Mask.INITIALS, "U\u0308ber Bo", "Ü. B."),
    (Mask.INITIALS, "王小明", "王."),
    (Mask.INITIALS, "王", HIDDEN),
    (Mask.INITIALS, "X Y", HIDDEN),
    (Mask.INITIALS, f"{FAMILY} {HAND}", HIDDEN),
    (Mask.FIRST_LETTERS, "Hauptstraße 5 b", "H••• ••• •••"),
    (Mask.FIRST_LETTERS, f"{FAMILY} Smith", "••• S•••"),
    (Mask.FIRST_LETTERS, "\u202eEvil", "E•••"),
    (Mask.FIRST_LETTERS, "S\u200de\u200dcret", "S•••"),
    (Mask.FIRST_LETTERS, "王 明", "••• •••"),
    (Mask.FIRST_LETTERS, " \t ", HIDDEN),
    (Mask.YEAR, "1980-02-29", "1980"),
    (Mask.YEAR, "1980-02-29T10:00:00Z", "1980"),
    (Mask.YEAR, "29.2.1980", "1980"),
    (Mask.YEAR, "1980", HIDDEN),
    (Mask.YEAR, "born 1980-02-29", HIDDEN),
    (Mask.YEAR, "Gdańsk", HIDDEN),
    (Mask.DOMAIN, "dan@example.com", "•••@example.com"),
    (Mask.DOMAIN, "dan@müller.example", "•••@müller.example"),
    (Mask.DOMAIN, "@example.com", HIDDEN),
    (Mask.DOMAIN, "•••@example.com", HIDDEN),
    (Mask.DOMAIN, "a@b@example.com", HIDDEN),
    (Mask.DOMAIN, "Dan <dan@example.com>", HIDDEN),
    (Mask.DOMAIN, "dan", HIDDEN),
]


@pytest.mark.parametrize(("mask", "value", "shown"), SHOWN)
def test_a_mask_shows_its_part(mask, value, shown):
    assert shown == masked(value, mask)


def test_each_mask_is_tried_with_what_it_does_not_fit():
    assert set(Mask) == {mask for mask, _, shown in SHOWN if shown == HIDDEN}


def shows_the_value(shown, value):
    """Whether a reader learns all of a value that has anything to learn."""
    plain = unicodedata.normalize("NFC", value).strip()
    told = "".join(each for each in shown if each.isalnum())
    whole = "".join(each for each in plain if each.isalnum())
    return (shown != HIDDEN and bool(plain) and plain in shown) or (bool(whole) and whole in told)


HOSTILE = st.text(
    st.sampled_from([*"aB7 .@-•é王́", "\u202e", "\u200d", "\U0001f468", "\u0308", "\n"]), max_size=12
)


@given(st.one_of(st.text(), HOSTILE, st.emails(), st.dates().map(str)), st.sampled_from(Mask))
@example("•••", Mask.HINT)
@example("a•••", Mask.FIRST_LETTERS)
@example("1980", Mask.YEAR)
def test_no_mask_ever_shows_the_whole_value(value, mask):
    shown = masked(value, mask)

    assert not shows_the_value(shown, value)
    assert ("" == value) is ("" == shown)
    assert shown.isprintable()


@pytest.mark.parametrize("planted", [lambda value: value, lambda value: value[:1] + HIDDEN])
def test_a_planted_mask_that_shows_too_much_is_seen(planted):
    assert shows_the_value(planted("x"), "x")


def test_the_letters_of_a_reader_are_not_torn():
    assert ["x\u0301", "a"] == masks._letters("x\u0301a")
    assert [] == masks._letters(FAMILY + HAND)


def test_only_what_is_shown_is_left():
    opened = {"name": "Dan Müller", "phone": "+48 601 000 001", "city": "Hel"}

    assert {"name": "D. M.", "city": "Hel"} == as_shown(
        opened, {"name": Mask.INITIALS, "city": None, "email": Mask.DOMAIN}
    )


@pytest.mark.parametrize(
    ("index", "kinds", "form"),
    [
        ("email", [], Form.EMAIL),
        ("phone", ["user.contact.email"], Form.PHONE),  # what is looked up counts first
        ("none", ["user.contact.email"], Form.EMAIL),
        ("none", ["user.demographic.date_of_birth"], Form.DATE),
        ("exact", ["date"], Form.DATE),
        ("exact", ["user.updated"], Form.TEXT),
        ("none", [], Form.TEXT),
    ],
)
def test_the_form_of_a_value_is_what_its_element_says(index, kinds, form):
    assert form == form_of(index, kinds)


def test_each_mask_fits_something_and_each_form_has_its_own():
    assert set(Mask) == set(FITS)
    assert all(FITS.values())
    assert {Mask.DOMAIN, Mask.HINT, Mask.HIDDEN} == {
        each for each in Mask if Form.EMAIL in FITS[each]
    }
