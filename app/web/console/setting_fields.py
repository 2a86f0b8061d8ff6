"""The fields of a section of the settings as boxes of a form, and back to the API's body."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from app.catalogue import skills
from app.web.forms import TypedForm

_BY_NAME: Final = {
    "by_category": tuple(skills.CATEGORIES),
    "per_thousand": ("service", "utility", "authentication", "marketing", "sms"),
}
"""Fields with one number for each name; an empty box is none."""
_MOST_CHARACTERS: Final = 20_000


@dataclass(frozen=True)
class SettingField:
    """One box: its path within the section, its value as text, and how it is typed."""

    name: str
    value: Any
    kind: Literal["number", "text", "json"]

    @property
    def shown(self) -> str:
        """The value as it stands in the box."""
        if self.kind == "json":
            return json.dumps(self.value, ensure_ascii=False, indent=1)
        return "" if self.value is None else str(self.value)

    @property
    def key(self) -> str:
        """The part of its name that its explanation is found by."""
        head = self.name.rpartition(".")[0]
        return head if head.rpartition(".")[2] in _BY_NAME else self.name

    @property
    def of(self) -> str:
        """Of which category it is, where there is one box for each."""
        head, _, tail = self.name.rpartition(".")
        return tail if head.rpartition(".")[2] in _BY_NAME else ""


def fields_of(section: str, values: Any) -> list[SettingField]:
    """Return the boxes of a section, whose values are JSON."""
    if section == "coupons":
        return [SettingField("coupons", values, "json")]
    return _fields("", values)


def _fields(prefix: str, values: Mapping[str, Any]) -> list[SettingField]:
    found: list[SettingField] = []
    for name, value in values.items():
        path = f"{prefix}{name}"
        if name in _BY_NAME:
            names = dict.fromkeys([*_BY_NAME[name], *value])
            known = {each: value.get(each) for each in names}
            found += [
                SettingField(f"{path}.{each}", price, "number") for each, price in known.items()
            ]
        elif name == "by_city" or isinstance(value, list):
            found.append(SettingField(path, value, "json"))
        elif isinstance(value, dict):
            found += _fields(f"{path}.", value)
        elif isinstance(value, int | float):
            found.append(SettingField(path, value, "number"))
        else:
            found.append(SettingField(path, value, "text"))
    return found


def changes_of(fields: Sequence[SettingField], form: TypedForm) -> Any:
    """Return what was typed as the section of `PolicyChanges`; what can't be read stays text, for it to refuse.

    A box that holds what it held when the page was made (`was_…`) leaves its field as it is by now: another
    may have changed it meanwhile. `fields` are the values of now.
    """
    if [each.name for each in fields] == ["coupons"]:
        return _typed(fields[0], form)
    made: dict[str, Any] = {}
    for each in fields:
        *parents, name = each.name.split(".")
        part = made
        for parent in parents:
            part = part.setdefault(parent, {})
        value = _typed(each, form)
        if value is None and parents and parents[-1] in _BY_NAME:
            continue
        part[name] = value
    return made


def _is_untouched(name: str, form: TypedForm) -> bool:
    was = form.values.get(f"was_{name}")
    return was is not None and _plain(was) == _plain(form.values[name])


def _plain(text: str) -> str:
    """Return what is in a box without what browsers make of its lines."""
    return text.replace("\r\n", "\n").strip()


def _typed(one: SettingField, form: TypedForm) -> Any:
    if one.name not in form.values or _is_untouched(one.name, form):
        return one.value
    text = form.values[one.name].strip()[:_MOST_CHARACTERS]
    if one.kind == "json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    if not text:
        return None
    if one.kind == "number" or (one.value is None and text.lstrip("-").isdigit()):
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
    return text
