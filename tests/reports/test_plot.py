from __future__ import annotations

import pytest

from gemba.reports.plot import chart_lines
from gemba.reports.plot_canvas import ticks
from tests.reports.charts import LONG, NASTY, control, histogram, pareto, series, weibull


@pytest.mark.parametrize("width", [40, 67, 100])
@pytest.mark.parametrize("name", NASTY)
def test_whatever_the_data_is_lines_keep_within_the_width(name: str, width: int) -> None:
    lines = chart_lines(NASTY[name], width=width)
    assert max(map(len, lines), default=0) <= width
    assert not any("nan" in line.lower().split() for line in lines)
    assert len(lines) <= 26


def test_points_that_break_a_rule_look_different_and_lie_above_the_limit() -> None:
    lines = chart_lines(control([50.0, 51.0, 55.0, 49.0], signal={2: "W1"}), width=80)
    plot = [line for line in lines if "┤" in line or "│" in line]
    assert [line.count("X") for line in plot].index(1) < next(i for i, line in enumerate(plot) if "UCL = 53.00" in line)
    assert sum(line.count("●") for line in plot) == 3
    assert any("W1" in line for line in plot)
    assert any("X breaks a rule: W1 beyond 3 sigma" in line for line in lines)


def test_limits_carry_their_values_at_the_right_edge_in_their_order() -> None:
    lines = chart_lines(control([50.0, 51.0]), width=80)
    edge = [line.split("= ")[1] for line in lines if "= " in line]
    assert edge == ["53.00", "50.00", "47.00"]
    assert all(line.count("╌") > 40 for line in lines if "UCL" in line or "LCL" in line)


def test_limits_that_coincide_are_still_all_named() -> None:
    text = "\n".join(chart_lines(NASTY["control of equal values"], width=80))
    assert text.index("UCL") < text.index(" CL") < text.index("LCL")


def test_phases_are_divided() -> None:
    lines = chart_lines(control([50.0, 51.0] * 20, split=20), width=80)
    column = next(line.index("┆") for line in lines if "phase I ┆ phase II" in line)
    assert sum(line[column : column + 1] == "┆" for line in lines) > 5


def test_the_band_is_under_the_values_and_what_stands_out_is_named() -> None:
    n = 30
    values = [100.0] * n
    values[10] = 180.0
    chart = series(
        n, expected=[100.0] * n, low=[90.0] * n, high=[110.0] * n, signal=[None] * 10 + ["surge"] + [None] * 19
    )
    chart = chart.model_copy(update={"data": {**chart.data, "value": values}})
    lines = chart_lines(chart, width=80)
    assert sum(line.count("X") for line in lines[2:-1]) == 1
    assert any("surge" in line for line in lines)
    assert sum(line.count("·") for line in lines) > 60
    assert lines[-1] == "● value   · expected range   X stands out"


def test_parts_are_told_below_the_axis() -> None:
    lines = chart_lines(series(40, part=["history"] * 10 + ["baseline"] * 28 + ["window"] * 2), width=60)
    assert any("═ baseline ═" in line and line.endswith("w") for line in lines)
    assert lines[-1] == "w window"


def test_a_pareto_is_divided_where_it_reaches_eighty_per_cent() -> None:
    lines = chart_lines(pareto([60.0, 30.0, 10.0]), width=80)[2:]
    assert [line.split()[-1] for line in lines if "█" in line] == ["%"] * 3
    assert "80 % of the total" in lines[2]
    assert "90 %" in lines[1]
    assert len({len(line) for line in lines}) == 1, "shares stand in one column"


def test_a_pareto_that_needs_all_bars_is_not_divided() -> None:
    assert not any("of the total" in line for line in chart_lines(pareto([1.0]), width=80))


def test_a_histogram_marks_the_bins_of_its_limits_and_what_is_outside() -> None:
    lines = chart_lines(histogram([4, 8, 2], LSL=1.0, target=1.5, USL=9.0), width=80)
    rows = [line for line in lines if " to " in line]
    assert [("▒" in row, "█" in row) for row in rows] == [(True, False), (False, True), (False, True)]
    assert rows[1].endswith("← LSL 1, target 1.5")
    assert any(line == "beyond what was seen: USL 9 mm" for line in lines)


def test_many_bins_are_put_together_without_losing_a_value() -> None:
    lines = chart_lines(histogram([1] * 60), width=80)
    counts = [int(line.split()[3]) for line in lines if " to " in line]
    assert len(counts) <= 14
    assert sum(counts) == 60


def test_a_probability_plot_names_its_scale_its_marks_and_what_did_not_fail() -> None:
    text = "\n".join(chart_lines(weibull(40), width=80))
    assert "Weibull scale" in text
    assert "B10 290 h" in text
    assert "10 without a failure" in text
    assert "63.2 %" in text


def test_a_long_title_is_cut_and_keeps_its_unit() -> None:
    title = chart_lines(control([50.0], title=LONG * 2), width=60)[1]
    assert len(title) in (59, 60)
    assert title.endswith("… [g]")


@pytest.mark.parametrize(
    ("low", "high", "values"), [(0.0, 10.0, [0, 2, 4, 6, 8, 10]), (-1.3, 1.3, [-1, -0.5, 0, 0.5, 1]), (5.0, 5.0, [5.0])]
)
def test_ticks_are_round(low: float, high: float, values: list[float]) -> None:
    assert ticks(low, high, most=6) == pytest.approx(values)
