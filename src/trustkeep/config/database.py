"""Which PostgreSQL this installation stands on, as Django's settings want it."""

from typing import Any
from urllib.parse import urlsplit

import dj_database_url

from trustkeep.base.errors import Misconfigured
from trustkeep.config import embedded
from trustkeep.config.environment import Environment


def settings(environment: Environment) -> dict[str, Any]:
    """The `default` entry of Django's DATABASES; connections live as long as their thread.

    Raises:
        Misconfigured: DATABASE_URL cannot be understood (its text is not repeated).
    """
    own: dict[str, Any] = {
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        # Django switches prepared statements off; the governed read is nothing without them.
        "OPTIONS": {"prepare_threshold": 3, "connect_timeout": embedded.ANSWERS_WITHIN_S},
    }
    if environment.database_url is None:
        server = embedded.at(environment.home)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": server.database,
            "USER": server.role,
            "HOST": str(server.socket_folder),
            **own,
        }
    try:
        urlsplit(environment.database_url)
        parsed: dict[str, Any] = dict(dj_database_url.parse(environment.database_url))
    except (ValueError, KeyError):
        raise Misconfigured(
            "DATABASE_URL cannot be understood: write postgresql://user:password@host:5432/name, "
            "with special characters percent-encoded."
        ) from None
    # What the address asks for beside (sslmode, a socket folder as host) stays in force.
    return {**parsed, **own, "OPTIONS": {**parsed.get("OPTIONS", {}), **own["OPTIONS"]}}
