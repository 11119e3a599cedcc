"""Made-up trade to rehearse with: papers as partners would send them, and for each list what must become of it."""

from tripoint.rehearsal.generate import generate
from tripoint.rehearsal.plan import Plan, Progress, Signed, Summary

__all__ = ["Plan", "Progress", "Signed", "Summary", "generate"]
