"""Work that outlives a request: queue, schedule, reactions, and the adapters to the outside.

A job runs at least once, so every handler does no harm when it runs twice.  A job carries
identifiers only; what it needs it reads when it runs.
"""
