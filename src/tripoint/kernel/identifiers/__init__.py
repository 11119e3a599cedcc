"""One module for each standard number, the same four verbs in each: compact, validate, is_valid, format.

`validate` returns the compact number or raises one of `stdnum.exceptions` (all are ValueErrors).
"""
