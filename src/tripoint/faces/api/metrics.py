"""What is counted for Prometheus: requests here, work in the worker, and how things stand in the database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from prometheus_client import REGISTRY, Counter, Histogram, generate_latest
from prometheus_client.core import CollectorRegistry, GaugeMetricFamily

from tripoint.exchange.records import Kept, Packed

REQUESTS = Counter("tripoint_http_requests_total", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "tripoint_http_request_seconds", "Seconds from request to answer.", ["method", "route"]
)
RECEIVED = Counter("tripoint_messages_received_total", "Messages kept, by whether they were new.", ["new"])
RECEIVED_BYTES = Counter("tripoint_messages_received_bytes_total", "Bytes of new messages, as they came.")
KEPT_BYTES = Counter("tripoint_messages_kept_bytes_total", "Bytes of new messages, as they are kept.")
COMMITS = Counter("tripoint_intake_commits_total", "Transactions in which messages were kept.")
COMMIT_SECONDS = Counter("tripoint_intake_commit_seconds_total", "Seconds these transactions took.")
GROUP = Histogram(
    "tripoint_intake_group_messages",
    "Messages kept in one transaction.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
ACK_SECONDS = Histogram(
    "tripoint_intake_ack_seconds",
    "Seconds from a message's last byte to its commit.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10),
)


def requested(method: str, route: str, status: int, seconds: float) -> None:
    """Take in a request that was answered."""
    requests, times = _of_route(method, route, status)
    requests.inc()
    times.observe(seconds)


@lru_cache(maxsize=1000)
def _of_route(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, str(status)), REQUEST_SECONDS.labels(method, route)


def committed(packed: Sequence[Packed], kept: Sequence[Kept], seconds: float) -> None:
    """Take in a group of messages that was kept."""
    new = [message for message, its in zip(packed, kept, strict=True) if its.is_new]
    COMMITS.inc()
    COMMIT_SECONDS.inc(seconds)
    GROUP.observe(len(packed))
    RECEIVED.labels("yes").inc(len(new))
    RECEIVED.labels("no").inc(len(packed) - len(new))
    RECEIVED_BYTES.inc(sum(message.bytes for message in new))
    KEPT_BYTES.inc(sum(len(message.packed) for message in new))


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
