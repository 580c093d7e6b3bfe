"""Refuse a PostgreSQL that would lose what it acknowledged."""

import psycopg

from trustkeep.base.errors import Misconfigured, Unavailable

OLDEST = 15
_MUST_BE_ON = ("fsync", "full_page_writes")


def check_address(url: str) -> None:
    """Connect to a server of one's own and check it.

    Raises:
        Unavailable: it does not answer; the address is not repeated, it may hold a password.
        Misconfigured: it is too old, or may lose what it acknowledged.
    """
    try:
        connection = psycopg.connect(url, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError:
        raise Unavailable(
            "The PostgreSQL server of DATABASE_URL does not answer: start it, or mend the address, "
            "user and password there."
        ) from None
    with connection:
        check(connection)


def check(connection: psycopg.Connection) -> None:
    """Check the server behind an open connection, as this role sees it.

    Raises:
        Misconfigured: naming the first setting that is wrong.
    """
    version = connection.info.server_version // 10_000
    if version < OLDEST:
        raise Misconfigured(
            f"The PostgreSQL server is version {version} and Trustkeep needs {OLDEST} or newer: "
            "upgrade it, or unset DATABASE_URL to use the embedded one."
        )
    for name in _MUST_BE_ON:
        if _setting(connection, name) != "on":
            raise Misconfigured(
                f"The PostgreSQL server has {name} off, so a power cut could lose what it "
                f"acknowledged: set {name} = on there and restart it."
            )
    if _setting(connection, "synchronous_commit") == "off":
        raise Misconfigured(
            "The PostgreSQL server has synchronous_commit off for this role, so a crash could lose "
            "what it acknowledged: set synchronous_commit = on for it."
        )


def _setting(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(row[0]) if row else ""
