"""Refuse a PostgreSQL that may lose what it acknowledged; find one whose log would hold values."""

import psycopg

from trustkeep.base.errors import Misconfigured, Unavailable

OLDEST = 15
_MUST_BE_ON = ("fsync", "full_page_writes")
# What each must be so that the server's log holds no value; the first is what to set.
_SILENT = {
    "log_statement": ("none",),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
    "log_parameter_max_length": ("0",),
    "log_parameter_max_length_on_error": ("0",),
    "log_min_error_statement": ("panic",),
    "log_min_messages": ("log", "fatal", "panic"),
}


def check_address(url: str) -> None:
    """Connect to a server of one's own and check it.

    Raises:
        Unavailable: it does not answer; the address is not repeated, it may hold a password.
        Misconfigured: it is too old, or may lose what it acknowledged.
    """
    with connected(url) as connection:
        check(connection)


def connected(url: str) -> psycopg.Connection:
    """A connection to a server of one's own.

    Raises:
        Unavailable: it does not answer; the address is not repeated, it may hold a password.
    """
    try:
        return psycopg.connect(url, connect_timeout=5, autocommit=True)
    except (psycopg.OperationalError, psycopg.ProgrammingError):
        raise Unavailable(
            "The PostgreSQL server of DATABASE_URL does not answer: start it, or mend the address, "
            "user and password there."
        ) from None


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


def talkative(connection: psycopg.Connection) -> tuple[str, ...]:
    """What to set so that the server's log holds no value, as this role sees it."""
    return tuple(
        f"{name} = {good[0]}"
        for name, good in _SILENT.items()
        if _setting(connection, name) not in good
    )


def _setting(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(row[0]) if row else ""
