"""Ordinary receipts and tax bills straight from columns to messages, to the byte as `ceb.writing` writes them.

It is compiled where a compiler and Python's headers are found at install; without it `writing` writes everything.
"""

from __future__ import annotations

try:
    from tripoint.messages.ceb.press import press
except ImportError:  # not compiled here
    IS_BUILT = False
else:
    IS_BUILT = press.LAYOUT == 1  # else it was compiled from an older source
"""Whether there is a press that fits what it is told (`forms`)."""
