"""A field of a job is added in the places that CONTRIBUTING names, and copied by hand in no other."""

import ast
from dataclasses import fields

from app.api.employers.jobs import JobAnswer, JobChanges, NewJob
from app.jobs import posting
from app.jobs.job_text import JobText
from app.jobs.models import Job
from tests.architecture.source import ROOT, Source, python_files

FIELDS = {field.name for field in fields(JobText)}
MOST_OF_THEM = 12
"""A file that names as many of the fields holds a list of them that a new field has to be added to."""
LISTS = {
    "app/api/employers/jobs.py",
    "app/demo/city.py",
    "app/dialogue/employer/job_questions.py",
    "app/jobs/job_text.py",
    "app/jobs/models.py",
    "app/web/job_form.py",
}
EDITS_AT_MOST = 9


def names_in(source: Source) -> set[str]:
    names = set()
    for node in source.nodes:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                names.add(name)
            case ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
                names.add(name)
    return names


def test_a_jobs_fields_are_listed_where_contributing_says() -> None:
    found = {
        source.name
        for source in python_files("app")
        if len(FIELDS & names_in(source)) >= MOST_OF_THEM
    }
    assert found == LISTS
    steps = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    steps = steps.split("**A field of a job.**")[1].split("\n**")[0]
    assert [name for name in LISTS if f"`{name}`" not in steps] == []
    numbers = [line.partition(".")[0] for line in steps.splitlines() if line[:1].isdecimal()]
    assert 0 < len(numbers) <= EDITS_AT_MOST


def test_a_field_is_written_and_read_by_its_name() -> None:
    by_name = FIELDS - posting._STORED_OTHERWISE
    assert by_name == set(posting._COLUMNS)
    assert by_name <= set(Job.__table__.columns.keys())


def test_requests_and_answers_have_every_field() -> None:
    for body in (NewJob, JobChanges, JobAnswer):
        assert set(body.model_fields) >= FIELDS, body.__name__
