"""Plots of a benchmark as SVG, drawn by hand so that nothing more has to be installed: lines over an axis, and bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 760, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 190, 34, 44
_COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#edae49", "#66418f", "#3a3a3a", "#00a6a6", "#a05a2c")
_FONT = 'font-family="sans-serif" font-size="12"'

Points = Sequence[tuple[float, float]]


def lines(
    title: str, across: str, upward: str, series: Mapping[str, Points], *, by_tens: bool = False
) -> str:
    """Series of points; `by_tens` spaces the axis across by powers of ten."""
    shown = {
        name: [point for point in points if not by_tens or point[0] > 0] for name, points in series.items()
    }
    everything = [point for points in shown.values() for point in points] or [(1.0, 0.0), (10.0, 1.0)]
    xs, ys = [x for x, _ in everything], [y for _, y in everything]
    left, right = min(xs), max(xs)
    top = _round_up(max(ys))

    def at(x: float, y: float) -> tuple[float, float]:
        share = _share(x, left, right, by_tens=by_tens)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT), HEIGHT - _BOTTOM - y / top * (
            HEIGHT - _TOP - _BOTTOM
        )

    parts = [_frame(title, across, upward)]
    parts += [
        _text(at(x, 0)[0], HEIGHT - _BOTTOM + 16, _figure(x), "middle")
        for x in _ticks(left, right, by_tens=by_tens)
    ]
    for step in range(5):
        height = at(left, top * step / 4)[1]
        parts.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{height:.1f}" y2="{height:.1f}" stroke="#ddd"/>'
        )
        parts.append(_text(_LEFT - 6, height + 4, _figure(top * step / 4), "end"))
    for number, (name, points) in enumerate(shown.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        parts += _legend(number, name, colour)
    return _whole(parts)


def bars(title: str, unit: str, values: Mapping[str, float]) -> str:
    """One bar for each value, the longest first."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    most = max(values.values(), default=1.0) or 1.0
    height = _TOP + 24 * len(ordered) + 20
    room = WIDTH - 260 - 90
    parts = [_text(12, 20, f"{title} ({unit})", "start", bold=True)]
    for number, (name, value) in enumerate(ordered):
        y = _TOP + 24 * number
        parts.append(_text(250, y + 15, name, "end"))
        parts.append(
            f'<rect x="258" y="{y + 3}" width="{value / most * room:.1f}" height="17" fill="{_COLOURS[0]}"/>'
        )
        parts.append(_text(264 + value / most * room, y + 15, _figure(value), "start"))
    return _whole(parts, height)


def _share(x: float, left: float, right: float, *, by_tens: bool) -> float:
    if right <= left:
        return 0.0
    if by_tens:
        return math.log(x / left) / math.log(right / left)
    return (x - left) / (right - left)


def _ticks(left: float, right: float, *, by_tens: bool) -> list[float]:
    if by_tens:
        powers = range(math.ceil(math.log10(left)), math.floor(math.log10(right)) + 1)
        return [10.0**power for power in powers] or [left, right]
    return [left + (right - left) * step / 5 for step in range(6)]


def _round_up(value: float) -> float:
    """The next 1, 2, 4 or 5 of its power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 10) if step * power >= value)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def _frame(title: str, across: str, upward: str) -> str:
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    return (
        _text(_LEFT, 20, f"{title} — {upward}", "start", bold=True)
        + _text(middle, HEIGHT - 8, across, "middle")
        + f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{HEIGHT - _BOTTOM}" y2="{HEIGHT - _BOTTOM}" stroke="#333"/>'
    )


def _legend(number: int, name: str, colour: str) -> list[str]:
    x, y = WIDTH - _RIGHT + 14, _TOP + 18 * number
    return [
        f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>',
        _text(x + 18, y + 10, name, "start"),
    ]


def _text(x: float, y: float, text: str, anchor: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {_FONT}{weight}>{escape(text)}</text>'


def _whole(parts: Sequence[str], height: int = HEIGHT) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>' + "".join(parts) + "</svg>\n"
    )
