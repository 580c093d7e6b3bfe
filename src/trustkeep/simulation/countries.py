"""Eight countries: what people are called there, where they live, and numbers that ring nowhere.

Names are common ones, put together by chance.  Telephone numbers are those that a country keeps
free for stories, where it does; elsewhere they begin with a digit that no subscriber's number has.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """`cities` with their postal codes; `phones` are forms, each for so many numbers."""

    name: str
    language: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    address: str  # of street and number
    phones: tuple[tuple[str, int], ...]

    @property
    def numbers(self) -> int:
        """How many telephone numbers there are."""
        return sum(count for _, count in self.phones)

    def phone(self, number: int) -> str:
        """One of them, from 0."""
        for form, count in self.phones:
            if number < count:
                return form.format(number)
            number -= count
        raise ValueError("there are not so many telephone numbers that ring nowhere")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COUNTRIES = (
    Country(
        "Germany", "de",
        _words("Anke Bernd Birte Carsten Dörte Eike Frauke Gesa Götz Hauke Heike Holger Imke Jörg "
               "Jutta Kerstin Lutz Maike Malte Nele Ralf Silke Sönke Tjark Uwe Wiebke"),
        _words("Bäcker Brandt Dähne Ehlers Förster Gräf Harms Hübner Jäger Köhler Krüger Lorenz "
               "Möller Nagel Öhler Petersen Röhl Schäfer Thiele Ullrich Voß Weiß Wulff Zöller"),
        (("Köln", "50667"), ("Leipzig", "04109"), ("Kiel", "24103"), ("Mainz", "55116"),
         ("Jena", "07743")),
        ("Gartenstraße", "Mühlenweg", "Lindenallee", "Am Markt", "Bergstraße"), "{street} {number}",
        (("+49 30 23125 {:03d}", 1000), ("+49 221 4710 {:03d}", 1000)),
    ),
    Country(
        "Poland", "pl",
        _words("Agnieszka Bartosz Beata Cezary Danuta Dawid Ewa Grażyna Hubert Iwona Jacek Joanna "
               "Kamil Łucja Maciej Małgorzata Natalia Oskar Paweł Renata Sławomir Urszula Wiktor "
               "Żaneta"),
        _words("Adamczyk Bąk Cieślak Dąbek Gołąb Grześkowiak Jasiński Kaźmierczak Kołodziej Kubiak "
               "Łuczak Mazur Nowicki Olszak Pająk Rogala Sobczak Śliwa Tomczak Urban Wójcik "
               "Zawada Ziółek Żurek"),
        (("Gdańsk", "80-001"), ("Łódź", "90-001"), ("Poznań", "60-001"), ("Toruń", "87-100"),
         ("Rzeszów", "35-001")),
        ("ulica Długa", "ulica Leśna", "ulica Polna", "aleja Lipowa", "ulica Wąska"),
        "{street} {number}",
        (("+48 58 00{:05d}", 1000),),
    ),
    Country(
        "France", "fr",
        _words("Adèle Anaïs Basile Camille Cédric Chloé Didier Élodie Émile Fabrice Gaëlle Hervé "
               "Inès Joël Léa Loïc Maëlle Noémie Odile Quentin Rémi Solène Thibault Yves"),
        _words("Aubert Benoît Besnard Boyer Carré Charpentier Delorme Étienne Fabre Fontaine "
               "Gauthier Guérin Huet Jacquet Lacroix Lefèvre Marchand Noël Pichon Prévost Renault "
               "Rivière Tessier Vasseur"),
        (("Lyon", "69001"), ("Nantes", "44000"), ("Rennes", "35000"), ("Dijon", "21000"),
         ("Nîmes", "30000")),
        ("rue des Écoles", "rue du Moulin", "avenue des Tilleuls", "place du Marché", "rue Basse"),
        "{number} {street}",
        (("+33 1 99 00 {:04d}", 10_000),),
    ),
    Country(
        "Portugal", "pt",
        _words("Afonso Beatriz Catarina Conceição Diogo Duarte Eva Fátima Filipa Gonçalo Inês João "
               "Leonor Lurdes Mafalda Nuno Olívia Pedro Rita Rui Sebastião Simão Tomé Vasco"),
        _words("Almeida Antunes Baptista Brandão Cardoso Conceição Dias Esteves Faria Figueira "
               "Guimarães Henriques Leitão Magalhães Moniz Neves Paixão Queirós Ramalho Sequeira "
               "Simões Tavares Valadão Xavier"),
        (("Porto", "4000-001"), ("Braga", "4700-001"), ("Évora", "7000-001"), ("Faro", "8000-001"),
         ("Coimbra", "3000-001")),
        ("Rua da Fonte", "Rua do Sol", "Travessa Nova", "Largo da Igreja", "Avenida do Mar"),
        "{street}, {number}",
        (("+351 22 0{:06d}", 1000),),
    ),
    Country(
        "Sweden", "sv",
        _words("Agneta Anders Åsa Birgitta Bo Ebba Elin Fredrik Göran Gunilla Håkan Ingrid Jesper "
               "Karin Kjell Lovisa Märta Nils Pär Rikard Sigrid Tove Ulf Åke"),
        _words("Åberg Åkesson Björk Dahlström Ekdahl Forsman Gren Hägg Isaksson Järnberg Källström "
               "Lindqvist Lundmark Månsson Norén Öberg Palmqvist Rönnlund Sjöholm Söderlund Thorén "
               "Vikström Wallin Ytterberg"),
        (("Malmö", "211 20"), ("Umeå", "903 26"), ("Växjö", "352 30"), ("Örebro", "702 11"),
         ("Luleå", "972 31")),
        ("Storgatan", "Skolgatan", "Kyrkvägen", "Björkstigen", "Hamngatan"), "{street} {number}",
        (("+46 8 465 004 {:02d}", 100), ("+46 31 390 06 {:02d}", 100),
         ("+46 40 628 04 {:02d}", 100)),
    ),
    Country(
        "Czechia", "cs",
        _words("Alžběta Bohumil Božena Ctirad Dagmar Dušan Eliška Hynek Ivana Jaromír Jiřina "
               "Kateřina Květa Ladislav Ludmila Miloš Naděžda Otakar Přemysl Radek Růžena Šárka "
               "Vojtěch Zdeněk"),
        _words("Bartoš Beneš Čermák Doležal Dvořáček Fiala Hájek Horák Jelínek Kolář Kratochvíl "
               "Kříž Macháček Moravec Němec Pokorný Růžička Říha Sedláček Šimek Tichý Urbánek "
               "Vaněk Žák"),
        (("Brno", "602 00"), ("Plzeň", "301 00"), ("Olomouc", "779 00"), ("Zlín", "760 01"),
         ("Liberec", "460 01")),
        ("Dlouhá", "Zahradní", "Školní", "Nádražní", "Lipová"), "{street} {number}",
        (("+420 000 {:06d}", 1000),),
    ),
    Country(
        "United Kingdom", "en",
        _words("Alistair Bronwen Callum Carys Deirdre Duncan Eilidh Fergus Gwen Hamish Imogen "
               "Isla Keir Lachlan Maeve Niall Owain Poppy Rhiannon Rory Siân Tamsin Una Wilfred"),
        _words("Ainsworth Barraclough Cadwallader Dunmore Eastwick Fairclough Garside Hathersage "
               "Ibbotson Kirkbride Llewellyn Macrae Nettleton Oakeshott Penrose Quayle Ramsbottom "
               "Sandiford Threlfall Underhill Varley Wainscott Yardley O'Shea"),
        (("Leeds", "LS1 1AA"), ("Cardiff", "CF10 1AA"), ("Dundee", "DD1 1AA"),
         ("Norwich", "NR1 1AA"), ("Exeter", "EX1 1AA")),
        ("Mill Lane", "Station Road", "Church Street", "Orchard Close", "The Green"),
        "{number} {street}",
        (("+44 1632 960{:03d}", 1000),),
    ),
    Country(
        "United States", "en",
        _words("Abigail Austin Brooke Carlos Dwayne Eleanor Ezekiel Faith Gloria Harper Jamal "
               "Jolene Keisha Luis Marisol Mei Nathaniel Ophelia Priya Quincy Rosalind Tyrone "
               "Wanda Xiomara"),
        _words("Abernathy Bledsoe Castellano Delacruz Easterling Fairbanks Granger Hawthorne "
               "Ishida Kowalczyk Lindgren Montoya Nakamura Okafor Pemberton Quintero Ridgeway "
               "Sandoval Tillman Upshaw Vang Whitfield Yarborough Zielinski"),
        (("Boston", "02108"), ("Tucson", "85701"), ("Duluth", "55802"), ("Savannah", "31401"),
         ("Tacoma", "98402")),
        ("Maple Street", "Second Avenue", "Harbor Road", "Elm Court", "Prairie Lane"),
        "{number} {street}",
        (("+1 617 555 01{:02d}", 100), ("+1 520 555 01{:02d}", 100), ("+1 912 555 01{:02d}", 100),
         ("+1 253 555 01{:02d}", 100)),
    ),
)  # fmt: skip
