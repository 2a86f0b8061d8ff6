"""Prometheus metrics. Labels are route templates and kinds, never anything about a person."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "partimer_requests_total",
    "Requests answered.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "partimer_request_seconds",
    "Time to answer a request.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
REQUESTS_SHED = Counter(
    "partimer_requests_shed_total",
    "Requests refused because too many came at once.",
    ["kind"],
    registry=REGISTRY,
)
LOOP_ITEMS = Counter(
    "partimer_loop_items_total", "Items a background loop handled.", ["loop"], registry=REGISTRY
)
LOOP_ERRORS = Counter(
    "partimer_loop_errors_total", "Rounds of a loop that failed.", ["loop"], registry=REGISTRY
)
LOOP_LAST_ROUND = Gauge(
    "partimer_loop_last_round_timestamp_seconds",
    "When a background loop last finished a round.",
    ["loop"],
    registry=REGISTRY,
)
ALERTS = Counter(
    "partimer_alerts_total", "Things a person has to look at.", ["kind"], registry=REGISTRY
)
PARKED = Gauge(
    "partimer_parked",
    "Work that was given up and waits for an administrator.",
    ["kind"],
    registry=REGISTRY,
)

INTERPRETER_CALLS = Counter(
    "partimer_interpreter_calls_total",
    "Questions to the language model, by what came of them.",
    ["outcome"],
    registry=REGISTRY,
)
INTERPRETER_SECONDS = Histogram(
    "partimer_interpreter_seconds",
    "Time of one call of the language model.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 3, 5),
    registry=REGISTRY,
)
INTERPRETER_PROPOSALS = Counter(
    "partimer_interpreter_proposals_total",
    "Messages that were not understood, by whether the model's answer led to a proposal.",
    ["outcome"],
    registry=REGISTRY,
)
NOT_OURS = Counter(
    "partimer_whatsapp_other_number_total",
    "Items of WhatsApp webhooks for another number of the business account: ignored.",
    ["kind"],
    registry=REGISTRY,
)
UNKNOWN_VALUES = Counter(
    "partimer_platform_unknown_values_total",
    "Values of a platform's enumerations that we do not know: nothing follows from them.",
    ["field"],
    registry=REGISTRY,
)


def exposition() -> bytes:
    """Return every metric in Prometheus' text format."""
    return generate_latest(REGISTRY)
