"""Names and texts in the SEPA character set; references are judged, never changed."""

import string

import pytest

from payments.connectors.bank.sepa.charset import is_reference, sepa_text

ALLOWED = set(string.ascii_letters + string.digits + "/-?:().,'+ ")  # EPC basic Latin set


@pytest.mark.parametrize(
    ("raw", "carried"),
    [
        ("Jörg Müller-Lüdenscheidt", "Joerg Mueller-Luedenscheidt"),
        ("Straße 5", "Strasse 5"),
        ("Łódź Żółć", "Lodz Zolc"),
        ("Søren Ågård", "Soeren Aagaard"),
        ("Κύπρος", "Kupros"),
        ("Привет", "Privet"),
        ("A & B", "A + B"),
        ('"quoted"; <tag> [x]_y', "'quoted', (tag) (x)-y"),
        ("  many \t\n spaces  ", "many spaces"),
        ("zero\u200bwidth\u202e", "zerowidth"),
        ("☃", ""),
        ("price 5 € @ 3%", "price 5 EUR 3"),
        ("O\u0308sterreich", "Oesterreich"),  # a decomposed umlaut is the same letter
    ],
)
def test_texts_are_carried_over(raw: str, carried: str) -> None:
    assert sepa_text(raw, limit=140) == carried
    assert set(carried) <= ALLOWED


def test_texts_are_cut_at_the_limit_without_a_trailing_blank() -> None:
    assert sepa_text("abc def", limit=4) == "abc"
    assert len(sepa_text("ß" * 100, limit=70)) == 70


@pytest.mark.parametrize("good", ["A", "WD-1", "wd 1", "A" * 35, "(x)?:.,'+/y"])
def test_references(good: str) -> None:
    assert is_reference(good)


@pytest.mark.parametrize("bad", ["", " ", "A" * 36, "/A", "A/", "A//B", " A", "A ", "Ä", "A_B", "A\n", "A&B", "１"])
def test_what_is_no_reference(bad: str) -> None:
    assert not is_reference(bad)
