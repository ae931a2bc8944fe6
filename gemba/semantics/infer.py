"""Draft a semantic model from data: a file, a glob, a folder, or a database.

The draft loads without problems and can be asked at once. It is a guess from names and values: `matters`, time
zone, names and synonyms want a person's eye, and the comments in it say where.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gemba.errors import InputError
from gemba.semantics.columns import ColumnUse, time_of, uses
from gemba.semantics.draft_metrics import draft_metrics
from gemba.semantics.load import dump_model, parse_model
from gemba.semantics.tables import Reference, Table, linked, read_tables
from gemba.semantics.words import singular, subject, words

_GENERIC = frozenset({"name", "label", "title", "description", "id", "code", "type", "status"})


@dataclass(slots=True)
class Draft:
    """A model under construction. `tables` are those that got into it, facts first."""

    tables: dict[str, Table]
    uses: dict[str, dict[str, ColumnUse]]
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    dimensions: dict[str, dict[str, Any]] = field(default_factory=dict)
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def infer_model(sources: Sequence[str], *, name: str) -> str:
    """YAML text of a model of the given files, globs, folders and SQLAlchemy URLs.

    A URL with a password is written as `${NAME_URL}`: the text says which variable to set.

    Raises:
        InputError: Nothing is there, or nothing in it can be asked: no column of instants.
        UnreadableFileError, SourceUnavailableError, AccessDeniedError: It cannot be read.
    """
    if not sources:
        raise InputError("no data was named", hint="Name a CSV or Parquet file, a folder, a glob or a database URL.")
    plain = "_".join(words(name)) or "model"
    tables = _distinct([table for source in sources for table in read_tables(source, name=plain)])
    targets = {reference.table for table in tables for reference in table.references}
    draft = Draft(
        tables={table.name: table for table in tables},
        uses={table.name: uses(table, joined=table.name in targets) for table in tables},
    )
    _draft_sources(draft)
    facts = sorted(
        (name for name, source in draft.sources.items() if "time" in source), key=lambda name: _weight(draft, name)
    )
    if not facts:
        seen = "; ".join(f"{table.name}: {', '.join(table.frame.columns[:8])}" for table in tables[:5])
        hint = f"A source needs a column of dates or instants. Seen: {seen}."
        raise InputError(f"no column of {', '.join(sources)} tells when its rows happened", hint=hint)
    _draft_dimensions(draft, facts)
    draft_metrics(draft, facts)
    _drop_unreached(draft, facts)
    _say_synonyms(draft)
    text = _written(draft, plain)
    parse_model(text, name="the drafted model")  # a draft that does not load is a bug, and better found here
    return text


def _weight(draft: Draft, fact: str) -> tuple[int, int]:
    """Sorts the table that says most first: by its numbers and joins, then by its rows."""
    numbers = sum(use.role in ("measure", "flag") for use in draft.uses[fact].values())
    return -numbers - len(draft.sources[fact].get("joins", ())), -draft.tables[fact].rows


def _distinct(tables: Sequence[Table]) -> tuple[Table, ...]:
    named: dict[str, Table] = {}
    for table in tables:
        name, number = table.name, 2
        while name in named:
            name, number = f"{table.name}_{number}", number + 1
        named[name] = replace(table, name=name)
    return linked(tuple(named.values())) if len(named) > 1 else tuple(named.values())


def _draft_sources(draft: Draft) -> None:
    own = {name: time_of(found) for name, found in draft.uses.items()}
    for name, table in draft.tables.items():
        source: dict[str, Any] = dict(table.place)
        if table.key:
            source["key"] = list(table.key)
        time = own[name]
        if time is not None and time.stamps is not None:
            source["time"] = time.name
            if time.stamps.format is not None and not time.stamps.format.startswith("%Y-%m-%d"):  # ISO needs none
                source["time_format"] = time.stamps.format
            if time.stamps.ends_day:
                source |= {"stamps": "end", "midnight": "ends_day"}
                draft.notes.append(
                    f"{name}.{time.name}: 00:00 follows 23:xx of the same date, so stamps close their interval."
                )
            if time.stamps.unsure:
                draft.notes.append(f"{name}.{time.name}: day and month could be exchanged; check time_format.")
        joins = _joins(draft, table)
        if time is None:
            borrowed = next((join["to"] for join in joins if own.get(join["to"]) is not None), None)
            if borrowed is not None and not _is_referred_to(draft, name):
                instant = own[borrowed]
                assert instant is not None
                source["time"] = f"{borrowed}.{instant.name}"
        if "time" in source:
            source["partition"] = _partition(time)
            source["life"] = "1 h" if "connection" in source else "1 day"
        if joins:
            source["joins"] = joins
        draft.sources[name] = source
    _cut_second_ways(draft)


def _is_referred_to(draft: Draft, name: str) -> bool:
    """Whether other tables name rows of this one. If none does, it holds lines or events: its parent's time fits."""
    return any(reference.table == name for table in draft.tables.values() for reference in table.references)


def _joins(draft: Draft, table: Table) -> list[dict[str, Any]]:
    joins: dict[str, dict[str, Any]] = {}
    for reference in table.references:
        other = draft.tables.get(reference.table)
        if other is not None and other.name not in joins and _covers(reference, other):
            joins[other.name] = {"to": other.name, "by": dict(zip(reference.columns, reference.keys, strict=True))}
    return list(joins.values())


def _covers(reference: Reference, other: Table) -> bool:
    return bool(other.key) and set(other.key) <= set(reference.keys)


def _partition(time: ColumnUse | None) -> str:
    if time is None or time.stamps is None:
        return "month"
    instants = time.stamps.instants.drop_nulls()
    low, high = instants.min(), instants.max()
    days = max((high - low).days, 1)  # type: ignore[operator, union-attr] - instants have a difference
    return "day" if instants.len() / days >= 5 else "month"


def _cut_second_ways(draft: Draft) -> None:
    """Remove joins that would close a circle or make a second way to a source."""
    for name in list(draft.sources):
        reached: set[str] = set()
        pending = [name]
        while pending:
            here = pending.pop(0)
            for join in list(draft.sources[here].get("joins", ())):
                if join["to"] == name or join["to"] in reached:
                    draft.sources[here]["joins"].remove(join)
                    draft.notes.append(
                        f"{here} → {join['to']}: a second way there or a circle; this join was left out."
                    )
                else:
                    reached.add(join["to"])
                    pending.append(join["to"])
    for source in draft.sources.values():
        if source.get("joins") == []:
            del source["joins"]


def reached_from(draft: Draft, source: str) -> list[str]:
    """The sources that joins lead to from one, itself first."""
    found = [source]
    for name in found:
        found += [join["to"] for join in draft.sources[name].get("joins", ()) if join["to"] not in found]
    return found


def _draft_dimensions(draft: Draft, facts: Sequence[str]) -> None:
    ordered = list(dict.fromkeys(name for fact in facts for name in reached_from(draft, fact)))
    for source in ordered:
        is_fact = source in facts
        for column, use in draft.uses[source].items():
            if use.role not in ("dimension", "personal", "flag"):
                continue
            name = _dimension_name(draft, source, column)
            entry: dict[str, Any] = {"source": source, "column": column}
            if use.role == "personal":
                entry["personal"] = True
            if use.role == "flag" and is_fact and draft.tables[source].frame[column].dtype.is_numeric():
                continue  # a metric: the sum of zeros and ones
            draft.dimensions[name] = entry
    done: set[str] = set()
    for fact in facts:
        time = draft.sources[fact]["time"]
        home = time.partition(".")[0] if time.partition(".")[0] in draft.sources else fact
        if home in done:
            continue
        done.add(home)
        own = time_of(draft.uses[home])
        clock = own is not None and own.stamps is not None and own.stamps.has_clock
        for derived in ("weekday", "month", *(("hour",) if clock else ())):
            name = derived if derived not in draft.dimensions else f"{singular(home)}_{derived}"
            if name not in draft.dimensions:
                draft.dimensions[name] = {"source": home, "derived": derived}


def _dimension_name(draft: Draft, source: str, column: str) -> str:
    one = singular(source)
    base = subject(column)
    parts = set(words(column))
    labelled = any({"name", "label"} & set(words(other)) for other in draft.uses[source])
    if base == "id" and not labelled:
        base = one
    elif base in _GENERIC or parts - {"name"} in ({"company"}, {one}, set()):
        base = one if parts & {"name", "label", "company"} or base == one else f"{one}_{base}"
    for name in (base, f"{one}_{base}", f"{source}_{base}"):
        if name not in draft.dimensions and name not in ("bucket", "value", "n", "rows", "duplicates"):
            return name
    return next(f"{base}_{n}" for n in range(2, 1000) if f"{base}_{n}" not in draft.dimensions)


def _drop_unreached(draft: Draft, facts: Sequence[str]) -> None:
    """Sources that no metric reads or reaches say nothing."""
    used = {metric["source"] for metric in draft.metrics.values() if "source" in metric}
    kept = {name for fact in facts if fact in used for name in reached_from(draft, fact)}
    dropped = [name for name in draft.sources if name not in kept]
    draft.sources = {name: source for name, source in draft.sources.items() if name in kept}
    draft.dimensions = {name: entry for name, entry in draft.dimensions.items() if entry["source"] in kept}
    if dropped:
        draft.notes.append(f"left out, since no metric reaches them: {', '.join(dropped)}.")
    for name in draft.sources:
        unused = [f"{use.name} ({use.why})" for use in draft.uses[name].values() if use.why and use.why != "a key"]
        if unused:
            draft.notes.append(f"columns of {name} left out: {', '.join(unused)}.")


def _say_synonyms(draft: Draft) -> None:
    """Keep the synonyms that mean one thing only."""
    taken = {_plain(name) for name in (*draft.dimensions, *draft.metrics)}
    for entry in draft.metrics.values():
        kept: list[str] = []
        for word in entry.pop("synonyms", ()):
            if _plain(word) not in taken:
                taken.add(_plain(word))
                kept.append(word)
        if kept:
            entry["synonyms"] = kept


def _plain(word: str) -> str:
    return " ".join(word.replace("_", " ").lower().split())


def _written(draft: Draft, name: str) -> str:
    variables = sorted({v for s in draft.sources.values() for v in re.findall(r"\$\{(\w+)\}", s.get("connection", ""))})
    head = ["# Drafted by gemba model infer from names and values. Read it: it is a guess. Format: docs/model.md"]
    head += [f"# Set {variable} to the database's URL before asking." for variable in variables]
    head += [f"# {note}" for note in draft.notes]
    data: dict[str, Any] = {"gemba": 1, "name": name, "timezone": "UTC", "week_starts": "monday"}
    data |= {"sources": draft.sources, "dimensions": draft.dimensions, "metrics": draft.metrics}
    body = dump_model({key: value for key, value in data.items() if value != {}})
    body = body.replace(
        "timezone: UTC\n", "timezone: UTC   # of stamps without an offset; days and weeks are cut here\n", 1
    )
    return "\n".join(head) + "\n" + body
