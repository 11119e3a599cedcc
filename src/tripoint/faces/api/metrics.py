"""What is counted for Prometheus: requests here, work in the worker, and how things stand in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from prometheus_client import REGISTRY, Counter, Histogram, Metric, generate_latest
from prometheus_client.core import CollectorRegistry, GaugeMetricFamily

from tripoint.exchange.records import Kept, Packed
from tripoint.faces.api.watch import Seen
from tripoint.registers.processes.figures import together

REQUESTS = Counter("tripoint_http_requests_total", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "tripoint_http_request_seconds", "Seconds from request to answer.", ["method", "route"]
)
REFUSED = Counter("tripoint_refused_total", "Requests refused for the moment (503), by why.", ["code"])
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

    def __init__(self, metrics: list[Metric]) -> None:
        self.metrics = metrics

    def collect(self) -> list[Metric]:
        """The metrics."""
        return self.metrics


def page(
    seen: Seen, others: Iterable[tuple[str, str]], lists: Mapping[str, int], pool: Mapping[str, int]
) -> bytes:
    """The metrics in Prometheus' text format: ours, the workers', and how things stand."""
    gauges = [
        _gauge("tripoint_database_up", "1 where the database answers.", int(seen.database)),
        _gauge("tripoint_backlog_messages", "Messages that wait to be read.", seen.backlog_messages),
        _gauge("tripoint_backlog_bytes", "Bytes of these messages, as they came.", seen.backlog_bytes),
        _gauge("tripoint_backlog_oldest_seconds", "How long the oldest waits.", seen.oldest_seconds),
        _gauge("tripoint_workers", "Workers seen lately.", len(seen.workers)),
        _labelled("tripoint_lists", "Declaration lists by state.", "state", lists),
        _labelled("tripoint_database_pool", "The pool of database connections.", "what", pool),
    ]
    if seen.disk_free_bytes is not None:
        free = "Bytes free where the embedded database lies."
        gauges.append(_gauge("tripoint_disk_free_bytes", free, seen.disk_free_bytes))
    if seen.archiving is not None:
        failing = not seen.archiving.is_on or seen.archiving.is_failing
        gauges += [
            _gauge("tripoint_wal_archive_failing", "1 where the log is not being archived.", int(failing)),
            _gauge("tripoint_wal_archive_waiting", "Segments that wait for it.", seen.archiving.waiting),
        ]
    now = CollectorRegistry()
    now.register(_Standing([*together(REGISTRY, others), *gauges]))
    return generate_latest(now)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _labelled(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
