"""What `config check` finds at the database: there, durable, silent?  Nothing is started."""

from contextlib import closing

import psycopg

from trustkeep.base.errors import TrustkeepError
from trustkeep.config import durability, embedded
from trustkeep.config.environment import Environment, Finding

_URL, _HOME = "DATABASE_URL", "TRUSTKEEP_HOME"


def findings(environment: Environment) -> tuple[Finding, ...]:
    """What is wrong with the database that these settings name; an embedded one may be stopped."""
    name = _HOME if environment.database_url is None else _URL
    try:
        connection = _connection(environment)
        if connection is None:
            return ()
        with closing(connection):
            durability.check(connection)
            return tuple(_log(name, durability.talkative(connection)))
    except TrustkeepError as problem:
        what, _, remedy = problem.sentence.rstrip(".").partition(": ")
        return (Finding(name, f"names a database that cannot be used ({what})", remedy),)
    except psycopg.Error:
        problem_, remedy = "names a database that stopped answering", "see that it runs"
        return (Finding(name, problem_, remedy),)


def _connection(environment: Environment) -> psycopg.Connection | None:
    if environment.database_url is not None:
        return durability.connected(environment.database_url)
    server = embedded.at(environment.home)
    return server.connect() if embedded.is_running(environment.home) else None


def _log(name: str, settings: tuple[str, ...]) -> list[Finding]:
    if not settings:
        return []
    problem = "names a database whose log would hold values"
    return [Finding(name, problem, f"set {', '.join(settings)} there")]
