"""Rules for what a model says of a process: specification limits, subgroups, failures."""

from __future__ import annotations

from gemba.errors import InputError, UnusableValuesError
from gemba.semantics.expression import Column, parse_expression
from gemba.semantics.model import Failures, Limits, Metric, SemanticModel
from gemba.semantics.problems import Problem, suggestion


def is_measurement(metric: Metric) -> bool:
    """Whether single rows hold values of the metric: the mean of one column."""
    if metric.mean is None:
        return False
    try:
        return isinstance(parse_expression(metric.mean), Column)
    except InputError:  # reported where the column is read
        return True


def process_problems(
    model: SemanticModel,
    metric: Metric,
    path: tuple[str, str],
    *,
    spared: frozenset[tuple[str, str]] = frozenset(),
) -> list[Problem]:
    """What is wrong with `limits`, `subgroup` and `failures` of a metric. `spared` as in `gemba.semantics.rules`."""
    found: list[Problem] = []
    for key, given in (("limits", metric.limits), ("subgroup", metric.subgroup)):
        if given is not None and not is_measurement(metric):
            mend = "Make a metric that is the mean of the measured column, and put it there."
            found.append(Problem((*path, key), f"{key} is for single measurements, and this is a {metric.kind}", mend))
    if metric.limits is not None:
        found += _limits(metric.limits, (*path, "limits"))
    if metric.subgroup is not None:
        found += _known(model, "dimensions", metric.subgroup, (*path, "subgroup"), spared)
    if metric.failures is not None:
        found += _failures(model, metric, metric.failures, (*path, "failures"), spared)
    return found


def _limits(limits: Limits, path: tuple[str, ...]) -> list[Problem]:
    from gemba.statistics.capability import Specification

    try:
        Specification(limits.lower, limits.upper, limits.target)
    except UnusableValuesError as error:
        return [Problem(path, str(error), "Give lower, upper or both, lower below upper, target between them.")]
    return []


def _failures(
    model: SemanticModel,
    metric: Metric,
    failures: Failures,
    path: tuple[str, ...],
    spared: frozenset[tuple[str, str]],
) -> list[Problem]:
    found: list[Problem] = []
    if metric.kind != "count":
        found.append(Problem(path, f"failures are counted, and this is a {metric.kind}", "Put it on a count."))
    found += _known(model, "dimensions", failures.of, (*path, "of"), spared)
    for key, name, kind in (("running", failures.running, "sum"), ("repair", failures.repair, "mean")):
        if name is None:
            continue
        found += _known(model, "metrics", name, (*path, key), spared)
        other = model.metrics.get(name)
        if other is not None and other.kind != kind:
            found.append(Problem((*path, key), f"{name!r} is a {other.kind}", f"Name a metric that is a {kind}."))
        elif other is not None and key == "repair" and other.source != metric.source:
            mend = f"Name a metric of source {metric.source}."
            found.append(Problem((*path, key), f"{name!r} reads another source than the failures", mend))
    return found


def _known(
    model: SemanticModel, section: str, name: str, path: tuple[str, ...], spared: frozenset[tuple[str, str]]
) -> list[Problem]:
    names = (*getattr(model, section), *(one for kind, one in spared if kind == section and one))
    if name in names:
        return []
    what = section.removesuffix("s")
    return [Problem(path, f"{what} {name!r} is not in the model", suggestion(name, names, what=section))]
