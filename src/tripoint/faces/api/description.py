"""The API's description as a plain page: made from the same document as openapi.json, with nothing fetched elsewhere."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader
from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

_pages = Environment(
    loader=PackageLoader("tripoint.faces.api"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)

METHODS = ("get", "post", "put", "patch", "delete")


class PlainPage(OpenAPIRenderPlugin):
    """The description for people, at /v1/docs."""

    def __init__(self) -> None:
        super().__init__(path="/docs")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page."""
        del request
        return page(openapi_schema).encode()


def page(document: dict[str, Any]) -> str:
    """The description as HTML."""
    groups = [
        (tag, [entry for entry in operations(document) if tag["name"] in entry[2].get("tags", ())])
        for tag in document["tags"]
    ]
    return _pages.get_template("docs.html").render(
        info=document["info"], groups=groups, schemas=document["components"].get("schemas", {}), kind=kind
    )


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation of a description: method, path, details."""
    return [
        (method.upper(), path, item[method])
        for path, item in sorted(document["paths"].items())
        for method in METHODS
        if item.get(method)
    ]


def kind(schema: dict[str, Any] | None) -> str:
    """A schema in a few words: `string`, `Message`, `list of Receipt`."""
    if not schema:
        return ""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return " or ".join(dict.fromkeys(kind(option) for option in schema[choice]))
    named = schema.get("type")
    if named == "array":
        return f"list of {kind(schema.get('items'))}"
    words = ", ".join(named) if isinstance(named, list) else str(named or "any")
    return f"{words} ({schema['format']})" if "format" in schema else words
