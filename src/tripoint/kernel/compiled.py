"""Parts that are compiled where a compiler and Python's headers are found at install; each has another way beside it."""

from __future__ import annotations

from importlib import import_module


def is_built(module: str, layout: int) -> bool:
    """Whether a compiled module is there and is told what it expects: one compiled from an older source has another LAYOUT."""
    try:
        built_for: int = import_module(module).LAYOUT
    except ImportError:
        return False
    return built_for == layout
