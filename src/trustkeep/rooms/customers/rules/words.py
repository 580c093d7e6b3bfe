"""What columns are called, in the languages of those who make files: from a header to its meaning.

Pure.  A header is taken apart where capitals, digits and signs divide it, and its letters count
without accents: `Adresse_eMail`, `adresseEmail` and `ADRESSE E-MAIL` are the same three words.
"""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

LONGEST = 200  # characters of a header that are looked at


class Meaning(StrEnum):
    """What a column can hold, as far as its name or content shows."""

    REFERENCE = "reference"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    COMPANY = "company"
    EMAIL = "email"
    PHONE = "phone"
    MOBILE = "mobile"
    FAX = "fax"
    ADDRESS = "address"
    CITY = "city"
    STATE = "state"
    POSTCODE = "postcode"
    COUNTRY = "country"
    BIRTH_DATE = "birth_date"
    IBAN = "iban"
    TAX_ID = "tax_id"
    GENDER = "gender"
    TITLE = "title"
    LANGUAGE = "language"
    NOTES = "notes"


# In each, English, German, French, Polish, Spanish, Portuguese, the Nordic languages, Italian,
# Dutch and Czech, each meaning once.  Without accents.
_SAID: Mapping[Meaning, str] = MappingProxyType(
    {
        Meaning.REFERENCE: (
            "id, no, nr, number, ref, reference, key, code, customer id, customer no,"
            " customer number, customer ref, customer key, cust id, cust no, client id, client no,"
            " client number, account id, account no, account number, user id, member id, member no,"
            " contact id, person id, external id, crm id, uuid, guid, record id, kunden id,"
            " kundennr, kunden nr, kundennummer, kunden nummer, debitor, debitorennummer,"
            " mitgliedsnummer, nummer, numero client, n client, no client, code client,"
            " identifiant, id client, numer klienta, nr klienta, id klienta, kod klienta,"
            " identyfikator, numer, numero de cliente, id cliente, cliente id, codigo cliente,"
            " codigo de cliente, numero, codigo, identificador, kundenummer, kunde id, kunde nr,"
            " kundnummer, kund id, asiakasnumero, codice cliente, codice, klantnummer,"
            " klant nr, klant id, cislo zakaznika, id zakaznika"
        ),
        Meaning.NAME: (
            "name, full name, fullname, customer name, client name, contact name, display name,"
            " contact, person, vollstandiger name, kundenname, ansprechpartner, nom complet,"
            " nom et prenom, nom client, imie i nazwisko, nazwisko i imie, nazwa klienta,"
            " nombre completo, nombre y apellidos, nombre cliente, nome completo, nome do cliente,"
            " fullt navn, navn, kundenavn, fullstandigt namn, namn, kundnamn, koko nimi,"
            " nome e cognome, nominativo, volledige naam, naam, klantnaam, cele jmeno"
        ),
        Meaning.FIRST_NAME: (
            "first name, firstname, given name, givenname, forename, vorname, prenom, imie,"
            " nombre, nombre de pila, primeiro nome, nome, fornavn, fornamn, etunimi, voornaam,"
            " jmeno, krestni jmeno"
        ),
        Meaning.LAST_NAME: (
            "last name, lastname, surname, family name, familyname, nachname, familienname,"
            " zuname, nom, nom de famille, nazwisko, apellido, apellidos, primer apellido,"
            " sobrenome, apelido, etternavn, efternavn, efternamn, sukunimi, cognome, achternaam,"
            " prijmeni"
        ),
        Meaning.COMPANY: (
            "company, company name, organisation, organization, employer, firm, business,"
            " firma, unternehmen, firmenname, societe, entreprise, raison sociale, organisme,"
            " nazwa firmy, przedsiebiorstwo, empresa, compania, razon social, bedrift, selskap,"
            " virksomhed, foretag, yritys, azienda, ragione sociale, bedrijf, bedrijfsnaam,"
            " spolecnost"
        ),
        Meaning.EMAIL: (
            "email, e mail, mail, email address, e mail address, mail address, emailaddress,"
            " e mail adresse, email adresse, mailadresse, courriel, adresse mail, adresse email,"
            " adresse e mail, adresse electronique, adres e mail, adres email, poczta, correo,"
            " correo electronico, direccion de correo, endereco de email, correio eletronico,"
            " epost, e post, epostadresse, e postadress, sahkoposti, posta elettronica,"
            " indirizzo email, e mailadres, emailadres"
        ),
        Meaning.PHONE: (
            "phone, phone number, phonenumber, telephone, telephone number, tel, tel no,"
            " phone no, landline, telefon, telefonnummer, telefonnr, tel nr, rufnummer, festnetz,"
            " numero de telephone, telefon stacjonarny, numer telefonu, nr telefonu, telefono,"
            " numero de telefono, telefone, numero de telefone, tlf, tlf nr, puhelin,"
            " puhelinnumero, numero di telefono, telefoon, telefoonnummer"
        ),
        Meaning.MOBILE: (
            "mobile, mobile phone, mobile number, mobile no, cell, cell phone, cellphone, gsm,"
            " handy, handynummer, mobil, mobiltelefon, mobilnummer, portable, tel portable,"
            " telephone portable, komorka, telefon komorkowy, movil, telefono movil, celular,"
            " telemovel, mobiltelefonnummer, kannykka, cellulare, mobiel, mobiele nummer"
        ),
        Meaning.FAX: (
            "fax, fax number, fax no, faxnummer, telefax, telecopie, telecopieur, faks,"
            " numer faksu, faxnumero"
        ),
        Meaning.ADDRESS: (
            "address, street, street address, address line, address 1, address line 1, adresse,"
            " strasse, str, anschrift, strasse und hausnummer, strasse nr, rue, voie,"
            " adresse postale, adres, ulica, ulica i numer, direccion, calle, domicilio, endereco,"
            " morada, rua, gate, gateadresse, vei, gatuadress, adress, gata, katuosoite, osoite,"
            " indirizzo, via, straat, adresa"
        ),
        Meaning.CITY: (
            "city, town, place, locality, stadt, ort, wohnort, ville, commune, localite, miasto,"
            " miejscowosc, ciudad, localidad, poblacion, cidade, municipio, by, sted, poststed,"
            " stad, postort, kaupunki, citta, comune, plaats, woonplaats, mesto, obec"
        ),
        Meaning.STATE: (
            "state, region, province, county, bundesland, departement, wojewodztwo, provincia,"
            " estado, comunidad, distrito, fylke, lan, landskap, regione, provincie"
        ),
        Meaning.POSTCODE: (
            "postcode, post code, postal code, postalcode, zip, zip code, zipcode, plz,"
            " postleitzahl, code postal, cp, kod pocztowy, codigo postal, cep, postnr,"
            " postnummer, postinumero, cap, codice postale, psc"
        ),
        Meaning.COUNTRY: (
            "country, country code, nation, land, landerkennzeichen, staat, pays, code pays,"
            " panstwo, kraj, pais, maa, paese, nazione, zeme, stat"
        ),
        Meaning.BIRTH_DATE: (
            "birth date, birthdate, date of birth, dob, birthday, born, geburtsdatum, geburtstag,"
            " geb datum, geboren, date de naissance, naissance, data urodzenia,"
            " fecha de nacimiento, nacimiento, data de nascimento, nascimento, fodselsdato,"
            " fodselsdag, fodelsedatum, syntymaaika, data di nascita, geboortedatum,"
            " datum narozeni"
        ),
        Meaning.IBAN: "iban, bank account, bankkonto, kontonummer, konto, compte bancaire,"
        " numer konta, rachunek bankowy, cuenta bancaria, conta bancaria, bankkontonummer,"
        " bankrekening, rekeningnummer, cislo uctu",
        Meaning.TAX_ID: "vat, vat id, vat number, vat no, tax id, tax number, tin, ust id,"
        " ustidnr, ust idnr, umsatzsteuer id, steuernummer, numero tva, tva, nip, numer nip,"
        " regon, pesel, nif, cif, dni, nie, cpf, cnpj, orgnr, organisasjonsnummer,"
        " organisationsnummer, fodselsnummer, personnummer, partita iva, codice fiscale, bsn,"
        " btw nummer, ico, dic, ssn, social security number, national id",
        Meaning.GENDER: "gender, sex, geschlecht, sexe, genre, plec, sexo, genero, kjonn, kon,"
        " sukupuoli, sesso, geslacht, pohlavi",
        Meaning.TITLE: "title, salutation, prefix, titel, anrede, civilite, titre, tytul,"
        " tratamiento, titulo, tittel, titolo, aanhef, osloveni",
        Meaning.LANGUAGE: "language, lang, locale, sprache, langue, jezyk, idioma, sprak, kieli,"
        " lingua, taal, jazyk",
        Meaning.NOTES: "notes, note, comment, comments, remarks, remark, description, notiz,"
        " notizen, bemerkung, bemerkungen, kommentar, commentaire, remarque, remarques, uwagi,"
        " komentarz, notas, observaciones, comentarios, observacoes, merknad, anmarkning,"
        " huomautus, opmerking, opmerkingen, poznamka",
    }
)
_PARTS = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th"})
_MOST_WORDS = 4  # of what is said above
_SHORTEST_AMONG = 3  # letters of what stands among other words: `created by` is no city
_SHORTEST_IN_ANOTHER = 5  # letters: a shorter word ends or begins too many others by chance


def words_of(header: str) -> tuple[str, ...]:
    """The words of a header, without accents and capitals."""
    return tuple(_PARTS.findall(_plain(_HUMP.sub(" ", header[:LONGEST]))))


def _plain(text: str) -> str:
    taken_apart = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(mark for mark in taken_apart if not unicodedata.combining(mark))


_MEANS: Mapping[str, Meaning] = MappingProxyType(
    {
        said.strip().replace(" ", ""): meaning
        for meaning, listed in reversed(list(_SAID.items()))  # the first that claims a word has it
        for said in listed.split(",")
    }
)
_LONG = sorted((one for one in _MEANS if len(one) >= _SHORTEST_IN_ANOTHER), key=len, reverse=True)


@lru_cache(maxsize=4096)
def meaning_of(words: tuple[str, ...]) -> Meaning | None:
    """What exactly these words mean."""
    return _MEANS.get("".join(words))


@lru_cache(maxsize=4096)
def meaning_within(words: tuple[str, ...]) -> Meaning | None:
    """What some of the words mean, or the end of one of them; the longest counts."""
    for length in range(min(len(words) - 1, _MOST_WORDS), 0, -1):
        for start in range(len(words) - length, -1, -1):  # the last words say what a thing is
            some = words[start : start + length]
            found = meaning_of(some)
            if found is Meaning.REFERENCE or (found and len("".join(some)) >= _SHORTEST_AMONG):
                return found
    whole = "".join(words)
    return next((_MEANS[one] for one in _LONG if whole.endswith(one)), None)
