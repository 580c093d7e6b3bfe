"""The clock of a story: it goes when it is looked at, and is set forward between two acts."""

from datetime import datetime, timedelta

from trustkeep.base.world import RealWorld

LOOK = timedelta(milliseconds=1)


class Clock(RealWorld):
    """A world with a time of its own, which never goes back; what is waited for is real."""

    def __init__(self, begins_at: datetime) -> None:
        self._at = begins_at

    def now(self) -> datetime:
        """The story's moment; each look takes a millisecond, so that no two are the same."""
        self._at += LOOK
        return self._at

    def set_forward(self, moment: datetime) -> None:
        """Go on at a moment; one that has passed already changes nothing."""
        self._at = max(self._at, moment)

    def let_pass(self, seconds: int) -> None:
        """Let some seconds go by."""
        self._at += timedelta(seconds=seconds)
