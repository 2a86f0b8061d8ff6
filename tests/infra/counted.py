"""What this process has counted, as whoever reads its metrics sees it."""

from app.core.metrics import REGISTRY


def alerts(kind: str) -> float:
    """How often this alert was raised in this process."""
    return REGISTRY.get_sample_value("partimer_alerts_total", {"kind": kind}) or 0.0
