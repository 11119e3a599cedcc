# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""COPY's text format (https://www.postgresql.org/docs/current/sql-copy.html, Text Format) from Arrow columns and back.

What is out of the ordinary is `None`: a type, a year or a number that this does not know. Whoever asked has Polars do it
then, or refuse it. Neither way holds Python objects per row, nor the interpreter's lock.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcpy, memset, strcmp

include "../../kernel/arrow/interface.pxi"
include "../../kernel/arrow/columns.pxi"
include "../../kernel/arrow/handover.pxi"
include "../../kernel/arrow/sources.pxi"
include "../../kernel/arrow/numbers.pxi"
include "../../kernel/arrow/days.pxi"
include "moments.pxi"
include "loading.pxi"
include "unloading.pxi"

LAYOUT = 1
"""Raised when what the ferry is told changes, so that one compiled before is not used."""
