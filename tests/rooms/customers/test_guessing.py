"""What the columns of a file probably are: by their names, in many languages, and their shapes."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.rooms.customers.rules import guessing
from trustkeep.rooms.customers.rules.forms import Content, Form, forms_of
from trustkeep.rooms.customers.rules.guessing import Known, guessed, quoted
from trustkeep.rooms.customers.rules.words import meaning_of, meaning_within, words_of

KEYS = (
    "first_name", "last_name", "email", "phone", "address", "postal_code", "city", "country",
    "birth_date",
)  # fmt: skip
ELEMENTS = [Known.of(key, key, "none", is_needed=True) for key in KEYS]
TABLES = {
    "en": "Customer no,First name,Surname,E-mail,Telephone,Street,ZIP,Town,Country,DOB",
    "de": "Kunden-Nr.,Vorname,Nachname,E-Mail-Adresse,Telefon,Straße,PLZ,Ort,Land,Geburtsdatum",
    "fr": "N° client,Prénom,Nom,Courriel,Téléphone,Adresse,Code postal,Ville,Pays,"
    "Date de naissance",
    "pl": "Nr klienta,Imię,Nazwisko,Adres e-mail,Nr telefonu,Ulica,Kod pocztowy,Miasto,Kraj,"
    "Data urodzenia",
    "es": "ID cliente,Nombre,Apellidos,Correo electrónico,Teléfono,Dirección,Código postal,"
    "Población,País,Fecha de nacimiento",
    "pt": "Código,Primeiro nome,Sobrenome,E-mail,Telefone,Endereço,CEP,Cidade,País,"
    "Data de nascimento",
    "no": "Kundenummer,Fornavn,Etternavn,E-post,Telefon,Gateadresse,Postnr,Poststed,Land,"
    "Fødselsdato",
    "sv": "Kundnummer,Förnamn,Efternamn,E-post,Telefonnummer,Gatuadress,Postnummer,Postort,Land,"
    "Födelsedatum",
    "it": "Codice cliente,Nome,Cognome,Indirizzo email,Telefono,Indirizzo,CAP,Comune,Paese,"
    "Data di nascita",
    "nl": "Klantnummer,Voornaam,Achternaam,E-mailadres,Telefoonnummer,Straat,Postcode,Woonplaats,"
    "Land,Geboortedatum",
}
CAMEL = "customerId,firstName,LAST_NAME,eMail,phoneNumber,street_address,zipCode,city,COUNTRY,dob"


def became(header, elements=ELEMENTS, rows=()):
    columns = [Content.of(row[place] for row in rows) for place in range(len(header))]
    return guessed(header, columns, elements)


@pytest.mark.parametrize("table", [*TABLES.values(), CAMEL], ids=[*TABLES, "camel"])
def test_columns_are_known_by_their_names(table):
    reference, *columns = became(table.split(","))

    assert reference.is_reference
    assert list(KEYS) == [one.element for one in columns]
    assert all(guessing.LEAST <= one.sureness < 1 for one in columns)


def test_an_email_is_known_by_its_shape_alone_and_the_reason_counts_and_quotes_nothing():
    rows = [["1", "dan@x.example"], ["2", "eva@y.example"], ["3", "flo@z.example"], ["4", ""]]

    _, column = became(["Column1", "Column2"], rows=rows)

    assert ("email", "3 of 3 values look like e-mail addresses") == (column.element, column.reason)


def test_what_the_name_says_counts_less_where_the_values_say_something_else():
    header, rows = ["No", "E-mail"], [[str(one), "see notes"] for one in range(9)]

    (_, doubted), (_, plain) = became(header, rows=rows), became(header)

    assert (None, "email") == (doubted.element, plain.element)


def test_what_no_live_purpose_needs_is_named_and_left_out():
    fax = Known.of("fax", "Fax", "none", is_needed=False)

    *_, column = became(["No", "Telefax"], [*ELEMENTS, fax])

    assert not column.is_taken
    assert "it looks like fax, which no live purpose needs" == column.reason


def test_of_two_columns_for_one_element_the_surer_is_taken_and_the_other_told_why():
    _, billing, city = became(["No", "Billing city", "City"])

    assert (None, "city") == (billing.element, city.element)
    assert '"City" fits city better or stands before it' == billing.reason


def test_a_reference_repeats_in_no_row():
    rows = [["7", "1", "a"], ["7", "2", "b"], ["8", "3", "c"]]

    group, number, code = became(["Group no", "Customer no", "Code"], rows=rows)

    assert [False, True, False] == [one.is_reference for one in (group, number, code)]


def test_a_mobile_goes_to_the_telephone_only_where_nothing_is_nearer():
    assert ["phone"] == [one.element for one in became(["No", "Handy"])[1:]]
    assert [None, "phone"] == [one.element for one in became(["No", "Handy", "Telefon"])[1:]]
    own = Known.of("mobile", "Mobile", "phone", is_needed=True)
    both = became(["No", "Handy", "Telefon"], [*ELEMENTS, own])[1:]
    assert ["mobile", "phone"] == [one.element for one in both]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("dan@x.example", Form.EMAIL), ("+48 601 000 001", Form.PHONE), ("0221/123456", Form.PHONE),
        ("(617) 555-0100", Form.PHONE), ("1980-02-29", Form.DATE), ("29.2.1980", Form.DATE),
        ("80-001", Form.POSTCODE), ("SW1A 1AA", Form.POSTCODE), ("PL", Form.COUNTRY),
        ("GB82 WEST 1234 5698 7654 32", Form.IBAN),
    ],
)  # fmt: skip
def test_a_value_has_its_form(value, form):
    assert form in forms_of(value)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("dan@localhost", Form.EMAIL), ("12345678", Form.PHONE), ("1980-02-29", Form.PHONE),
        ("13.13.1980", Form.DATE), ("GB82 WEST 1234 5698 7654 33", Form.IBAN), ("", Form.EMAIL),
    ],
)  # fmt: skip
def test_a_value_has_not_the_form_of_another(value, form):
    assert form not in forms_of(value)


@pytest.mark.parametrize(
    ("header", "is_so"),
    [
        (["1", "Dan", "dan@x.example"], True),
        (["7", "8", "9"], True),
        (["+48 601 000 001", "Dan"], True),
        (["No", "Name", "E-mail"], False),
        (["Name", "Address 1", "2"], False),
    ],
)
def test_a_first_line_that_holds_a_customer_is_seen(header, is_so):
    assert is_so is guessing.looks_like_no_header(header)


@pytest.mark.parametrize("header", ["Created by", "Umsatz", "thumbnail", "iPhone model"])
def test_a_word_within_another_is_no_meaning(header):
    assert None is meaning_of(words_of(header))
    assert None is meaning_within(words_of(header)) or "iPhone" in header


names = [each for one in TABLES.values() for each in one.split(",")]
texts = st.text(max_size=40) | st.sampled_from(names)


@given(st.lists(texts, min_size=1, max_size=12), st.data())
def test_whatever_stands_in_a_file_no_column_and_no_element_is_given_twice(header, data):
    width = len(header)
    rows = data.draw(st.lists(st.lists(texts, min_size=width, max_size=width), max_size=5))
    keys = data.draw(st.lists(st.sampled_from([*KEYS, "fax", "x"]), unique=True))
    elements = [Known.of(one, one, "none", is_needed=one != "fax") for one in keys]

    columns = became(header, elements, rows)

    judge(columns, header, keys)


def judge(columns, header, keys):
    assert header == [one.name for one in columns]
    given_ = [one.element for one in columns if one.element]
    assert len(set(given_)) == len(given_)
    assert set(given_) <= set(keys) - {"fax"}
    assert sum(one.is_reference for one in columns) <= 1
    assert not any(one.is_reference and one.element for one in columns)
    assert all(one.reason for one in columns)


@given(st.text(max_size=30), st.text(min_size=8, max_size=20))
def test_no_reason_repeats_a_value(name, value):
    columns = became(["No", name or "x"], rows=[[str(one), f"<{value}>{one}"] for one in range(4)])

    assert all(f"<{value}>" not in one.reason for one in columns)


@given(st.text())
def test_a_name_that_is_quoted_is_the_same_name_in_a_mapping(name):
    line = f"{quoted(name)} = 1 # {quoted(name)}\n"

    assert {name: 1} == tomllib.loads(line)
    assert line.removesuffix("\n").isprintable()


@pytest.mark.parametrize(
    ("elements", "references"),
    [(("email", "email"), ()), (("fax", None), ()), ((None, None), (0, 1)), (("city", None), (0,))],
)
def test_the_property_sees_a_guess_that_gives_something_twice(elements, references):
    columns = [
        guessing.Column("a", element, 1.0, "x", is_reference=place in references)
        for place, element in enumerate(elements)
    ]

    with pytest.raises(AssertionError):
        judge(columns, ["a", "a"], [*KEYS, "fax"])
