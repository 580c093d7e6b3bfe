"""What this room writes in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event

_READ = {
    "token": Detail.ID,
    "fields": Detail.CODES,
    "masked": Detail.CODES,
    "grants": Detail.CODES,
    "bulk": Detail.FLAG,
    "case": Detail.ID,
    "reasons": Detail.CODES,
    "policy": Detail.DIGEST,
}


_SEARCH = {
    "element": Detail.CODE,
    "beside": Detail.CODE,
    "words": Detail.COUNT,
    "hits": Detail.COUNT,
    "more": Detail.FLAG,
    "found": Detail.IDS,
    "token": Detail.ID,
    "grants": Detail.CODES,
    "case": Detail.ID,
    "reasons": Detail.CODES,
}


_DUPLICATES = {
    "fields": Detail.CODES,
    "hits": Detail.COUNT,
    "found": Detail.IDS,
    "token": Detail.ID,
    "grants": Detail.CODES,
    "bulk": Detail.FLAG,
    "case": Detail.ID,
    "reasons": Detail.CODES,
}


class AccessEvent(Event):
    """Readings, changes, and what allows them."""

    PERMITTED = "access.read.permitted", _READ
    REFUSED = "access.read.refused", _READ
    CHANGE_PERMITTED = "access.change.permitted", _READ
    CHANGE_REFUSED = "access.change.refused", _READ
    SEARCHED = "access.search.made", _SEARCH
    SEARCH_REFUSED = "access.search.refused", _SEARCH
    DUPLICATES_FOUND = "access.duplicates.found", _DUPLICATES
    DUPLICATES_REFUSED = "access.duplicates.refused", _DUPLICATES
    GRANTED = (
        "access.grant.given",
        {
            "grant": Detail.ID,
            "grantee": Detail.ID,
            "fields": Detail.CODES,
            "masked": Detail.CODES,
            "bulk": Detail.FLAG,
            "ends": Detail.MOMENT,
        },
    )
    GRANT_REVOKED = "access.grant.revoked", {"grant": Detail.ID, "grantee": Detail.ID}
    CASE_OPENED = (
        "access.case.opened",
        {"case": Detail.ID, "system": Detail.CODE, "link": Detail.ID, "maker": Detail.ID},
    )
    CASE_LINKED = (
        "access.case.linked",
        {"link": Detail.ID, "system": Detail.CODE, "until": Detail.MOMENT},
    )
    CASE_TAKEN_UP = "access.case.taken_up", {"case": Detail.ID, "link": Detail.ID}
    CASE_REFUSED = "access.case.refused", {"unknown": Detail.COUNT, "token": Detail.ID}
    CASE_CLOSED = "access.case.closed", {"case": Detail.ID}
