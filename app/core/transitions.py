"""State tables: which transitions an action has, what guards them, and why it is refused. Pure.

A domain declares one `StateTable` in its `rules.py`. `StateTable.decide` checks a transition against facts;
`app.database.statements.transition_update` builds the compare-and-set UPDATE from the same transition.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.core.errors import Conflict, DomainError

type Refusal = type[DomainError]


@dataclass(frozen=True)
class Guard[F]:
    """A condition beside the status: `check` asks facts, `where` the columns of the row to be updated."""

    name: str
    check: Callable[[F, dt.datetime], bool]
    refusal: Callable[[], DomainError]
    where: Callable[[Any, Any], Any] | None = None
    """Takes the table's columns and now (or its bound parameter). None: another row or a calendar decides."""


@dataclass(frozen=True)
class Transition[S: StrEnum, F]:
    """From any of `sources` to `target`, while every guard holds; they are checked in this order."""

    sources: frozenset[S]
    target: S
    guards: tuple[Guard[F], ...] = ()

    @property
    def source(self) -> S:
        """The only source. Raises `ValueError` if there are several."""
        (source,) = self.sources
        return source

    def guard_conditions(self, columns: Any, now: Any) -> list[Any]:
        """Return what an UPDATE's WHERE says of the guards."""
        return [guard.where(columns, now) for guard in self.guards if guard.where is not None]

    def conditions(self, columns: Any, now: Any) -> list[Any]:
        """Return an UPDATE's WHERE: the row is in a source status, and the guards hold."""
        sources = sorted(self.sources)
        status = columns.status
        is_source = status == sources[0] if len(sources) == 1 else status.in_(sources)
        return [is_source, *self.guard_conditions(columns, now)]


@dataclass(frozen=True)
class ActionRule[S: StrEnum, F]:
    """What one action does, and why it is refused in a status that no transition starts from."""

    transitions: tuple[Transition[S, F], ...]
    otherwise: Refusal = Conflict
    refusals: Mapping[S, Refusal] = field(default_factory=dict)
    """By status; for the others it is `otherwise`."""
    repeatable: bool = False
    """In a target status there is nothing left to do, and that is no error."""

    @property
    def targets(self) -> frozenset[S]:
        """The statuses the action leads to."""
        return frozenset(each.target for each in self.transitions)


@dataclass(frozen=True)
class StateTable[A: StrEnum, S: StrEnum, F]:
    """Every action of one kind of row."""

    rules: Mapping[A, ActionRule[S, F]]

    def only(self, action: A) -> Transition[S, F]:
        """Return the action's transition. Raises `ValueError` if it has several."""
        (transition,) = self.rules[action].transitions
        return transition

    def starting(self, action: A, status: S) -> list[Transition[S, F]]:
        """Return the action's transitions that start from `status`."""
        return [each for each in self.rules[action].transitions if status in each.sources]

    def decide(self, action: A, status: S, facts: F, now: dt.datetime) -> Transition[S, F] | None:
        """Return the first transition whose guards hold; None if a repeatable action was taken before.

        Raises the refusal of the status, or of the first guard that fails of the last transition.
        """
        rule = self.rules[action]
        refused: DomainError | None = None
        for transition in self.starting(action, status):
            failed = [guard for guard in transition.guards if not guard.check(facts, now)]
            if not failed:
                return transition
            refused = failed[0].refusal()
        if refused is None and rule.repeatable and status in rule.targets:
            return None
        raise refused or rule.refusals.get(status, rule.otherwise)()
