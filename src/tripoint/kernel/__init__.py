"""The words every part speaks: money, findings, refusals, text, time; it imports nothing of ours."""
