"""Skills, categories and places, public and cacheable."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, BeforeValidator, Field

from app.api.http.dependencies import Route
from app.api.http.parameters import NamesLanguage
from app.catalogue import phonetic_search, skills
from app.catalogue.skills import Category, Skill
from app.core.languages import Language
from app.core.schema import ResponseModel, clean_text

CACHE_SECONDS = 3_600
MOST_PLACES = 10
LONGEST_QUERY = 100


def _cacheable(response: Response) -> None:
    response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"


router = APIRouter(
    prefix="/api/catalogue",
    tags=["catalogue"],
    route_class=Route,
    dependencies=[Depends(_cacheable)],
)


def _short(value: str) -> str:
    if len(value) > LONGEST_QUERY:
        raise ValueError(f"must be at most {LONGEST_QUERY} characters")
    return value


Text = Annotated[
    str,
    Query(max_length=LONGEST_QUERY, description="What is searched for, up to 100 characters."),
    BeforeValidator(clean_text),
    AfterValidator(_short),
]
"""The text of a search field."""


class SkillAnswer(ResponseModel):
    """A skill that workers have and jobs ask for; `slug` is what the API takes."""

    slug: str = Field(description="What `skills` of a worker or job takes.")
    name: str = Field(description="Name in the language asked for.")
    name_en: str = Field(description="Name in English.")
    name_hi: str = Field(description="Name in Hindi.")
    category: str = Field(description="Slug of the kind of work it belongs to.")
    isco08: str = Field(
        description="Unit group of the International Standard Classification of Occupations, four digits."
    )


class SkillList(ResponseModel):
    """Skills, the best match first."""

    items: list[SkillAnswer] = Field(description="Skills, the best match first.")


class CategoryAnswer(ResponseModel):
    """A kind of work; `slug` is what a job's category takes."""

    slug: str = Field(description="What a job's `category` takes.")
    name: str = Field(description="Name in the language asked for.")
    name_en: str = Field(description="Name in English.")
    name_hi: str = Field(description="Name in Hindi.")


class CategoryList(ResponseModel):
    """Kinds of work."""

    items: list[CategoryAnswer] = Field(description="The kinds of work.")


class PlaceAnswer(ResponseModel):
    """A city, an area or a PIN code, and where it lies."""

    name: str = Field(description="Name of the place, or its PIN code.")
    kind: Literal["pin", "area", "city"] = Field(description="What it is.")
    city: str = Field(description="The city, or for a PIN code its district; may be empty.")
    state: str | None = Field(description="State or region; null where not known.")
    country: str = Field(examples=["IN"], description="Country, two letters of ISO 3166-1.")
    pin: str | None = Field(description="PIN code; null where it has none or several.")
    latitude: float = Field(description="Latitude in degrees (WGS 84).")
    longitude: float = Field(description="Longitude in degrees (WGS 84).")
    time_zone: str = Field(description="IANA name of the time zone.")


class PlaceList(ResponseModel):
    """Places, the best match first."""

    items: list[PlaceAnswer] = Field(description="Places, the best match first.")


@router.get("/skills")
async def list_skills(q: Text = "", language: NamesLanguage = Language.ENGLISH) -> SkillList:
    """Find skills by any of their names, misspelt too; all of them without `q`.

    `name` is in the language asked for; names of both languages are searched.
    """
    found = skills.search(q, language, limit=len(skills.SKILLS))
    return SkillList(items=[_named(SkillAnswer, skill, language) for skill in found])


def _named[Item: ResponseModel](kind: type[Item], item: Skill | Category, language: str) -> Item:
    names = {"name": language, "name_en": "en", "name_hi": "hi"}
    return kind.from_rows(item, **{field: item.name(code) for field, code in names.items()})


@router.get("/categories")
async def list_categories(language: NamesLanguage = Language.ENGLISH) -> CategoryList:
    """List the kinds of work."""
    categories = skills.CATEGORIES.values()
    return CategoryList(items=[_named(CategoryAnswer, each, language) for each in categories])


@router.get("/places")
async def list_places(q: Text) -> PlaceList:
    """Find places by city, area or PIN code."""
    found = phonetic_search.search(q, limit=MOST_PLACES)
    return PlaceList(items=[PlaceAnswer.model_validate(place) for place in found])
