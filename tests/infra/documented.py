"""Every refusal that a test meets is one that the API document names for its operation."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx

from app.api.http.problems import CODES, MEDIA_TYPE

type Operations = list[tuple[str, re.Pattern[str], dict[str, Any]]]


@cache
def _operations(build: Callable[[], dict[str, Any]]) -> Operations:
    found = [
        (method.upper(), re.sub(r"\{\w+\}", "[^/]+", path), operation)
        for path, methods in build()["paths"].items()
        for method, operation in methods.items()
    ]
    # A fixed word comes before an id that could be anything.
    found.sort(key=lambda each: each[1].count("[^/]+"))
    return [(method, re.compile(pattern), operation) for method, pattern, operation in found]


def check(response: httpx.Response, build: Callable[[], dict[str, Any]]) -> None:
    """Fail where the answer is a refusal whose `code` its operation does not document.

    A path or method that no operation has is not looked at.
    """
    if not response.headers.get("content-type", "").startswith(MEDIA_TYPE):
        return
    path, method = response.request.url.path, response.request.method
    matching = (
        operation
        for its_method, pattern, operation in _operations(build)
        if method == its_method and pattern.fullmatch(path)
    )
    operation = next(matching, None)
    if operation is None:
        return
    response.read()
    code, status = response.json()["code"], str(response.status_code)
    documented = operation["responses"].get(status, {}).get(CODES, ())
    assert code in documented, (
        f"{method} {path} answered {status} {code}, which its document doesn't name: "
        "add the error to `responses=problems(…)` of the route"
    )
