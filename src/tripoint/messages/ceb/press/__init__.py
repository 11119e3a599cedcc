"""Ordinary receipts and tax bills straight from columns to messages, to the byte as `ceb.writing` writes them.

It is compiled where a compiler and Python's headers are found at install; without it `writing` writes everything.
"""

from __future__ import annotations

from tripoint.kernel.compiled import is_built

IS_BUILT = is_built("tripoint.messages.ceb.press.press", 1)
"""Whether there is a press that fits what it is told (`forms`)."""
