from __future__ import annotations

from assets.reading import LARGEST_PICTURE, MOST_PICTURES, claims_list, picture, pictures
from tests.reports.charts import NASTY, control, histogram, series
from tests.reports.insights import CLAIMS


def test_the_first_charts_are_entries_of_their_own() -> None:
    shown = pictures((control([50.0, 51.0]), histogram([1, 2]), series(9), series(8)))
    assert list(shown) == ["chart", "chart 2", "chart 3"]
    assert len(shown) == MOST_PICTURES
    assert str(shown["chart 2"].value).startswith("![Diameter](data:image/")


def test_no_picture_is_too_large_for_the_event_log() -> None:
    for chart in NASTY.values():
        image = picture(chart)
        assert image is not None
        assert len(str(image.value)) < LARGEST_PICTURE + 400


def test_claims_are_a_list_with_their_proof() -> None:
    text = str(claims_list(CLAIMS).value)
    assert text.count("1. ") == len(CLAIMS), "Markdown counts by itself"
    assert (
        "*effect +5.73 pp; 95 % interval 5 to 6.4 pp; p <0.0001; q <0.0001; n 12,345; confidence 95%; by segments*"
        in text
    )
    assert "<script" not in text
