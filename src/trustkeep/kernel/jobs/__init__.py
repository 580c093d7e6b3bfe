"""Work that happens later: queue, schedule, reactions, outbound adapters."""
