"""Invoices as PDF: what they say, the same bytes each time, and nothing that a name could smuggle in."""

import datetime as dt
import hashlib
import io
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from app.invoices.pdf import _amount, _Paper, pdf_of
from tests.infra.run import ROOT
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import lead
from tests.support.sellers import BENGALURU, MUMBAI, charge_tax

HINDI = "श्री कृष्ण मिष्ठान्न भंडार"


def said(**changes: Any) -> dict[str, Any]:
    """What an invoice over two leads says."""
    igst = {"name": "IGST", "rate_percent": 18.0, "amount": 747}
    lines = [
        {
            "payment_id": "01936d5e-7c00-7000-8000-000000000000",
            "description": f"Contact of one worker: {title}",
            "service_code": "998519",
            "net": 4_153,
            "taxes": [igst],
            "total": 4_900,
        }
        for title in ("Waiter", "Cook")
    ]
    return {
        "version": 1,
        "kind": "invoice",
        "number": "I/26-27/0000001",
        "issued_at": "2026-11-30T20:30:00+00:00",
        "seller": {"name": "Partimer Services", "address": "14 Hill Road", "tax_id": MUMBAI},
        "buyer": {"name": "Cafe Leopold", "city": "Bengaluru", "tax_id": BENGALURU},
        "place_of_supply": {"code": "29", "name": "Karnataka"},
        "reverse_charge": False,
        "pack": "india",
        "currency": "INR",
        "lines": lines,
        "net": 8_306,
        "taxes": [igst | {"amount": 1_494}],
        "total": 9_800,
        "about": None,
    } | changes


def read(pdf: bytes) -> str:
    """All the text of a PDF, page by page, in lines; without spaces, which stand where letters are moved, too."""
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    # A shape that is no letter by itself, such as a lengthened vowel sign, is read as a control character.
    return "".join(c for c in text if c == "\n" or (c.isprintable() and c != " "))


def close(text: str) -> str:
    """A text as `read` gives it."""
    return text.replace(" ", "")


def test_an_invoice_says_what_the_law_asks_for() -> None:
    text = read(pdf_of(said(), "1 MG Road"))
    lines = [
        "Tax invoice",
        "Number: I/26-27/0000001",
        "Date: 01-12-2026",
        "Seller",
        "Partimer Services",
        "14 Hill Road",
        f"Tax number (GSTIN): {MUMBAI}",
        "Buyer",
        "Cafe Leopold",
        "1 MG Road",
        "Bengaluru",
        f"Tax number (GSTIN): {BENGALURU}",
        "Place of supply: Karnataka (29)",
        "Reverse charge: no",
        "What Code (SAC) Net Tax Total INR",
        "1 Contact of one worker: Waiter 998519 41.53 7.47 49.00",
        "2 Contact of one worker: Cook 998519 41.53 7.47 49.00",
        "Net 83.06",
        "IGST 18 % 14.94",
        "Total INR 98.00",
        "Made by computer; valid without a signature.",
        "I/26-27/0000001 · page 1",
    ]
    assert text.splitlines() == [close(line) for line in lines]


def test_a_note_names_its_invoice() -> None:
    about = {"number": "I/26-27/0000001", "issued_at": "2026-11-30T20:30:00+00:00"}
    text = read(pdf_of(said(kind="credit_note", number="C/26-27/0000001", about=about), None))
    assert text.startswith("Creditnote\nNumber:C/26-27/0000001\n")
    assert close("For invoice: I/26-27/0000001 of 01-12-2026") in text


def test_a_seller_without_tax_has_no_tax_invoice() -> None:
    seller = {"name": "Asha", "address": None, "tax_id": None}
    text = read(pdf_of(said(pack="none", taxes=[], seller=seller, place_of_supply=None), None))
    assert text.startswith("Invoice\n")
    assert "Placeofsupply" not in text
    assert text.count("Taxnumber") == 1


def test_the_bytes_are_the_same_in_another_process_at_another_time() -> None:
    document = said(buyer={"name": HINDI, "city": "पुणे", "tax_id": None})
    here = hashlib.sha256(pdf_of(document, "१ मार्ग")).hexdigest()
    code = (
        "import hashlib; from app.invoices.pdf import pdf_of; "
        f"print(hashlib.sha256(pdf_of({document!r}, '१ मार्ग')).hexdigest())"
    )
    for seed in ("1", "2"):
        made = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "PYTHONPATH": str(ROOT)},
        )
        assert made.stdout.strip() == here


def test_hindi_is_shaped() -> None:
    text = read(pdf_of(said(buyer={"name": HINDI, "city": None, "tax_id": None}), None))
    assert close(HINDI) in text
    paper = _Paper("x", dt.datetime(2026, 11, 30, tzinfo=dt.UTC))
    apart = sum(paper.get_string_width(letter) for letter in "कष")
    together = paper.get_string_width("क्ष")
    paper.close()
    assert together < apart, "a conjunct is one shape"


ACTIVE = ("/JavaScript", "/JS", "/AA", "/Launch", "/URI", "/Annots", "/EmbeddedFile")

NAMES = {
    "operators": ") Tj ET Q /JS (app.alert(1)) endstream endobj trailer << /OpenAction 1 0 R >> ",
    "html": "<script>alert(1)</script><b>**bold** __u__ [link](javascript:alert(1))",
    "address": "https://example.com/ javascript:alert(1) file:///etc/passwd ",
    "turned": "\u202eredro\u202e \u2066x\u2069 \u200f",
    "hebrew": "חברת שירותי קייטרינג בע״מ ",
    "arabic": "شركة الخدمات ",
    "tamil": "தமிழ் உணவகம் ",
    "chinese": "有限公司 ",
    "emoji": "🍕👨‍👩‍👧‍👦🇮🇳 ",
    "marks": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢ ",
    "long": "W",
    "hindi": f"{HINDI} ",
    "hidden": "a\x00b\u200bc\ufeffd\ud7ffe\ue000f\U000e0041 ",
    "lines": "one\ntwo\r\nthree\u2028four\tfive ",
}


@pytest.mark.parametrize("kind", NAMES)
def test_no_name_breaks_out_of_its_place(kind: str) -> None:
    name = (NAMES[kind] * 4_000)[:4_000]
    lines = [said()["lines"][0] | {"description": name}]
    parties = {
        "seller": {"name": name, "address": name, "tax_id": MUMBAI},
        "buyer": {"name": name, "city": name, "tax_id": name},
    }
    begun = time.process_time()
    pdf = pdf_of(said(lines=lines, **parties), name)
    assert time.process_time() - begun < 5
    reader = PdfReader(io.BytesIO(pdf))
    names = {key for one in objects(reader) for key in one}
    assert names & set(ACTIVE) == set()
    # Where the reader opens it; an action would be a dictionary.
    assert isinstance(reader.root_object["/OpenAction"], ArrayObject)
    text = read(pdf)
    for sure in ("Number: I/26-27/0000001", "IGST 18 % 14.94", "Total INR 98.00"):
        assert close(sure) in text, "what is ours stands where it was"
    assert "\u202e" not in text
    assert reader.metadata is not None
    assert reader.metadata.title == "I/26-27/0000001"


def objects(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Every dictionary of a PDF."""
    seen: set[int] = set()
    waiting: list[Any] = [reader.trailer]
    while waiting:
        one = waiting.pop()
        if isinstance(one, IndirectObject):
            if one.idnum in seen:
                continue
            seen.add(one.idnum)
            one = one.get_object()
        if isinstance(one, DictionaryObject):
            yield one
            waiting += list(one.values())
        elif isinstance(one, ArrayObject):
            waiting += list(one)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (0, "INR", "0.00"),
        (5, "INR", "0.05"),
        (4_900, "INR", "49.00"),
        (123_456_789, "INR", "1,234,567.89"),
        (4_900, "JPY", "4,900"),
        (4_900, "KWD", "4.900"),
        (-5, "INR", "-0.05"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(
    amount: int, currency: str, shown: str
) -> None:
    assert _amount(amount, currency) == shown


def test_the_fonts_are_two_with_their_licence_and_small() -> None:
    fonts = ROOT / "app/invoices/fonts"
    assert sorted(path.name for path in fonts.iterdir()) == [
        "NotoSans-Regular.ttf",
        "NotoSansDevanagari-Regular.ttf",
        "OFL.txt",
    ]
    assert sum(path.stat().st_size for path in fonts.iterdir()) < 800_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (fonts / "OFL.txt").read_text()


def test_an_employer_and_an_administrator_download_the_same_file(sqlite_world: World) -> None:
    world = sqlite_world
    charge_tax(world)
    employer = world.employer()
    ok(employer.put("/api/employers/profile", {"company_name": HINDI, "tax_id": BENGALURU}))
    lead(world, employer).buy()
    [invoice] = ok(employer.get("/api/employers/invoices"))["items"]
    path = f"/invoices/{invoice['id']}.pdf"
    mine = employer.get(f"/api/employers{path}")
    assert mine.headers["content-type"] == "application/pdf"
    assert mine.headers["content-disposition"] == 'attachment; filename="I-26-27-0000001.pdf"'
    text = read(mine.content)
    assert close(HINDI) in text
    assert "TotalINR49.00" in text
    assert world.admin().get(f"/api/admin{path}").content == mine.content
    assert employer.get(f"/api/employers{path}").content == mine.content
    refused(world.employer().get(f"/api/employers{path}"), 404, "invoice_not_found")
