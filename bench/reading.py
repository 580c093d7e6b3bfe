"""Governed reading against the plain Django way.  Run: python bench/reading.py"""

import itertools

from shop import FIELDS, Shop, paired, row, say

COUNT = 2000


def main():
    with Shop() as shop:
        from django.db import transaction

        from trustkeep.kernel.ledger import sequencer
        from trustkeep.kernel.vault import creating, elements, known
        from trustkeep.kernel.vault.creating import NewCustomer
        from trustkeep.rooms.access import actions as access

        cleo = shop.who["cleo"]
        rows = [row(number) for number in range(COUNT)]
        with transaction.atomic(durable=True):
            creating.store_new(
                cleo, [NewCustomer(str(n), r) for n, r in enumerate(rows)], elements.by_key(),
                source="bench",
            )  # fmt: skip
        sequencer.run_once()
        customers = [known.customer_of(str(number)) for number in range(COUNT)]
        shop.Plain.objects.bulk_create(
            [shop.Plain(reference=str(number), **one) for number, one in enumerate(rows)]
        )
        ids = list(shop.Plain.objects.values_list("id", flat=True))
        ours, theirs = itertools.cycle(customers), itertools.cycle(ids)

        def governed():
            access.read_fields(cleo, customer=next(ours), fields=FIELDS, purpose="support")

        def plain():
            with transaction.atomic():
                found = shop.Plain.objects.get(pk=next(theirs))
                shop.Audit.objects.create(
                    actor=str(cleo.id), customer=found.pk, purpose="support", fields=list(FIELDS)
                )

        for _ in range(50):
            governed()
            plain()
        say("governed read of 12 fields", paired(governed, plain), 0.7)
        sequencer.run_once()

        def governed_bulk():
            read = access.read_many(
                cleo, customers=customers[:1000], fields=FIELDS, purpose="support"
            )
            assert len(read) == 1000

        def plain_bulk():
            assert len(list(shop.Plain.objects.filter(pk__in=ids[:1000]).values())) == 1000

        governed_bulk()
        plain_bulk()
        say("bulk read of 1,000", paired(governed_bulk, plain_bulk, each=3), 3, unit=1e3, word="ms")


if __name__ == "__main__":
    main()
