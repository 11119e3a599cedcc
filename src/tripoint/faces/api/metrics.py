"""What is counted for Prometheus: requests here, work in the worker, and how things stand in the database."""

from __future__ import annotations

from prometheus_client import REGISTRY, Counter, Histogram, generate_latest
from prometheus_client.core import CollectorRegistry, GaugeMetricFamily

REQUESTS = Counter("tripoint_http_requests_total", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "tripoint_http_request_seconds", "Seconds from request to answer.", ["method", "route"]
)
RECEIVED = Counter("tripoint_messages_received_total", "Messages kept, by whether they were new.", ["new"])


class _Standing:
    """How things stand at one moment, as a collector of one scrape."""

    def __init__(self, gauges: list[GaugeMetricFamily]) -> None:
        self.gauges = gauges

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges."""
        return self.gauges


def page(backlog: int, oldest_seconds: int, lists: dict[str, int]) -> bytes:
    """The metrics in Prometheus' text format."""
    standing = GaugeMetricFamily("tripoint_lists", "Declaration lists by state.", labels=["state"])
    for state, count in sorted(lists.items()):
        standing.add_metric([state], count)
    now = CollectorRegistry()
    now.register(
        _Standing(
            [
                GaugeMetricFamily(
                    "tripoint_backlog_messages", "Messages that wait to be read.", value=backlog
                ),
                GaugeMetricFamily(
                    "tripoint_backlog_oldest_seconds", "How long the oldest waits.", value=oldest_seconds
                ),
                standing,
            ]
        )
    )
    return generate_latest(REGISTRY) + generate_latest(now)
