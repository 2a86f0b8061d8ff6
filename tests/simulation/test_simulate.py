import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from app.__main__ import main
from app.matching.asking import scarcity
from app.simulation import command
from app.simulation.city import jobs_of, people_of
from app.simulation.cli import POLICY_NAMES
from app.simulation.figures import figures_of, gini
from app.simulation.policies import POLICIES, Waves
from app.simulation.run import Clock, draw, play
from app.simulation.world import WORLDS, WorldError, read_world

FIGURES = {
    "fill",
    "offers_per_fill",
    "median_hours_to_fill",
    "gini_offers",
    "newcomers_offered",
    "cap_breaches",
    "double_bookings",
}
SMALL = """
[workers]
count = 150
[jobs]
per_day = 6.0
"""


@pytest.fixture
def small(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text(SMALL)
    return str(file)


def told(capsys, *arguments):
    assert main(["simulate", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("policy", POLICIES)
def test_the_json_has_the_shape_of_the_contract(capsys, small, policy):
    out = told(
        capsys, "--world", small, "--policy", policy, "--seeds", "2", "--first-seed", "5",
        "--days", "2", "--json",
    )  # fmt: skip
    answer = json.loads(out)
    assert answer["world"] == small
    assert answer["policy"] == policy
    assert [one["seed"] for one in answer["seeds"]] == [5, 6]
    assert all(one.keys() == {"seed", *FIGURES} for one in answer["seeds"])
    assert answer["mean"].keys() == FIGURES
    assert answer["mean"]["fill"] == pytest.approx(np.mean([s["fill"] for s in answer["seeds"]]))


def test_every_policy_can_be_chosen():
    assert set(POLICY_NAMES) == set(POLICIES)


def test_the_same_seed_gives_the_same_figures(capsys, small):
    arguments = ("--world", small, "--days", "3", "--json")
    assert told(capsys, *arguments) == told(capsys, *arguments)


def test_a_table_is_printed_for_people(capsys, small):
    lines = told(capsys, "--world", small, "--days", "1", "--seeds", "2").splitlines()
    assert lines[0].endswith("policy waves, 1 days")
    assert [line.split()[0] for line in lines[1:]] == ["seed", "1", "2", "mean"]


def test_plots_are_drawn_where_a_folder_is_given(capsys, small, tmp_path):
    folder = tmp_path / "plots"
    told(capsys, "--world", small, "--days", "2", "--out", str(folder))
    pictures = sorted(folder.glob("*.svg"))
    assert [picture.stem for picture in pictures] == [
        "fairness_by_cell",
        "fairness_by_worker",
        "fill_over_time",
        "offers_per_worker",
    ]
    for picture in pictures:
        assert ET.parse(picture).getroot().tag.endswith("svg")
    assert json.loads((folder / "figures.json").read_text())["policy"] == "waves"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--world", "nowhere"], "Worlds that come with it"),
        (["--days", "0"], "--days must be between"),
        (["--seeds", "0"], "--seeds must be between"),
        (["--first-seed", "-1"], "--first-seed must be between"),
    ],
)
def test_what_cannot_be_played_is_said_in_a_sentence(capsys, arguments, says):
    assert main(["simulate", *arguments]) == 1
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    ["[jobs]\nper_day = -1", "[jobs]\nunknown = 1", "no toml", "[answers]\nfatigue = 2.0",
     "[workers]\nskills_each = [0.5]", "[jobs]\nlead_hours = [9.0, 5.0]"],
)  # fmt: skip
def test_a_file_that_is_no_world_says_which_figure_is_wrong(tmp_path, text):
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(WorldError):
        read_world(str(file))


@pytest.mark.parametrize("file", sorted(WORLDS.glob("*.toml")), ids=lambda file: file.stem)
def test_every_world_that_comes_with_it_can_be_played(file):
    report = command.simulate(file.stem, "waves", seeds=1, first_seed=1, days=1)
    assert 0 <= report.mean.fill <= 1


def test_all_policies_meet_the_same_people_jobs_and_luck():
    world = read_world("slack")
    one, other = (people_of(world, 3, 2) for _ in range(2))
    assert (one.answers == other.answers).all()
    jobs, again = (jobs_of(world, one, 3, 2) for _ in range(2))
    assert [job.starts for job in jobs] == [job.starts for job in again]
    assert all((a.luck_answer == b.luck_answer).all() for a, b in zip(jobs, again, strict=True))


def test_a_place_that_stays_open_counts_until_its_deadline(tmp_path):
    file = tmp_path / "nobody.toml"
    file.write_text("[workers]\ncount = 1\n[answers]\nbeta = [0.001, 1000.0]\n")
    run = play(read_world(str(file)), POLICIES["waves"](), 1, 2)
    figures = figures_of(run, 2)
    assert figures.fill == 0
    leads = [
        (job.job.starts - job.job.published) / 60
        for job in run.market.done
        for _ in range(job.job.places)
    ]
    assert figures.median_hours_to_fill == pytest.approx(float(np.median(leads)))


@pytest.mark.parametrize("policy", ["waves", "oracle"])
def test_nobody_is_asked_beyond_the_cap_or_booked_twice(small, policy):
    report = command.simulate(small, policy, seeds=2, first_seed=1, days=7)
    assert (report.mean.cap_breaches, report.mean.double_bookings) == (0, 0)


def test_waking_minutes_leave_out_the_night():
    clock = Clock((22.0, 7.0))
    noon = 12 * 60.0
    assert clock.later(noon, 60) == noon + 60
    assert clock.later(21.5 * 60, 60) == (24 + 7.5) * 60
    assert clock.read_at(23 * 60) == (24 + 7) * 60
    assert clock.read_at(3 * 60) == 7 * 60
    assert clock.waking((24 + 7) * 60) == clock.waking(22 * 60)


def test_gini_is_zero_where_all_are_alike_and_near_one_where_one_has_all():
    assert gini(np.full(10, 3.0)) == pytest.approx(0)
    assert gini(np.array([0.0] * 99 + [5.0])) == pytest.approx(0.99)
    assert gini(np.zeros(4)) == 0


def test_the_simulated_policy_spares_people_by_the_same_rule(small):
    """The simulator works out at once what the real system asks of each person."""
    played = play(read_world(small), policy := Waves(), 3, 4)
    market = played.market
    names = [str(number) for number in range(market.world.workers.skills)]
    people_with = {
        name: int(count) for name, count in zip(names, policy.people_with, strict=False) if count
    }
    assert people_with
    for job in market.done:
        told = policy.scarce(market, job)
        skills = market.people.skills[job.job.fitting]
        expected = [
            scarcity([names[at] for at in np.flatnonzero(row)], [names[job.job.skill]], people_with)
            for row in skills
        ]
        if names[job.job.skill] in people_with:
            assert told == pytest.approx(expected)


def test_policies_that_share_what_was_drawn_play_as_if_each_drew_it(small):
    world = read_world(small)
    drawn = draw(world, 4, 3)
    for name in ("today", "waves", "oracle"):
        alone = figures_of(play(world, POLICIES[name](), 4, 3), 3)
        assert figures_of(play(world, POLICIES[name](), 4, 3, drawn), 3) == alone
