"""What is to be expected of a job before it is published."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from app.api.employers.jobs import NewJob, text_of
from app.api.employers.salaries import SalaryAnswer
from app.api.http.dependencies import JobPoster, Now, Read, Route, Rt, limit_subject
from app.api.http.problems import problems
from app.core.schema import Day, ResponseModel
from app.jobs.job_text import JobSalary
from app.matching.forecast_job import JobForecast, Lever, forecast_job

router = APIRouter(prefix="/api/employers/jobs", tags=["employers"], route_class=Route)

LeverValue = SalaryAnswer | Day | int | float | list[str]


class MinutesAnswer(ResponseModel):
    """Minutes from now, the nights among them, by which something has happened."""

    p50: int | None = Field(
        description="With a chance of one half; null: it is not so likely.", examples=[35]
    )
    p90: int | None = Field(
        description="With a chance of nine tenths; null: it is not so likely.", examples=[180]
    )


class LeverAnswer(ResponseModel):
    """A change of one field, and what would come of it."""

    field: Literal[
        "required_skills", "min_experience_years", "radius_km", "salary", "starts_on"
    ] = Field(description="The field of the job that would change.", examples=["radius_km"])
    before: LeverValue = Field(
        alias="from", description="The value it has; a salary in minor units.", examples=[5.0]
    )
    after: LeverValue = Field(alias="to", description="The value to try.", examples=[10.0])
    workers_that_fit: int = Field(
        description="Workers who would fit then. More pay and another day change nobody's fitting."
    )
    chance_to_fill: float = Field(
        ge=0, le=1, description="How likely every place would be taken in time then, 0 to 1."
    )

    @classmethod
    def of(cls, lever: Lever) -> "LeverAnswer":
        """Return the lever with its chance to a tenth of a percent."""
        return cls.model_validate(
            {
                "field": lever.field,
                "from": _value(lever.before),
                "to": _value(lever.after),
                "workers_that_fit": lever.workers_that_fit,
                "chance_to_fill": round(lever.chance_to_fill, 3),
            }
        )


class ForecastAnswer(ResponseModel):
    """What is to be expected if the job were published now."""

    workers_that_fit: int = Field(
        description="Workers who fit as far as their weekly hours, place, skills and experience tell; some may be "
        "away or busy. Whom `may_widen` allows to be asked near the deadline is neither here nor in any chance.",
        examples=[34],
    )
    expected_accepts: float = Field(
        description="How many say yes in time on average, counted up to the most that are let in.",
        examples=[7.4],
    )
    chance_to_fill: float = Field(
        ge=0, le=1, description="How likely every place is taken in time, 0 to 1.", examples=[0.93]
    )
    minutes_to_first_accept: MinutesAnswer = Field(description="When the first one says yes.")
    minutes_to_fill: MinutesAnswer | None = Field(
        description="When every place is taken; null where that is less likely than not."
    )
    levers: list[LeverAnswer] = Field(
        description="What would help, the best first: a requirement left out or loosened, more pay, a later start. "
        "Changes that would not help are left out."
    )
    basis: Literal["history", "model"] = Field(
        description="Whether it rests on how people answered here, or on what is usual."
    )

    @classmethod
    def of(cls, forecast: JobForecast) -> "ForecastAnswer":
        """Return the forecast as it is told."""
        return cls(
            workers_that_fit=forecast.workers_that_fit,
            expected_accepts=round(forecast.expected_accepts, 1),
            chance_to_fill=round(forecast.chance_to_fill, 3),
            minutes_to_first_accept=MinutesAnswer.from_rows(forecast.first_accept),
            minutes_to_fill=None
            if forecast.fill is None
            else MinutesAnswer.from_rows(forecast.fill),
            levers=[LeverAnswer.of(lever) for lever in forecast.levers],
            basis="history" if forecast.from_history else "model",
        )


def _value(value: Any) -> Any:
    if isinstance(value, JobSalary):
        return SalaryAnswer(amount=value.amount, currency=value.currency, per=value.per)
    return value


@router.post("/forecast", responses=problems())
async def forecast_job_filling(
    session: Read, actor: JobPoster, body: NewJob, rt: Rt, now: Now
) -> ForecastAnswer:
    """Forecast how a job would fill if it were published now; nobody is asked, and nothing is kept."""
    await limit_subject(rt, "forecast:account", str(actor.employer_id))
    return ForecastAnswer.of(await forecast_job(session, actor.employer_id, text_of(body), now))
