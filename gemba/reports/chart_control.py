"""The control chart: points with centre line, limits as steps, zones, and the points that break a rule.

Points stand at equal distances in their order, as the rules read them, whatever the times between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gemba.reports import numbers
from gemba.reports.captions import rules_of
from gemba.reports.chart_labels import LETTER, LINE, Label, apart, cut, placed
from gemba.reports.chart_plane import Plane, domain, named_ticks, sparse
from gemba.reports.chart_style import (
    AMBER,
    BLUE,
    DIM,
    GAPS,
    GREY,
    INK,
    RED,
    SHADE,
    Drawing,
    Rows,
    layer,
    layered,
    mark_color,
)
from gemba.reports.thinning import thinned
from gemba.reports.times import stamps

if TYPE_CHECKING:
    from gemba.insights.types import Chart

DOTS = 300
"""Points up to which each is drawn as a dot; more are a line, with dots where rules are broken."""
MOST_WORDS = 18
"""Rules that are named beside their points; of more, each only where it is broken first."""
LINES = ("lower", "centre", "upper")


def control(chart: Chart, width: int, height: int) -> Drawing:
    values: list[float | None] = chart.data["value"]
    plane = _plane(chart, width, height)
    signals = signalled(chart)
    kept = thinned(values, most=width, keep=signals if len(signals) <= DOTS else ())
    many = len(values) > DOTS
    dots = [at for at in kept if values[at] is not None and (not many or _alone(values, at))]
    broken = thinned([values[at] for at in signals], most=DOTS // 2)
    x, y = _axis(chart, plane), plane.down_of("value", title=chart.unit)
    layers = [
        *_zones(chart, plane),
        *_limits(chart, plane),
        *_phases(chart, plane),
        layer("line", _at(values, kept), style={"color": GREY, "strokeWidth": 1.2, "invalid": GAPS}, x=x, y=y),
        layer("circle", _at(values, dots), style={"size": 24, "opacity": 1, "color": INK}, x=x, y=y),
        layer(
            "square",
            _at(values, [signals[at] for at in broken]),
            style={"size": 8 if len(signals) > DOTS else 42, "opacity": 1, "color": RED},
            x=x,
            y=y,
        ),
        _rule_words(chart, plane, signals),
        _line_words(chart, plane),
    ]
    return layered(layers, width=width, height=height)


def signalled(chart: Chart) -> list[int]:
    """Positions of points that break a rule."""
    values = chart.data["value"]
    return [at for at, one in enumerate(chart.data.get("signal", ())) if one and values[at] is not None]


def names(chart: Chart) -> list[str]:
    """What the points are called: labels, or their times."""
    return [str(one) for one in chart.data["label"]] if "label" in chart.data else stamps(chart.data["time"])


def phase_starts(chart: Chart) -> list[int]:
    """Positions where the phase differs from that before."""
    phases = chart.data.get("phase", [])
    return [at for at in range(1, len(phases)) if phases[at] != phases[at - 1]]


def fresh_rules(chart: Chart, at: int) -> list[str]:
    """Rules that this point breaks and that before did not: a run is named where it begins."""
    signals = chart.data["signal"]
    before = rules_of(signals[at - 1]) if at else []
    return [rule for rule in rules_of(signals[at]) if rule not in before]


def line_words(chart: Chart) -> list[tuple[str, float, str]]:
    """Name, value and words of the lines at the right edge: the newest limits, centre and marks, upper ones first."""
    found: list[tuple[str, float]] = []
    for name, column in (("UCL", "upper"), ("CL", "centre"), ("LCL", "lower")):
        known = [one for one in chart.data[column] if one is not None]
        found += [(name, known[-1])] if known else []
    found += [(cut(name, 12), value) for name, value in chart.marks.items()]
    said = numbers.told_apart([value for _, value in found])
    words = [(name, value, f"{name} = {text}") for (name, value), text in zip(found, said, strict=True)]
    return sorted(words, key=lambda one: -one[1])


def _plane(chart: Chart, width: int, height: int) -> Plane:
    n = len(chart.data["value"])
    shown = [one for column in ("value", *LINES) for one in chart.data[column]]
    room = 0.12 if signalled(chart) else 0.06
    return Plane((-0.5, max(n, 1) - 0.5), domain([*shown, *chart.marks.values()], room=room), width, height)


def _axis(chart: Chart, plane: Plane) -> Drawing:
    ticks = sparse(names(chart), width=plane.width)
    return plane.across_of("at", axis=named_ticks([at for at, _ in ticks], [name for _, name in ticks]))


def _at(values: list[float | None], kept: list[int]) -> Rows:
    return [{"at": at, "value": values[at]} for at in kept]


def _steps(chart: Chart) -> Rows:
    """The lines where they change, each from the middle between two points, and once more at the end."""
    table = list(zip(*(chart.data[name] for name in LINES), strict=True))
    found: Rows = []
    for at, row in enumerate(table):
        if at == 0 or row != table[at - 1]:
            found.append({"at": at - 0.5, **dict(zip(LINES, row, strict=True))})
    if found:
        found.append({**found[-1], "at": len(table) - 0.5})
    return found


def _zones(chart: Chart, plane: Plane) -> list[Drawing]:
    """Zone A (2 to 3 sigma) and B (1 to 2), faint. A limit kept at what is possible cuts its zones."""
    places = ("a1", "a2", "a3", "b1", "b2", "b3")
    zoned: Rows = []
    for row in _steps(chart):
        lower, centre, upper = (row[name] for name in LINES)
        if lower is None or centre is None or upper is None:
            zoned.append({"at": row["at"], **dict.fromkeys(places)})
            continue
        sigma = max(upper - centre, centre - lower) / 3.0
        above = [min(centre + k * sigma, upper) for k in (1, 2, 3)]
        below = [max(centre - k * sigma, lower) for k in (1, 2, 3)]
        zoned.append({"at": row["at"], **dict(zip(places, (*above, *below), strict=True))})
    x = _axis(chart, plane)
    return [
        layer(
            "area",
            zoned,
            style={"color": shade, "opacity": 0.09, "interpolate": "step-after", "invalid": GAPS},
            x=x,
            y=plane.down_of(first, title=chart.unit),
            y2=second,
        )
        for first, second, shade in (("a1", "a2", AMBER), ("a2", "a3", RED), ("b1", "b2", AMBER), ("b2", "b3", RED))
    ]


def _limits(chart: Chart, plane: Plane) -> list[Drawing]:
    steps, x = _steps(chart), _axis(chart, plane)
    limit = {"color": RED, "strokeDash": [6, 3]}
    layers = [
        layer(
            "line",
            steps,
            style={
                **(limit if name != "centre" else {"color": BLUE}),
                "strokeWidth": 1.3,
                "interpolate": "step-after",
                "invalid": GAPS,
            },
            x=x,
            y=plane.down_of(name, title=chart.unit),
        )
        for name in LINES
    ]
    y = plane.down_of("value", title=chart.unit)
    for name, value in chart.marks.items():
        layers.append(layer("rule", [{"value": value}], style={"color": mark_color(name), "strokeDash": [2, 2]}, y=y))
    return layers


def _phases(chart: Chart, plane: Plane) -> list[Drawing]:
    """A line where a phase begins, the phases' names on both sides of it, above the plot."""
    x, y = _axis(chart, plane), plane.down_of("y", title=chart.unit)
    phases, layers = chart.data.get("phase", []), []
    for start in phase_starts(chart):
        middle = start - 0.5
        layers.append(layer("rule", [{"at": middle}], style={"color": INK, "strokeDash": [2, 3]}, x=x))
        for align, shift, phase in (("right", -5, phases[start - 1]), ("left", 5, phases[start])):
            words = f"phase {cut(phase, 12)}"
            room = plane.across(middle) if align == "right" else plane.width - plane.across(middle)
            if phase is not None and room > len(words) * LETTER + 5:
                place = [{"at": middle, "y": plane.y_at(-4.0), "words": words}]
                style = {"align": align, "dx": shift, "baseline": "bottom", "color": DIM, "fontSize": 11}
                layers.append(layer("text", place, style=style, x=x, y=y, text="words"))
    return layers


def _rule_words(chart: Chart, plane: Plane, signals: list[int]) -> Drawing:
    """The rules beside the points that break them; of very many points, each rule once."""
    values, centres = chart.data["value"], chart.data["centre"]
    named = [(at, fresh) for at in signals if (fresh := fresh_rules(chart, at))]
    if len(named) > MOST_WORDS:
        first: dict[str, int] = {}
        for at, fresh in named:
            for rule in fresh:
                first.setdefault(rule, at)
        named = [(at, [rule for rule in fresh if first[rule] == at]) for at, fresh in named]
    wanted = [
        Label(
            plane.across(at),
            plane.down(values[at]),
            cut("+".join(fresh), 14),
            above=centres[at] is None or values[at] >= centres[at],
        )
        for at, fresh in named
        if fresh
    ]
    near = _at(values, [at for at, value in enumerate(values) if value is not None]) if len(values) <= DOTS else []
    dots = [(plane.across(row["at"]), plane.down(row["value"])) for row in near]
    words = [
        {"at": plane.x_at(one.x), "y": plane.y_at(one.y), "words": one.text}
        for one in placed(wanted, width=plane.width, height=plane.height, dots=dots)
    ]
    style = {"color": RED, "fontSize": 10, "fontWeight": "bold", "baseline": "middle"}
    y = plane.down_of("y", title=chart.unit)
    return layer("text", words, style=style, x=_axis(chart, plane), y=y, text="words")


def _line_words(chart: Chart, plane: Plane) -> Drawing:
    lines = line_words(chart)
    downs = apart([plane.down(value) for _, value, _ in lines], least=LINE)
    words: list[dict[str, Any]] = [
        {"at": plane.x[1], "y": plane.y_at(down), "words": text, "shade": BLUE if name == "CL" else mark_color(name)}
        for (name, _, text), down in zip(lines, downs, strict=True)
    ]
    style = {"align": "left", "dx": 6, "baseline": "middle", "fontSize": 11}
    x, y = _axis(chart, plane), plane.down_of("y", title=chart.unit)
    return layer("text", words, style=style, x=x, y=y, text="words", color=SHADE)


def _alone(values: list[float | None], at: int) -> bool:
    """Whether a value has no neighbours: a line would not show it."""
    before, after = values[at - 1] if at else None, values[at + 1] if at + 1 < len(values) else None
    return before is None and after is None
