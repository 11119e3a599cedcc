"""Plots are whole SVG documents, whatever is drawn."""

from __future__ import annotations

import pytest
from lxml import etree

from tripoint.faces.cli.benching import drawing


def texts(drawn: str) -> list[str]:
    return [text.text for text in etree.fromstring(drawn).iter("{*}text")]


def test_lines_are_drawn_within_their_frame_and_named():
    drawn = drawing.lines("Releases", "seconds", "lists/s", {"a & b": [(0, 10), (5, 400)], "c": [(2, 100)]})
    assert "a & b" in texts(drawn)
    assert "400" in texts(drawn)
    for line in etree.fromstring(drawn).iter("{*}polyline"):
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= drawing.WIDTH
            assert 0 <= y <= drawing.HEIGHT


@pytest.mark.parametrize("points", [[], [(0.0, 0.0)], [(3.0, 7.0)], [(0.5, 1.0), (2000.0, 100.0)]])
def test_few_points_and_powers_of_ten_are_no_trouble(points):
    assert texts(drawing.lines("Waits", "ms", "%", {"one": points}, by_tens=True))


def test_bars_are_in_order_of_length():
    told = texts(drawing.bars("CPU", "µs", {"small": 1.5, "large": 300.0}))
    assert told.index("large") < told.index("small")
    assert texts(drawing.bars("CPU", "µs", {}))
