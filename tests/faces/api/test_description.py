"""The description says what the server does: schemathesis tries it, and the reference pages name every endpoint."""

import re
from pathlib import Path

import pytest
import schemathesis
from anyio import to_thread
from hypothesis import HealthCheck, assume, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.faces.api.serving import engine_over, key, rehearsed
from tripoint.faces.api import receipts, server
from tripoint.faces.api.description import kind, operations

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "api"


@pytest.fixture(scope="module")
def description(nobody):
    return nobody.get("/v1/openapi.json").json()


def test_is_openapi_31_and_describes_every_operation(description):
    assert description["openapi"].startswith("3.1")
    for method, path, operation in operations(description):
        assert operation["summary"], (method, path)
        assert operation["tags"], (method, path)
        assert operation["responses"], (method, path)
    names = {tag["name"] for tag in description["tags"]}
    assert {tag for _, _, operation in operations(description) for tag in operation["tags"]} == names


def test_every_operation_that_takes_a_body_says_that_one_may_be_too_large(description):
    silent = [
        (method, path)
        for method, path, operation in operations(description)
        if "requestBody" in operation and "413" not in operation["responses"]
    ]
    assert silent == []


def test_money_is_never_a_number(description):
    wrong = []
    for name, schema in description["components"]["schemas"].items():
        for field, its in schema.get("properties", {}).items():
            if re.search(r"tax|duty|vat|value|amount|price", field) and re.search("number|integer", str(its)):
                wrong.append(f"{name}.{field}")
            if "'number'" in str(its):
                wrong.append(f"{name}.{field}")
    assert wrong == []


def test_the_page_for_people_names_every_operation_and_fetches_nothing(nobody, description):
    page = nobody.get("/v1/docs")
    assert page.headers["content-type"].startswith("text/html")
    for _, path, operation in operations(description):
        assert path in page.text
        assert f'id="{operation["operationId"]}"' in page.text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page.text)
    assert "<script" not in page.text


def test_names_types_in_few_words():
    assert kind({"type": "array", "items": {"$ref": "#/components/schemas/Receipt"}}) == "list of Receipt"
    assert (
        kind({"oneOf": [{"type": "null"}, {"type": "string", "format": "date"}]}) == "null or string (date)"
    )
    assert kind(None) == ""


def test_the_reference_names_every_endpoint_and_no_other(description):
    told = set()
    for page in sorted(DOCS.glob("*.md")):
        told |= set(
            re.findall(r"^#+ `(GET|POST|PUT|PATCH|DELETE) (/\S*)`", page.read_text("utf-8"), re.MULTILINE)
        )
    served = {(method, path) for method, path, _ in operations(description)}
    described = {("GET", "/v1/openapi.json"), ("GET", "/v1/docs")}
    assert told == served | described


def test_every_parameter_and_field_is_found_in_the_reference(description):
    text = "\n".join(page.read_text("utf-8") for page in DOCS.glob("*.md"))
    missing = set()
    for _, path, operation in operations(description):
        for parameter in operation.get("parameters", ()):
            if f"`{parameter['name']}`" not in text and f"{{{parameter['name']}}}" not in text:
                missing.add(f"{path} {parameter['name']}")
    for name, schema in description["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            if f"`{field}`" not in text:
                missing.add(f"{name}.{field}")
    assert sorted(missing) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_answers_as_described_whatever_is_asked(new_database, tmp_path_factory, monkeypatch):
    """Some twenty requests to each operation, sound and unsound, as the operator: never a 500, never another shape."""
    monkeypatch.setattr(receipts, "patiently", at_once)
    with new_database() as database:
        engine = engine_over(database, tmp_path_factory.mktemp("described"), webhook_private=True)
        for raw in rehearsed(engine, tmp_path_factory.mktemp("rehearsal"), trades=5, anomalies=0.4):
            engine.admit(raw)
        engine.work_all()
        app = server.application(engine)
        text = key(engine, None)
        schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app)
        chosen = schema.exclude(path_regex="^/v1/docs|openapi")

        bounds = settings(
            max_examples=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        tried, failures = 0, []
        for result in chosen.get_all_operations():
            operation = result.ok()

            @bounds
            @given(
                case=operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
            )
            def check(case):
                # A list or object without members is written into an address as nothing at all, which is sound.
                assume(not any(value in ([], {}) for value in (case.query or {}).values()))
                # What is sound by its shape may still be refused: a cursor of nobody's, an address in nobody's network.
                case.call_and_validate(
                    headers={"Authorization": f"Bearer {text}"}, excluded_checks=[positive_data_acceptance]
                )

            try:
                check()
            except (Exception, BaseExceptionGroup) as failure:
                failures.append(f"{operation.method.upper()} {operation.path}: {failures_of(failure)}")
            tried += 1
    assert not failures, "\n\n".join(failures)
    assert tried > 20


async def at_once(ask, *_):
    """Nobody waits in this test."""
    return await to_thread.run_sync(ask)


def failures_of(failure):
    """What schemathesis found, without its hints."""
    inner = getattr(failure, "exceptions", None) or [failure]
    return "; ".join(str(one)[:400] for one in inner)
