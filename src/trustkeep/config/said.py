"""What is said of the organisation: what it stated, and the settings of the host beside it.

A setting stays a variable of the environment; here it is shown beside the rest, with its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from trustkeep.base.errors import Missing
from trustkeep.config import wiring
from trustkeep.config.environment import Environment, variable
from trustkeep.kernel.people import queries

ZONE, ADDRESS, MAIL = "TRUSTKEEP_TIME_ZONE", "TRUSTKEEP_PUBLIC_URL", "EMAIL_URL"


def organisation() -> Mapping[str, Any]:
    """What was stated.

    Raises:
        Missing: nothing was.
    """
    stated = queries.organisation()
    if stated is None:
        raise Missing(
            "The organisation has not said what it is: an administrator does with `trustkeep "
            "organisation set`, or `trustkeep init` asks."
        )
    return asdict(stated)


def of_host(environment: Environment) -> Mapping[str, str | None]:
    """The settings that belong to the organisation; letters come from nowhere without a server."""
    return {
        "time_zone": environment.time_zone,
        "public_url": environment.public_url,
        "mail_from": wiring.sender(environment) if environment.email_url else None,
    }


def variables(environment: Environment) -> Sequence[Mapping[str, str]]:
    """The same settings, each with its variable and whether somebody set it."""
    names = {"time_zone": ZONE, "public_url": ADDRESS, "mail_from": MAIL}
    return [
        {
            "setting": name, "value": value or "no mail server", "variable": names[name],
            "from": "environment" if is_set(names[name]) else "default",
        }
        for name, value in of_host(environment).items()
    ]  # fmt: skip


def is_set(name: str) -> bool:
    """Whether somebody set this variable, or named a file that holds it."""
    return any(map(variable, (name, f"{name}_FILE")))
