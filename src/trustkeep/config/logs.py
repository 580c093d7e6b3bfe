"""The application log: one JSON object a line on stderr, event names and ids only."""

import logging
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# An exception's text may quote a value (a database names the key that was refused), so only its
# class is written.
_UNSAFE = ("exception", "exc_info", "stack", "stack_info")


def settings(level: str) -> dict[str, Any]:
    """Django's LOGGING for a level: debug, info, warning or error."""
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named_exception,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *chain,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": chain,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        # The first two write SQL with its parameters at debug.
        "loggers": {
            "django.db.backends": {"level": "WARNING"},
            "psycopg": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},  # below that it repeats what strangers ask for
            "procrastinate": {"level": "WARNING"},  # tells each step of each job at info
            # Repeats the arguments of a job that it cannot run, which may be anybody's.
            "procrastinate.worker": {"level": "CRITICAL"},
        },
    }


def _named_exception(_: WrappedLogger, __: str, entry: EventDict) -> EventDict:
    problem = entry.pop("exc_info", None)
    for name in _UNSAFE:
        entry.pop(name, None)
    record = entry.get("_record")
    if isinstance(record, logging.LogRecord):
        problem = problem or record.exc_info
        record.exc_info = record.exc_text = record.stack_info = None
    if isinstance(problem, tuple) and problem[0] is not None:
        entry["exception"] = problem[0].__name__
    elif isinstance(problem, BaseException):
        entry["exception"] = type(problem).__name__
    return entry
