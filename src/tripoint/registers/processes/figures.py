"""What a process counts for Prometheus, told to another process that answers for all of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from prometheus_client import Metric, disable_created_metrics
from prometheus_client.registry import CollectorRegistry

disable_created_metrics()  # type: ignore[no-untyped-call]  # a line beside each counter that nobody asks for

Sample = tuple[str, dict[str, str], float]


class Family(msgspec.Struct):
    """One metric with its samples."""

    name: str
    kind: str
    text: str
    samples: list[Sample]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[Family])


def told(registry: CollectorRegistry) -> str:
    """Everything a registry counts, as text."""
    families = [
        Family(
            metric.name,
            metric.type,
            metric.documentation,
            [(sample.name, dict(sample.labels), sample.value) for sample in metric.samples],
        )
        for metric in registry.collect()
    ]
    return _encoder.encode(families).decode()


def together(registry: CollectorRegistry, others: Iterable[tuple[str, str]]) -> list[Metric]:
    """What a registry counts, and beside it what other processes told (name, text), labelled `process` by their names."""
    metrics = {metric.name: metric for metric in registry.collect()}
    for process, text in others:
        for family in _decoder.decode(text):
            metric = metrics.setdefault(family.name, Metric(family.name, family.text, family.kind))
            for name, labels, value in family.samples:
                metric.add_sample(name, labels | {"process": process}, value)
    return list(metrics.values())
