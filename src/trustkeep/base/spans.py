"""How long anything that somebody gives may last."""

from datetime import datetime, timedelta

from trustkeep.base.errors import Unacceptable

MOST_DAYS = 3650
LONGEST = timedelta(days=MOST_DAYS)


def check_end(ends_at: datetime, now: datetime) -> None:
    """Refuse an end that has passed or that nobody alive will see to.

    Raises:
        Unacceptable: it is not within the next ten years.
    """
    if not now < ends_at <= now + LONGEST:
        raise Unacceptable(
            f"An end lies in the future and at most {MOST_DAYS} days away: choose another."
        )
