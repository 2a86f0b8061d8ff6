"""What each role of a team may do: every route and page of employers, walked by each of them."""

import re
from typing import Any

import pytest

from app.api.http.dependencies import Permitted
from app.identity.permissions import TEAM_GRANTS, Permission
from app.identity.rules import TeamRole
from app.main import ROUTERS
from tests.acceptance.shapes import problem
from tests.acceptance.test_role_matrix import RULES, UNKNOWN, Cast
from tests.support.app_harness import Person, World
from tests.support.team import member_of

LEAVING = "DELETE /api/employers/account"
"""Anybody may leave."""
_NOT_OF_EMPLOYERS = ("/api/employers/", "/api/matching/jobs/")


def permission_of(route: Any) -> Permission | None:
    """Return the permission that a route's dependencies ask for."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Permitted):
            return dependant.call.permission
        waiting += dependant.dependencies
    return None


def employers_routes() -> dict[str, Permission | None]:
    """Return what every route of employers asks for."""
    return {
        f"{method} {getattr(route, 'path', '')}": permission_of(route)
        for router in ROUTERS
        for route in router.routes
        for method in getattr(route, "methods", ())
        if getattr(route, "path", "").startswith(_NOT_OF_EMPLOYERS)
    }


@pytest.fixture(scope="module")
def team(world_of_file: World) -> tuple[Cast, dict[TeamRole, Person]]:
    cast = Cast(world_of_file)
    owner = cast.employer
    return cast, {
        TeamRole.OWNER: owner,
        TeamRole.MANAGER: member_of(world_of_file, owner, "manager"),
        TeamRole.VIEWER: member_of(world_of_file, owner, "viewer"),
    }


def test_what_changes_something_asks_for_more_than_reading() -> None:
    routes = employers_routes()
    assert len(routes) > 35
    lax = [
        route
        for route, permission in routes.items()
        if permission is None
        or (not route.startswith("GET ") and permission is Permission.BE_EMPLOYER)
    ]
    assert lax == [LEAVING]


def test_every_role_meets_exactly_its_refusals(
    team: tuple[Cast, dict[TeamRole, Person]],
) -> None:
    cast, people = team
    wrong = []
    for route, permission in employers_routes().items():
        if route == LEAVING or permission is None:
            continue
        method, template = route.split()
        rule = RULES[route]
        body = rule.body(cast) if rule.body else None
        path = re.sub(r"\{\w+\}", UNKNOWN, template)
        for role, person in people.items():
            answer = cast.send(person, method, path, body)
            granted = role in TEAM_GRANTS[permission]
            refused = answer.status_code == 403 and answer.json()["code"] == "wrong_role"
            if granted is refused:
                wrong.append(f"{route} as {role.value}: {answer.status_code}")
            if not granted:
                problem(answer, 403, "wrong_role")
    assert wrong == []
