"""Logs: JSON lines in production, readable ones in development, never a personal value.

A line has an event and fields from an allowlist; any other field is dropped, so that no phone number gets in.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED_FIELDS = frozenset(
    "event level timestamp where exc_type request_id method route status duration_ms loop count "
    "provider kind item_id message_id match_id job_id payment_id webhook_id user_id code error_code attempt "
    "number hash reason state version environment database address name due_seconds seconds wave channel http_status".split()
)
"""Every field of a log line: no phone, e-mail, one-time code, token or text of a person."""


def _only_allowed(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {name: value for name, value in event.items() if name in ALLOWED_FIELDS}


def _exception_without_values(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep an exception's type and traceback; its message may hold bound parameters."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exc_type"] = type(error).__name__
        places = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        event["where"] = places[-12:]
    return event


def configure_logging(*, json_lines: bool, level: str) -> None:
    """Set up logging for this process; safe to call again."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if json_lines else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exception_without_values,
            _only_allowed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # These clients log whole URLs and bodies.
    for noisy in ("httpx", "httpcore", "stripe", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def logger() -> Any:
    """Return the logger: `logger().info("event_name", field=value)`."""
    return structlog.get_logger()
