"""What should be true of sources. A failed check warns: the data may be so, and answers carry their own checks.

Great Expectations judges a small frame of facts by day (`gemba.evidence.health`); no row of the source is fetched.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.keys import source_key
from assets.reading import plain
from gemba.errors import GembaError
from gemba.evidence.health import Health, allowed_days_behind, columns_read, days_behind, health
from gemba.evidence.types import Warehouse
from gemba.semantics.model import SemanticModel
from gemba.store.ports import Archive
from resources.expectations import Expect, Expectations, Observed
from resources.models import ModelFolder

if TYPE_CHECKING:
    import pandas as pd

UNIQUE, VOLUME, FILLED, PACE = "key_is_unique", "volume_is_usual", "metric_columns_are_filled", "keeps_pace"
LEAST_PCT, MOST_PCT = 50.0, 200.0
MOST_SHOWN = 20

WHAT = {
    UNIQUE: "No two rows of the last eight weeks share a key.",
    VOLUME: f"The last complete day has {LEAST_PCT:.0f} to {MOST_PCT:.0f} % of the rows usual on its weekday.",
    FILLED: "No column that a metric reads misses more values in the last seven days than twice what is usual.",
    PACE: "Its newest partition is at most three partitions behind the newest of the model's other sources.",
}


def checks_of(model: SemanticModel, source: str) -> tuple[str, ...]:
    """Which checks make sense for a source: none without a time column."""
    found = model.sources[source]
    if model.time_column(source) is None:
        return ()
    return (
        *((UNIQUE,) if found.key else ()),
        VOLUME,
        *((FILLED,) if columns_read(model, source) else ()),
        *((PACE,) if allowed_days_behind(model, source) is not None else ()),
    )


def expectations_of(model: SemanticModel, source: str, found: Health) -> tuple[tuple[str, Expect], ...]:
    """Expectations on the frame of facts, by check."""

    def between(column: str, low: float, high: float) -> dict[str, object]:
        return {"column": column, "min_value": low, "max_value": high}

    kind = "ExpectColumnValuesToBeBetween"
    rules = {
        UNIQUE: [Expect("no row repeats a key", kind, between("duplicates", 0, 0))],
        VOLUME: [
            Expect("the last complete day is as full as usual", kind, between("pct_of_usual", LEAST_PCT, MOST_PCT))
        ],
        FILLED: [
            Expect(f"{name} is filled as usual", kind, between(f"empty_pct.{name}", 0, found.allowed_empty_pct(name)))
            for name in found.empty_pct
        ],
        PACE: [Expect("it keeps pace", kind, between("days_behind", 0, allowed_days_behind(model, source) or 0))],
    }
    return tuple((check, rule) for check in checks_of(model, source) for rule in rules[check])


def frame_of(found: Health, behind: int | None) -> "pd.DataFrame":
    """A row a day; what is known of the source as a whole stands in the last row, and is empty above."""
    import pandas as pd

    facts = pd.DataFrame(
        {
            "day": [day.isoformat() for day in found.days],
            "rows": list(found.rows),
            "duplicates": list(found.duplicates),
        }
    )
    last = {"pct_of_usual": found.rows_pct_of_usual, "days_behind": behind}
    last |= {f"empty_pct.{name}": share for name, share in found.empty_pct.items()}
    for name, value in last.items():
        column = [float("nan")] * len(facts)
        column[-1] = float("nan") if value is None else float(value)
        facts[name] = column
    return facts


def build_source_checks(models: Mapping[str, SemanticModel]) -> list[Any]:
    """One step for every source with a time column, of every model."""
    return [
        _build(model_name, source, checks)
        for model_name, model in sorted(models.items())
        for source in model.sources
        if (checks := checks_of(model, source))
    ]


def _build(model_name: str, source: str, checks: tuple[str, ...]) -> Any:
    key = source_key(model_name, source)

    @dg.multi_asset_check(
        name="__".join((*key.path, "health")),
        specs=[dg.AssetCheckSpec(name, asset=key, description=WHAT[name]) for name in checks],
    )
    def look(
        context: dg.AssetCheckExecutionContext,
        models: dg.ResourceParam[ModelFolder],
        warehouse: dg.ResourceParam[Warehouse],
        archive: dg.ResourceParam[Archive],
        expectations: dg.ResourceParam[Expectations],
    ) -> Iterator[dg.AssetCheckResult]:
        model = models.model(model_name)
        try:
            found = health(model, source, warehouse)
        except GembaError as error:
            raise dg.Failure(f"not judged: {error}", metadata={"what to do": error.hint or "—"}) from error
        observed: dict[str, list[Observed]] = {name: [] for name in checks}
        if found is not None:
            partitions = {name: archive.source_versions(model_name, name) for name in model.sources}
            rules = [one for one in expectations_of(model, source, found) if one[0] in checks]
            frame = frame_of(found, days_behind(source, partitions))
            for (check, _), one in zip(rules, expectations.validate(frame, [rule for _, rule in rules]), strict=True):
                observed[check].append(one)
        context.log.info(f"{sum(not one.passed for many in observed.values() for one in many)} expectations failed")
        for check in checks:
            yield dg.AssetCheckResult(
                check_name=check,
                asset_key=key,
                passed=found is not None and all(one.passed for one in observed[check]),
                severity=dg.AssetCheckSeverity.WARN,
                metadata=_shown(check, found, observed[check]),
            )

    return look


def _shown(check: str, found: Health | None, observed: list[Observed]) -> dict[str, Any]:
    if found is None:
        return {"seen": "the source holds no row"}
    lines = [f"* {'holds' if one.passed else '**fails**'}: {one.claim} ({plain(one.seen)})" for one in observed]
    shown: dict[str, Any] = {
        "expectations": dg.MetadataValue.md("\n".join(lines) or "none"),
        "days looked at": f"{found.days[0]} to {found.days[-1]}",
    }
    if check == UNIQUE:
        bad = [(day, count) for day, count in zip(found.days, found.duplicates, strict=True) if count]
        listed = "\n".join(f"* {day}: {count}" for day, count in bad[-MOST_SHOWN:])
        shown |= {
            "rows that repeat a key": sum(found.duplicates),
            "on these days": dg.MetadataValue.md(listed or "none"),
        }
    if check == VOLUME:
        shown["rows of the last complete day"] = dict(zip(found.days, found.rows, strict=True)).get(found.complete, 0)  # type: ignore[arg-type]
        shown["usual rows"] = found.usual_rows if found.usual_rows is not None else "too few to judge"
    if check == FILLED:
        shown |= {f"{name} missing, %": round(share, 3) for name, share in found.empty_pct.items()}
    return shown
