"""Rules of the format that a type cannot say: names that must exist, kinds that exclude each other, colliding words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from gemba.errors import InputError
from gemba.questions.types import Predicate
from gemba.semantics.connection import connection_problem
from gemba.semantics.durations import parse_life
from gemba.semantics.expression import Column, parse_expression
from gemba.semantics.model import Metric, SemanticModel, Source
from gemba.semantics.problems import Problem, suggestion
from gemba.semantics.process import process_problems

KINDS = ("sum", "count", "count_distinct", "mean", "min", "max", "quantile", "ratio", "product")
RESERVED_DIMENSIONS = ("bucket", "value", "n", "rows", "duplicates")
_NAME = re.compile(r"[^\W\d]\w*")


def problems(model: SemanticModel, *, spared: frozenset[tuple[str, str]] = frozenset()) -> tuple[Problem, ...]:
    """Every broken rule.

    Args:
        spared: Entries, as ("metrics", "scrap"), that were left out of `model` because they cannot be read at all:
            naming them is no mistake.
    """
    return (
        *_names(model, spared),
        *_timezone(model.timezone, ("timezone",)),
        *_country(model.country),
        *_sources(model, spared),
        *_dimensions(model, spared),
        *_metrics(model, spared),
        *_metric_cycles(model),
        *_collisions(model),
    )


def _known(model: SemanticModel, section: str, spared: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    return (*getattr(model, section), *(name for kind, name in spared if kind == section and name))


def _unknown(path: tuple[str | int, ...], name: str, known: Iterable[str], what: str) -> list[Problem]:
    names = tuple(known)
    if name in names:
        return []
    return [Problem(path, f"{what} {name!r} is not in the model", suggestion(name, names, what=f"{what}s"))]


def _names(model: SemanticModel, spared: frozenset[tuple[str, str]]) -> list[Problem]:
    found: list[Problem] = []
    for section in ("sources", "dimensions", "metrics"):
        for name in getattr(model, section):
            if not _NAME.fullmatch(name):
                mend = "Use letters, digits and _, beginning with a letter; put other spellings in synonyms."
                found.append(Problem((section, name), f"{name!r} cannot be a name", mend))
    for name in RESERVED_DIMENSIONS:
        if name in model.dimensions:
            mend = f"Choose another, for example {name}_name, and keep {name!r} in synonyms."
            found.append(Problem(("dimensions", name), f"the name {name!r} is used by Gemba itself", mend))
    told = {section for section, _ in spared}
    if not model.sources and "sources" not in told:
        found.append(Problem(("sources",), "the model has no source", "Add one: gemba model infer drafts it."))
    if not model.metrics and "metrics" not in told:
        found.append(
            Problem(("metrics",), "the model has no metric", "Add one, for example orders: {source: …, count: rows}.")
        )
    return found


def _timezone(name: str, path: tuple[str | int, ...]) -> list[Problem]:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zones = available_timezones()
        tail = [zone for zone in zones if zone.rsplit("/", 1)[-1].lower() == name.rsplit("/", 1)[-1].lower()]
        mend = f"Did you mean {sorted(tail)[0]!r}?" if tail else suggestion(name, sorted(zones), what="time zones")
        return [Problem(path, f"{name!r} is no time zone", mend)]
    return []


def _country(code: str | None) -> list[Problem]:
    """Two capitals. Whether its holidays are known is asked by `check_model`: the list of countries takes 0.1 s."""
    if code is None or re.fullmatch(r"[A-Z]{2}", code):
        return []
    mend = "Write its two capital letters by ISO 3166-1, for example DE or KR."
    return [Problem(("country",), f"{code!r} is no country code", mend)]


def _sources(model: SemanticModel, spared: frozenset[tuple[str, str]]) -> list[Problem]:
    found: list[Problem] = []
    known = _known(model, "sources", spared)
    for name, source in model.sources.items():
        path = ("sources", name)
        found += _place(source, path)
        found += _time_settings(source, path)
        if source.timezone is not None:
            found += _timezone(source.timezone, (*path, "timezone"))
        if source.life is not None:
            try:
                parse_life(source.life)
            except InputError as error:
                found.append(Problem((*path, "life"), str(error), error.hint))
        for number, join in enumerate(source.joins):
            found += _unknown((*path, "joins", number, "to"), join.to, known, "source")
    return found


def _place(source: Source, path: tuple[str, str]) -> list[Problem]:
    if source.connection is None and source.files is None:
        return [Problem(path, "it has neither connection nor files", "Add connection and table, or files.")]
    found: list[Problem] = []
    if source.connection is not None and source.files is not None:
        found.append(Problem((*path, "files"), "it has both connection and files", "Keep the one that is read."))
    elif source.connection is not None and source.table is None:
        mend = "Add table: schema.name (or table: name)."
        found.append(Problem((*path, "connection"), "it has a connection but no table", mend))
    elif source.files is not None and source.table is not None:
        found.append(Problem((*path, "table"), "files have no table", "Remove table, or give a connection instead."))
    if source.connection is not None and (reason := connection_problem(source.connection)):
        mend = "Write driver://user:password@host/database, or ${NAME} to take it from the environment."
        found.append(Problem((*path, "connection"), reason, mend))
    return found


def _time_settings(source: Source, path: tuple[str, str]) -> list[Problem]:
    if source.time is not None:
        return []
    settings = [name for name in ("stamps", "time_format", "midnight", "timezone") if name in source.model_fields_set]
    if source.partition != "none":
        settings.append("partition")
    mend = "Add time: the column of the instant a row belongs to; or remove it."
    return [Problem((*path, name), f"{name} is given, but the source has no time", mend) for name in settings]


def _dimensions(model: SemanticModel, spared: frozenset[tuple[str, str]]) -> list[Problem]:
    found: list[Problem] = []
    known = _known(model, "sources", spared)
    for name, dimension in model.dimensions.items():
        path = ("dimensions", name)
        found += _unknown((*path, "source"), dimension.source, known, "source")
        if (dimension.column is None) == (dimension.derived is None):
            both = dimension.column is not None
            what = "it has both column and derived" if both else "it has neither column nor derived"
            found.append(Problem(path, what, "Keep one: column: NAME, or derived: weekday, hour, month, …"))
        source = model.sources.get(dimension.source)
        if dimension.derived is not None and source is not None and source.time is None:
            what = f"{dimension.derived} is derived from the time of {dimension.source!r}, which has none"
            found.append(Problem((*path, "derived"), what, f"Add time to sources.{dimension.source}."))
        owners: dict[str, str] = {}
        for member, words in dimension.members.items():
            for word in dict.fromkeys(_plain(word) for word in (member, *words)):
                if word in owners:
                    what = f"{word!r} means both {owners[word]!r} and {member!r}"
                    found.append(Problem((*path, "members", member), what, "Keep it with one of them."))
                owners[word] = member
    return found


def _metrics(model: SemanticModel, spared: frozenset[tuple[str, str]]) -> list[Problem]:
    found: list[Problem] = []
    for name, metric in model.metrics.items():
        path = ("metrics", name)
        kinds = [kind for kind in KINDS if getattr(metric, kind) is not None]
        if not kinds:
            found.append(Problem(path, "it says nothing to compute", f"Add one of {', '.join(KINDS)}."))
        elif len(kinds) > 1:
            found.append(Problem((*path, kinds[1]), f"it has {' and '.join(kinds)}", "Keep one; make two metrics."))
        if {"ratio", "product"} & set(kinds):
            found += _computed(model, metric, path, spared)
        else:
            if metric.source is None:
                mend = f"Add source: one of {', '.join(model.sources)}."
                found.append(Problem(path, "it has no source", mend))
            else:
                found += _unknown((*path, "source"), metric.source, _known(model, "sources", spared), "source")
            found += _columns(metric, path)
        found += _where(model, metric, path, spared)
        if metric.matters is not None and metric.matters <= 0:
            mend = f"Give the smallest change worth a person's time, in {metric.unit or 'the metric unit'}."
            found.append(Problem((*path, "matters"), f"matters is {metric.matters:g}, not above 0", mend))
        if kinds:
            found += process_problems(model, metric, path, spared=spared)
    return found


def _computed(
    model: SemanticModel, metric: Metric, path: tuple[str, str], spared: frozenset[tuple[str, str]]
) -> list[Problem]:
    found: list[Problem] = []
    kind = "ratio" if metric.ratio is not None else "product"
    parts = metric.ratio or metric.product or ()
    if kind == "product" and len(parts) < 2:
        found.append(Problem((*path, kind), "a product needs two metrics or more", "Name its factors."))
    for number, part in enumerate(parts):
        found += _unknown((*path, kind, number), part, _known(model, "metrics", spared), "metric")
    if metric.source is not None:
        mend = "Remove source: the parts have their own."
        found.append(Problem((*path, "source"), f"a {kind} is computed from other metrics", mend))
    return found


def _columns(metric: Metric, path: tuple[str, str]) -> list[Problem]:
    found: list[Problem] = []
    texts = {kind: getattr(metric, kind) for kind in ("sum", "mean", "min", "max", "count", "count_distinct")}
    if metric.quantile is not None:
        texts["quantile"] = metric.quantile.column
    for kind, text in texts.items():
        if text is None:
            continue
        try:
            expression = parse_expression(text)
        except InputError as error:
            found.append(Problem((*path, kind), str(error), error.hint))
            continue
        if kind in ("count", "count_distinct") and not isinstance(expression, Column):
            found.append(Problem((*path, kind), f"{kind} takes one column, not arithmetic", "Name one column."))
    return found


def _where(
    model: SemanticModel, metric: Metric, path: tuple[str, str], spared: frozenset[tuple[str, str]]
) -> list[Problem]:
    found: list[Problem] = []
    if metric.where and (metric.ratio or metric.product):
        found.append(
            Problem((*path, "where"), "where filters rows, and this metric reads none", "Put it on its parts.")
        )
    for number, predicate in enumerate(metric.where):
        here = (*path, "where", number)
        if predicate.dimension is None:
            found.append(Problem(here, "where filters by dimensions, not by metrics", "Write dimension: …"))
            continue
        found += _unknown(here, predicate.dimension, _known(model, "dimensions", spared), "dimension")
        found += _numbers(predicate, here)
    return found


def _numbers(predicate: Predicate, path: tuple[str | int, ...]) -> list[Problem]:
    if predicate.op not in ("gt", "ge", "lt", "le", "between"):
        return []
    wrong = [value for value in predicate.values if isinstance(value, str | bool)]
    return [Problem(path, f"{predicate.op} compares numbers, got {value!r}", "Give a number.") for value in wrong]


def _metric_cycles(model: SemanticModel) -> list[Problem]:
    found: list[Problem] = []
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        metric = model.metrics[name]
        for part in metric.ratio or metric.product or ():
            if part in trail:
                circle = " → ".join((*trail[trail.index(part) :], part))
                kind = "ratio" if metric.ratio else "product"
                mend = "Let one of them read a source."
                found.append(Problem(("metrics", name, kind), f"metrics are computed in a circle: {circle}", mend))
            elif part in model.metrics and part not in done:
                walk(part, (*trail, part))
        done.add(name)

    for name in model.metrics:
        if name not in done:
            walk(name, (name,))
    return found


def _plain(word: str) -> str:
    return " ".join(word.replace("_", " ").lower().split())


def _collisions(model: SemanticModel) -> list[Problem]:
    """A word that means two things. Names are claimed first, so that a synonym is what gets reported."""
    found: list[Problem] = []
    owners: dict[str, tuple[str, str]] = {}

    def claim(word: str, owner: tuple[str, str], path: tuple[str | int, ...], mend: Callable[[str], str]) -> None:
        first = owners.setdefault(_plain(word), owner)
        if first != owner:
            other = f"the {first[0].removesuffix('s')} {first[1]!r}"
            found.append(Problem(path, f"{word!r} also means {other}", mend(other)))

    sections = (("dimensions", model.dimensions), ("metrics", model.metrics))
    for section, entries in sections:
        for name in entries:
            claim(name, (section, name), (section, name), lambda other: f"Rename this one or {other}.")
    for section, entries in sections:
        for name, entry in entries.items():
            for number, word in enumerate(entry.synonyms):
                path = (section, name, "synonyms", number)
                claim(word, (section, name), path, lambda _: "Remove it here, or choose another word.")
    return found
