"""Each rule finds its pattern, says which points make it, and errs as often as stated."""

from __future__ import annotations

import numpy as np
import pytest

from gemba.errors import UnusableValuesError
from gemba.statistics.control_rules import MEANING, NELSON, WESTERN_ELECTRIC, Rule, Signal, false_alarm_rate, signals

PATTERNS: dict[Rule, tuple[list[float], int, tuple[int, ...]]] = {
    "W1": ([0.5, -3.1, 0.2], 1, (1,)),
    "W2": ([0.5, 2.1, 0.1, 2.2, -0.3], 3, (1, 3)),
    "W3": ([1.1, 0.5, 1.2, 1.3, 1.4, -0.2], 4, (0, 2, 3, 4)),
    "W4": ([-0.1, *[0.1] * 8], 8, tuple(range(1, 9))),
    "N1": ([0.5, 3.1, 0.2], 1, (1,)),
    "N2": ([0.1, *[-0.1] * 9], 9, tuple(range(1, 10))),
    "N3": ([0.9, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5, 0.4], 6, tuple(range(1, 7))),
    "N4": ([*[-0.5, 0.5] * 7], 13, tuple(range(14))),
    "N5": ([0.5, -2.1, -2.2, 0.1], 2, (1, 2)),
    "N6": ([-1.1, -1.5, 1.2, -1.3, -1.4], 4, (0, 1, 3, 4)),
    "N7": ([1.5, *[0.5, -0.5, 0.2] * 5], 15, tuple(range(1, 16))),
    "N8": ([0.5, *[1.5, -1.5] * 4], 8, tuple(range(1, 9))),
}


@pytest.mark.parametrize("rule", WESTERN_ELECTRIC + NELSON)
def test_a_rule_names_the_point_that_completes_its_pattern(rule: Rule) -> None:
    z, end, points = PATTERNS[rule]
    assert signals(np.array(z), [rule]) == (Signal(rule, end, points),)
    assert MEANING[rule]


@pytest.mark.parametrize("rule", [rule for rule in WESTERN_ELECTRIC + NELSON if rule not in ("W1", "N1")])
def test_a_gap_breaks_a_run(rule: Rule) -> None:
    z, end, _ = PATTERNS[rule]
    broken = np.array(z)
    broken[end] = np.nan
    assert signals(broken, [rule]) == ()


@pytest.mark.parametrize("rule", WESTERN_ELECTRIC + NELSON)
def test_false_alarms_are_as_rare_as_stated(rule: Rule) -> None:
    z = np.random.default_rng(11).normal(size=120_000)
    rate = false_alarm_rate(rule)
    seen = len(signals(z, [rule])) / z.size
    assert seen == pytest.approx(rate, abs=12 * (rate / z.size) ** 0.5)  # patterns overlap: wider than Poisson


def test_only_the_rules_that_are_on_speak() -> None:
    z = np.array([0.1] * 9 + [3.5])
    assert {signal.rule for signal in signals(z)} == {"W1", "W4"}
    assert {signal.rule for signal in signals(z, NELSON)} == {"N1", "N2", "N7"} - {"N7"}
    assert signals(z, []) == ()


def test_a_run_that_goes_on_is_reported_at_each_further_point() -> None:
    assert [signal.end for signal in signals(np.full(11, 0.5), ["N2"])] == [8, 9, 10]


def test_points_on_the_centre_line_are_on_no_side() -> None:
    assert signals(np.array([0.1] * 4 + [0.0] + [0.1] * 4), ["W4"]) == ()


def test_unknown_rules_and_infinities_are_refused() -> None:
    with pytest.raises(UnusableValuesError, match="N9"):
        signals(np.zeros(5), ["N9"])  # type: ignore[list-item]
    with pytest.raises(UnusableValuesError, match="infinite"):
        signals(np.array([np.inf]))
    assert signals(np.zeros(0), NELSON) == ()
