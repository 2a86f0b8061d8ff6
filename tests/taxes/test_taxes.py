"""What of a price is tax: by country, by place, and to the last unit."""

import datetime as dt
import textwrap
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from app.core.money import Money
from app.taxes import pack, packs
from app.taxes.pack import BuyerFacts, SellerFacts, checked_tax_id, get_pack, quote
from app.taxes.quote import Quote, TaxRate, part_of_taxes, split

MUMBAI = "27AAPFU0939F1ZV"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
AMOUNTS = st.integers(0, 10**12)
RATES = st.lists(st.integers(0, 10_000), min_size=1, max_size=3).map(
    lambda points: [TaxRate(f"T{i}", Decimal(p) / 200) for i, p in enumerate(points)]
)


def gstin(state: str) -> str:
    """The GSTIN of one company in the state with this code."""
    start = f"{state}AAPFU0939F1Z"
    return start + luhn.calc_check_digit(start, ALPHABET)


def seller(tax_id: str | None = MUMBAI, points: int = 1_800) -> SellerFacts:
    return SellerFacts(tax_id, points, "998519")


def taxes(made: Quote) -> list[tuple[str, float, int]]:
    return [(tax.name, tax.rate_percent, tax.amount) for tax in made.taxes]


@given(AMOUNTS, RATES)
def test_net_and_taxes_are_the_total_whatever_it_is(total: int, rates: list[TaxRate]) -> None:
    net, amounts = split(total, rates)
    assert net + sum(tax.amount for tax in amounts) == total
    whole = 100 + sum(float(rate.percent) for rate in rates)
    for rate, tax in zip(rates, amounts, strict=True):
        assert abs(tax.amount - total * float(rate.percent) / whole) <= 0.5 + total * 1e-12


@given(AMOUNTS, st.integers(0, 10_000))
def test_no_part_of_a_price_is_below_zero_and_halves_are_equal(total: int, points: int) -> None:
    made = quote("india", seller(points=points), BuyerFacts(), Money(total, "INR"))
    assert made.net >= 0
    assert made.net + sum(tax.amount for tax in made.taxes) == made.total == total
    if made.taxes:
        cgst, sgst = made.taxes
        assert (cgst.amount, cgst.rate_percent) == (sgst.amount, sgst.rate_percent)


@given(st.integers(1, 10**9), st.integers(1, 10_000), st.lists(st.integers(1, 10**6), max_size=20))
def test_taxes_given_back_in_parts_are_the_taxes(total: int, points: int, cuts: list[int]) -> None:
    made = quote("india", seller(points=points), BuyerFacts(), Money(total, "INR"))
    back = [0] * len(made.taxes)
    so_far = 0
    for cut in [*cuts, total]:
        part = min(cut, total - so_far)
        shares = part_of_taxes(made, so_far, part)
        assert all(0 <= share.amount <= part for share in shares)
        back = [sum_ + share.amount for sum_, share in zip(back, shares, strict=True)]
        so_far += part
    assert so_far == total
    assert back == [tax.amount for tax in made.taxes]


def test_within_the_state_two_halves_between_states_one() -> None:
    price = Money(4_900, "INR")
    same = quote("india", seller(), BuyerFacts(tax_id=gstin("27")), price)
    assert taxes(same) == [("CGST", 9.0, 374), ("SGST", 9.0, 374)]
    assert (same.net, same.total) == (4_152, 4_900)
    other = quote("india", seller(), BuyerFacts(tax_id=gstin("29")), price)
    assert taxes(other) == [("IGST", 18.0, 747)]
    assert (other.net, other.total) == (4_153, 4_900)
    assert other.place_of_supply is not None
    assert (other.place_of_supply.code, other.place_of_supply.name) == ("29", "Karnataka")


@pytest.mark.parametrize(
    ("buyer", "place", "names"),
    [
        (BuyerFacts(), "27", ["CGST", "SGST"]),
        (BuyerFacts(country="IN", region="Maharashtra"), "27", ["CGST", "SGST"]),
        (BuyerFacts(country="IN", region="Goa"), "30", ["IGST"]),
        (BuyerFacts(country="IN", region="No such state"), "27", ["CGST", "SGST"]),
        (BuyerFacts(country="IN"), "27", ["CGST", "SGST"]),
        (BuyerFacts(country="AE", region="Dubai"), "96", ["IGST"]),
        (BuyerFacts("29AAPFU0939F1ZR", "IN", "Maharashtra"), "29", ["IGST"]),
        (BuyerFacts("not a GSTIN", "IN", "Goa"), "30", ["IGST"]),
        (BuyerFacts(tax_id=gstin("38")), "38", ["IGST"]),
        (BuyerFacts(tax_id=gstin("25")), "26", ["IGST"]),
        (BuyerFacts(tax_id=gstin("28")), "37", ["IGST"]),
    ],
)
def test_the_place_of_supply_is_the_buyer_s_else_the_seller_s(
    buyer: BuyerFacts, place: str, names: list[str]
) -> None:
    made = quote("india", seller(), buyer, Money(4_900, "INR"))
    assert made.place_of_supply is not None
    assert made.place_of_supply.code == place
    assert [tax.name for tax in made.taxes] == names


@pytest.mark.parametrize("state", ["04", "26", "31", "35", "38"])
def test_union_territories_without_a_legislature_levy_utgst(state: str) -> None:
    made = quote("india", seller(gstin(state)), BuyerFacts(), Money(11_800, "INR"))
    assert taxes(made) == [("CGST", 9.0, 900), ("UTGST", 9.0, 900)]


def test_half_of_an_odd_rate_is_exact() -> None:
    made = quote("india", seller(points=25), BuyerFacts(), Money(10**9, "INR"))
    assert [tax.rate_percent for tax in made.taxes] == [0.125, 0.125]


@pytest.mark.parametrize(
    "seller_facts", [seller(None), seller(points=0), seller("27AAPFU0939F1ZX"), seller("x")]
)
def test_who_has_no_tax_number_charges_no_tax(seller_facts: SellerFacts) -> None:
    made = quote("india", seller_facts, BuyerFacts(tax_id=MUMBAI), Money(4_900, "INR"))
    assert (made.net, made.taxes, made.total) == (4_900, (), 4_900)


def test_a_quote_is_read_back_as_it_was_kept() -> None:
    made = quote("india", seller(), BuyerFacts(tax_id=gstin("29")), Money(4_900, "INR"))
    assert Quote.from_json(made.as_json()) == made
    none = quote("none", seller(), BuyerFacts(), Money(4_900, "INR"))
    assert Quote.from_json(none.as_json()) == none


@pytest.mark.parametrize("text", [MUMBAI, " 27aapfu0939f1zv ", "27 AAPFU 0939F 1ZV", gstin("38")])
def test_a_gstin_is_written_in_one_way(text: str) -> None:
    assert checked_tax_id("IN", text) == text.upper().replace(" ", "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("27AAPFU0939F1Z", "this has 14"),
        ("27AAPFU0939F1ZX", "last character"),
        ("38AAPFU0939F1ZV", "last character"),
        ("27AAPFU093XF1ZV", "two digits of the state"),
        ("99AAPFU0939F1ZV", "two digits of the state"),
        ("38AAPFU093XF1ZV", "two digits of the state"),
        ("२७AAPFU0939F1ZV", "two digits of the state"),
        ("27AAPXU0939F1ZV", "two digits of the state"),
        ("", "this has 0"),
        ("A" * 4_000, "this has 4000"),
    ],
)
def test_what_is_no_gstin_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        checked_tax_id("IN", text)


def test_numbers_of_other_countries_are_checked_by_their_pack_or_not_at_all() -> None:
    assert checked_tax_id("DE", "de 136,695 976") == "DE136695976"
    with pytest.raises(ValueError, match="VAT number"):
        checked_tax_id("DE", "DE136695977")
    assert checked_tax_id("AE", "whatever 1") == "whatever 1"
    assert checked_tax_id(None, "whatever 1") == "whatever 1"


def test_vat_is_paid_at_home_and_not_by_companies_of_other_countries() -> None:
    price = Money(11_900, "EUR")
    german = SellerFacts("DE136695976", 1_900, "")
    at_home = quote("vat", german, BuyerFacts(), price)
    assert (at_home.net, taxes(at_home)) == (10_000, [("VAT", 19.0, 1_900)])
    company = quote("vat", german, BuyerFacts(tax_id="EL094259216"), price)
    assert (company.net, company.taxes, company.pack) == (11_900, (), "vat")


@pytest.mark.parametrize(
    ("at", "india", "vat"),
    [
        ("2027-03-31T18:29:59Z", "26-27", "2027"),
        ("2027-03-31T18:30:00Z", "27-28", "2027"),
        ("2026-12-31T23:59:59Z", "26-27", "2026"),
        ("2099-12-31T23:59:59Z", "99-00", "2099"),
        ("2000-01-01T00:00:00Z", "99-00", "2000"),
    ],
)
def test_the_tax_year_begins_by_the_country_s_clock(at: str, india: str, vat: str) -> None:
    instant = dt.datetime.fromisoformat(at)
    years = {name: get_pack(name).year_of(instant) for name in pack.names()}
    assert years == {"india": india, "none": india, "vat": vat}


def test_another_country_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flatland.py").write_text(
        textwrap.dedent("""
            from decimal import Decimal
            from app.taxes.quote import Levy, TaxRate

            class Flat:
                countries = frozenset({"FL"})
                zone = None
                def checked_tax_id(self, text):
                    return text.strip("-")
                def levy(self, seller, buyer):
                    return Levy((TaxRate("Flat", Decimal(10)),))
                def year_of(self, at):
                    return str(at.year)

            PACK = Flat()
        """)
    )
    monkeypatch.setattr(packs, "__path__", [*packs.__path__, str(tmp_path)])
    pack.names.cache_clear()
    try:
        assert pack.names() == ("flatland", "india", "none", "vat")
        assert taxes(quote("flatland", seller("x"), BuyerFacts(), Money(110, "EUR"))) == [
            ("Flat", 10.0, 10)
        ]
        assert checked_tax_id("FL", "-7-") == "7"
    finally:
        monkeypatch.undo()
        pack.names.cache_clear()
        get_pack.cache_clear()
    with pytest.raises(KeyError):
        get_pack("flatland")
