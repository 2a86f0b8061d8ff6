"""What companies in India are called is taken; the words of frauds are not."""

import pytest
from pydantic import TypeAdapter, ValidationError

from app.jobs.company_names import CompanyName

NAME: TypeAdapter[str] = TypeAdapter(CompanyName)

COMPANIES = """
Cafe Leopold
Sharma & Sons
M/s. Gupta Traders
S. K. Rao & Co.
Agarwal Sweets
24x7 Security Services
Hotel 1947
7 Eleven
99 Pancakes
Box8
D-Mart
Insta-Mart
Pyramid Hotels
Multi Level Parking Services
Gift Card Corner
Lucky Draw Events
Ladies Wear Point
Men's Salon
Jain Sweets
Brahmin's Coffee Bar
Punjabi Dhaba
Ek Do Teen Catering
Nau Ratan Jewellers
Dial4242 Ambulance
Shop No. 12 Kirana
Data Entry Solutions
Deposit Collection Services
Easy Money Exchange
K.Dev & Sons
Facebook Marketing Agency
Dot Com Cafe
Red Dot Media
Live Wire Events
AT&T India
Site Link Infra Pvt. Ltd.
Six Sigma Consultants
Triple Five Soul
Rs 99 Store
आगरा मिष्ठान भंडार
शर्मा एंड संस
Cafe 1764131313
Depot 98765 43210
sharmacaterers.com
=HYPERLINK("http://x")
@SUM(A1)
एक दो तीन रेस्टोरेंट
நம்ம சமையல்
Café Noir
""".strip().splitlines()


@pytest.mark.parametrize("name", COMPANIES)
def test_an_ordinary_company_may_be_called_what_it_is(name: str) -> None:
    assert NAME.validate_python(name) == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Earn Rs 5000 daily from home", "promises easy money"),
        ("Network Marketing India", "promises easy money"),
        ("Registration fee 500 only", "pay a fee"),
    ],
)
def test_a_fraud_is_no_name_and_the_error_says_what_it_looks_like(name: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        NAME.validate_python(name)
