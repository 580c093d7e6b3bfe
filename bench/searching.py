"""Searching among many against the plain Django way.  Run: python bench/searching.py

    python bench/searching.py --customers 1000000

By e-mail: found, opened as a masked card and entered, against an indexed `get` and an audit row.
By a name beside a town, which the plain way has no index for, on its own.
"""

import argparse
import itertools
import statistics
import time

from shop import Shop, paired, row, say

BATCH = 5_000
EACH = 100  # searches in one window
GOAL = 0.8
LOOKED_UP = ("name", "city", "postcode")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=20_000)
    count = parser.parse_args().customers
    with Shop() as shop:
        from django.db import transaction

        from trustkeep.kernel.ledger import sequencer
        from trustkeep.rooms.access import actions as access
        from trustkeep.rooms.access.actions import Sought, Value

        look_up_names(shop)
        store(shop, count)
        cleo = shop.who["cleo"]
        ours, theirs = (itertools.cycle(range(0, count, 37)) for _ in range(2))

        def searched(sought):
            (card,) = access.search_customers(cleo, sought=sought).cards
            assert card.masked_values["email"] == "c•••@e•••"

        def found():
            access.find_customers(
                cleo, element="email", value=f"customer{next(ours)}@example.com", purpose="support"
            )

        def governed():
            searched(Sought(Value("email", f"CUSTOMER{next(ours)}@example.com"), "support"))

        def plain():
            with transaction.atomic():
                one = shop.Plain.objects.get(email=f"customer{next(theirs)}@example.com")
                shop.Audit.objects.create(
                    actor=str(cleo.id), customer=one.pk, purpose="support", fields=["email"]
                )

        for _ in range(20):
            governed()
            plain()
        for name, way in (("found and entered, ids alone", found), ("with its card", governed)):
            sequencer.run_once()
            say(f"search by e-mail among {count:,}, {name}", paired(way, plain, each=EACH), GOAL)
        sequencer.run_once()
        by_name(shop, searched, count)


def by_name(shop, searched, count):
    from trustkeep.rooms.access.actions import Sought, Value

    took = []
    for number in range(0, count, max(1, count // 200)):
        city = shop.stored[number]
        began = time.perf_counter()
        beside = Value("postcode", city)
        searched(Sought(Value("name", f"number{number} customer"), "support", beside))
        took.append(time.perf_counter() - began)
    print(
        f"search by two words of a name beside a postcode among {count:,}: median "
        f"{statistics.median(took) * 1e6:,.0f} us, worst {max(took) * 1e6:,.0f} us",
        flush=True,
    )


def look_up_names(shop):
    """Names are looked up beside town and postcode: declared before anybody is stored."""
    from trustkeep.kernel.vault import elements, index
    from trustkeep.kernel.vault.rules import IndexKind
    from trustkeep.rooms.purposes import actions as purposes

    declared = elements.by_key()
    for key, kind in zip(
        LOOKED_UP, (IndexKind.NAME, IndexKind.PLACE, IndexKind.PLACE), strict=True
    ):
        declared[key].index = kind
    purposes.declare_elements(shop.who["dora"], declared=[declared[key] for key in LOOKED_UP])
    index.rebuild(shop.who["dora"])


def store(shop, count):
    """The same customers in both ways."""
    from django.db import transaction

    from trustkeep.kernel.ledger import sequencer
    from trustkeep.kernel.vault import creating, elements
    from trustkeep.kernel.vault.creating import NewCustomer

    shop.stored = {}
    for start in range(0, count, BATCH):
        rows = {number: row(number) for number in range(start, min(count, start + BATCH))}
        shop.stored |= {number: one["postcode"] for number, one in rows.items()}
        with transaction.atomic(durable=True):
            creating.store_new(
                shop.who["cleo"], [NewCustomer(str(n), one) for n, one in rows.items()],
                elements.by_key(), source="bench",
            )  # fmt: skip
        shop.Plain.objects.bulk_create(
            [shop.Plain(reference=str(n), **one) for n, one in rows.items()]
        )
        sequencer.run_once()


if __name__ == "__main__":
    main()
