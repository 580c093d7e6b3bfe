"""Lists in parts: a cursor says where the next part begins, so that nothing is missed or twice."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from ninja import Query

from trustkeep.base.errors import Unacceptable
from trustkeep.web.api.schemas import FIRST_YEAR, LAST_YEAR, Page

Row = TypeVar("Row")
Item = TypeVar("Item")

MOST = 500
Limit = Annotated[int, Query(50, ge=1, le=MOST, description="how many at most")]
After = Annotated[str | None, Query(None, max_length=400, description="`next` of the part before")]


def page(
    rows: Sequence[Row],
    limit: int,
    *,
    item: Callable[[Row], Item],
    key: Callable[[Row], Sequence[str | int]],
) -> Page[Item]:
    """A part of a list out of up to `limit + 1` rows; the one too many says that there is more."""
    shown = rows[:limit]
    more = cursor(key(shown[-1])) if len(rows) > limit else None
    return Page(items=[item(row) for row in shown], next=more)


def cursor(key: Sequence[str | int]) -> str:
    """A key as callers hand it back; they need not understand it."""
    text = json.dumps(list(key), separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def key_of(after: str | None, *types: type) -> tuple[Any, ...] | None:
    """The key in a cursor, whose parts have these types; None for the first part.

    Raises:
        Unacceptable: it is no cursor of ours.
    """
    if after is None:
        return None
    try:
        padded = after + "=" * (-len(after) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise _no_cursor() from None
    fits = isinstance(found, list) and [type(each) for each in found] == list(types)
    if not fits or not all(_is_sane(each) for each in found):
        raise _no_cursor()
    return tuple(found)


def moment_of(part: str) -> datetime:
    """The moment in a part of a key, in UTC: of other offsets, PostgreSQL takes some only.

    Raises:
        Unacceptable: it is none, or of no year of ours.
    """
    try:
        found = datetime.fromisoformat(part)
    except ValueError:
        raise _no_cursor() from None
    if found.tzinfo is None or not FIRST_YEAR <= found.year < LAST_YEAR:
        raise _no_cursor()
    return found.astimezone(UTC)


def uuid_of(part: str) -> UUID:
    """The id in a part of a key.

    Raises:
        Unacceptable: it is none.
    """
    try:
        return UUID(part)
    except ValueError:
        raise _no_cursor() from None


def _is_sane(part: str | int) -> bool:
    if isinstance(part, str):
        return "\0" not in part and not any("\ud800" <= mark <= "\udfff" for mark in part)
    return abs(part) < 2**63


def _no_cursor() -> Unacceptable:
    return Unacceptable(
        "`after` is not what an earlier part answered as `next`: begin without it.",
        {"query.after": "take it from `next`"},
    )
