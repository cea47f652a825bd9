import pytest

from registry.http.negotiation import accepts_gzip, best_match, quality

JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html"
PIP = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PIP, JSON),
        (f"{JSON};q=0.2,text/html", HTML),
        ("*/*", HTML),
        ("", HTML),
        (None, HTML),
        (f"{JSON},*/*;q=0.1", JSON),
        ("text/*", HTML),
        (f"text/html;q=0, {JSON}", JSON),
        ("image/png", None),
        ("text/html;q=0", None),
    ],
)
def test_the_offer_with_the_highest_weight_wins_and_the_first_of_equals(
    accept: str | None, expected: str | None
) -> None:
    assert best_match(accept, (HTML, JSON)) == expected


def test_the_most_specific_range_decides() -> None:
    assert quality("text/*;q=0.5, text/html;q=0.1, */*;q=0.9", "text/html") == 0.1


@pytest.mark.parametrize(
    ("header", "expected"), [("gzip, br", True), ("gzip;q=0", False), ("*", True), ("br", False), (None, False)]
)
def test_gzip_is_sent_only_to_those_who_take_it(header: str | None, expected: bool) -> None:
    assert accepts_gzip(header) is expected
