"""Values that exist once, their usual spellings, and where any of them lies in clear."""

import base64
import json
import random
import unicodedata
from urllib.parse import quote


class Canaries:
    """Values of this run; `mark` stands in each that can hold letters."""

    def __init__(self, seed):
        chance = random.Random(seed)
        self.mark = "".join(chance.choices("bcdfghjklmnpqrstvwxz", k=12))
        self.digits = [f"7{chance.randrange(10**8, 10**9)}" for _ in range(4)]
        self.dates = [f"18{chance.randrange(10, 99)}-0{n}-2{n}" for n in range(1, 5)]
        self.rare = ["龘靐齉爩", "🦡🪿🫎", "Żółć", "Ångström"]

    def customer(self, number):
        """Names with umlauts, of other scripts, with emoji; text, and what is looked up."""
        names = [
            "Jörg Müßig {}", "龘靐齉爩 {}", "🦡🪿🫎 {}", "Żółć {}", "Ångström-{}", "O'Brien {}",
        ]  # fmt: skip
        return {
            "name": names[number % len(names)].format(self.mark),
            "email": f"{self.mark}{number}@{self.mark}.example",
            "phone": f"+48 {self.digits[number % 4]}",
            "birth_date": self.dates[number % 4],
            "city": f"Łódź {self.mark}",
            "company": f"{self.mark} & Söhne",
            "note": f"Sie sagte „{self.mark}“, ein Satz.",
        }

    def needles(self):
        """Every canary in the usual spellings, by what it is."""
        for text in (self.mark, self.mark.upper(), *self.digits, *self.dates):
            for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                raw = text.encode(encoding)
                spelt = (raw, raw.hex().encode(), raw.hex().upper().encode(), *_in_base64(raw))
                yield from ((text, one) for one in spelt)
        for text in self.rare:
            forms = {text, text.casefold(), unicodedata.normalize("NFD", text)}
            for form in forms:
                raw = form.encode()
                escaped = (json.dumps(form)[1:-1], ascii(form)[1:-1], quote(form))
                spelt = (raw, form.encode("utf-16-le"), *map(str.encode, escaped))
                spelt += tuple(_in_base64(raw))
                yield from ((text, one) for one in spelt)


def _in_base64(raw):
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        yield encoded[4 if before else 0 : -4]  # what does not depend on its neighbours


def hits(canaries, places, said=()):
    """Where a canary lies: file (or index of what was said) and what it is."""
    needles = {needle: what for what, needle in canaries.needles()}
    found = set()
    texts = [(f"said {at}", text) for at, text in enumerate(said)]
    for place in places:
        for path in [place] if place.is_file() else place.rglob("*"):
            if path.is_file() and not path.is_symlink():
                texts += [(str(path), path.read_bytes())]
    for name, text in texts:
        found |= {(name, what) for needle, what in needles.items() if needle in text}
    return sorted(found)
