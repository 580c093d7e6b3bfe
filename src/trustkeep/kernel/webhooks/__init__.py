"""News for other programs: chosen ledger events, signed, to addresses that the DPO registered.

    following   what the ledger published since the last look becomes deliveries, each once
    sending     a delivery is claimed, its message made, signed and handed over, and tried again
    actions     who adds, changes, tries and ends a webhook

A message says what an entry says, in identifiers and codes: never a customer's value.  It is news,
no proof; what it is about can be proven by the entry's position.  Standard Webhooks 1.0.0.
"""
