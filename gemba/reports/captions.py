"""What the marks of a chart mean, in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemba.insights.types import Chart

RULES = {
    "W1": "beyond 3 sigma",
    "W2": "2 of 3 beyond 2 sigma, one side",
    "W3": "4 of 5 beyond 1 sigma, one side",
    "W4": "8 in a row on one side",
    "N1": "beyond 3 sigma",
    "N2": "9 in a row on one side",
    "N3": "6 in a row rising or falling",
    "N4": "14 in a row alternating",
    "N5": "2 of 3 beyond 2 sigma, one side",
    "N6": "4 of 5 beyond 1 sigma, one side",
    "N7": "15 in a row within 1 sigma",
    "N8": "8 in a row beyond 1 sigma, both sides",
}
"""Rules of `gemba.statistics.control_rules` in a few words."""


def caption(chart: Chart) -> str:
    """A line below the title; empty where the chart says all."""
    if chart.kind == "control":
        return "; ".join(f"{rule} {RULES[rule]}" for rule in RULES if rule in _rules(chart))
    if chart.kind == "probability":
        censored = sum(bool(one) for one in chart.data.get("censored", ()))
        return f"{chart.scale.capitalize()} scale" + (
            f"; triangles: {censored:,} without a failure" if censored else ""
        )
    if chart.kind == "series" and "low" in chart.data:
        return "dashed: forecast; shaded: its interval" if has_forecast(chart) else "shaded: the expected range"
    return ""


def has_forecast(chart: Chart) -> bool:
    return "forecast" in chart.data.get("part", ())


def rules_of(signal: Any) -> list[str]:
    """The rules that a point breaks: "W1, W4" and the like."""
    return [] if not signal else str(signal).replace(",", " ").replace("+", " ").split()


def _rules(chart: Chart) -> set[str]:
    return {rule for signal in chart.data.get("signal", ()) for rule in rules_of(signal)}
