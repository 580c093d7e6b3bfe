"""What can be done about duties: one function per verb, the actor first.

There is no verb for "done": what completes the underlying thing calls `settle`.
"""

from trustkeep.kernel.duties.actions.arranging import (
    choose_rhythm,
    close_calendar,
    declare_absence,
    end_absence,
    open_calendar,
)
from trustkeep.kernel.duties.actions.handing import hand_over, pass_on
from trustkeep.kernel.duties.actions.owing import owe, settle, withdraw

__all__ = [
    "choose_rhythm", "close_calendar", "declare_absence", "end_absence", "hand_over",
    "open_calendar", "owe", "pass_on", "settle", "withdraw",
]  # fmt: skip
