"""How much of what decides an offer a profile tells. Pure."""


def completeness(*, located: bool, skills: bool, hours: bool, bio: bool) -> float:
    """The share, 0 to 1: a location, skills and weekly hours bring offers, a bio brings trust.

    Years of experience don't count: everybody starts with none, and a profile can say so.
    """
    told = (located, skills, hours, bio)
    return sum(told) / len(told)
