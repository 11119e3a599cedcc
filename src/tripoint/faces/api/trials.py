"""Trying without sending: is a message right, and what would an order cost?"""

from __future__ import annotations

from typing import Any

import msgspec
from anyio import to_thread
from litestar import Request, Router, post
from litestar.params import JSONBody

from tripoint.exchange.desk import BYTES_MAX, refuse
from tripoint.faces.api import bodies
from tripoint.faces.api.callers import Caller
from tripoint.faces.api.operations import XmlOperation, problems
from tripoint.faces.api.sending import refuse_kind
from tripoint.messages.ceb.validating import ValidationFault, validate
from tripoint.tariff.assess import assess


class Validated(msgspec.Struct):
    """What is wrong with a message, first to last. `is_readable`: every paper would be taken.

    At most 1,000 faults are told, those that refuse a paper before mere notes; `faults_in_all` is how many there are.
    """

    message_type: str
    papers: int
    is_readable: bool
    is_faultless: bool
    faults: list[ValidationFault]
    faults_in_all: int


class Case(msgspec.Struct):
    """A case to be assessed: a regime such as CN-IMPORT, and its inputs. Amounts are text, never JSON fractions."""

    regime: str
    inputs: dict[str, Any]


@post(
    "/validations",
    status_code=200,
    summary="Validate a message without sending it",
    operation_class=XmlOperation,
    request_max_body_size=None,
    responses=problems(400, 401, 408, 413, 415, 503),
    tags=["trials"],
)
async def validation(request: Request[Any, Any, Any], caller: Caller) -> Validated:  # noqa: ARG001 - any key will do
    """Every fault with its place, both languages and the repair; nothing is kept."""
    said = request.headers
    refuse_kind(said.get("content-type", ""), said.get("content-encoding", "identity"))
    with bodies.holding() as held:
        raw = await bodies.read(request.receive, said.get("content-length", ""), BYTES_MAX, held)
        refuse(raw)
        report = await to_thread.run_sync(validate, raw)
    return Validated(
        message_type=report.message_type,
        papers=report.papers,
        is_readable=report.is_readable,
        is_faultless=report.is_faultless,
        faults=list(report.faults),
        faults_in_all=report.faults_in_all,
    )


@post(
    "/assessments",
    status_code=200,
    sync_to_thread=True,
    summary="Assess duty and tax",
    description="The cases of `tripoint assess`: imports, returns, payment windows, personal parcels, as of their day.",
    responses=problems(400, 401, 404, 413),
    tags=["trials"],
)
def assessment(data: JSONBody[Case], caller: Caller) -> dict[str, Any]:  # noqa: ARG001 - any key will do
    """The answer in the shape of the worked cases; amounts are text."""
    return assess({"regime": data.regime, "inputs": data.inputs})


router = Router("/", route_handlers=[validation, assessment])
