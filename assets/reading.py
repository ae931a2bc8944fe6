"""Metadata that people read in Dagit. No personal data and no raw rows: row-level security does not reach Dagit."""

from __future__ import annotations

import base64
from typing import Any

import dagster as dg

from gemba.insights.types import Chart, Claim, Insight, Outcome
from gemba.planning.types import Plan
from gemba.semantics.model import SemanticModel
from gemba.store.ports import QuestionRecord

LARGEST_PICTURE = 60_000
MOST_PICTURES = 3
MOST_CLAIMS = 20
FOREMOST = 7
SHOWN_AT_ONCE = 950
"""Dagit shows Markdown of less than 1000 characters in place, and a link to the rest."""


def of_question(record: QuestionRecord, *, model: SemanticModel) -> dict[str, Any]:
    from gemba.questions.describe import describe

    return {
        "question": dg.MetadataValue.md(f"**{plain(record.text)}**"),
        "read as": describe(record.question, model=model),
        "assumed": dg.MetadataValue.md("\n".join(f"* {plain(one)}" for one in record.assumptions) or "nothing"),
        "model": record.model,
        "typed question": dg.MetadataValue.json(record.question.model_dump(mode="json", exclude_none=True)),
        "investigated before": record.attempts,
    }


def of_plan(plan: Plan) -> dict[str, Any]:
    return {
        "strategy": f"{plan.strategy}, version {plan.strategy_version}",
        "complexity": plan.complexity,
        "agents": dg.MetadataValue.md("\n".join(f"* **{one.name}**: {plain(one.reason)}" for one in plan.agents)),
        "notes": dg.MetadataValue.md("\n".join(f"* {plain(one)}" for one in plan.notes) or "none"),
        "false-discovery rate": plan.alpha,
    }


def of_outcome(outcome: Outcome, seconds: float) -> dict[str, Any]:
    said: dict[str, Any] = {"outcome": outcome.outcome.replace("_", " "), "seconds": round(seconds, 3)}
    if outcome.outcome == "gap":
        return {**said, "reason": outcome.reason, "message": outcome.message}
    if outcome.outcome == "not_planned":
        return said
    claims = "\n".join(f"* {plain(claim.statement)}" for claim in outcome.claims[:MOST_CLAIMS])
    said |= {"claims": len(outcome.claims), "tests": len(outcome.tests), "found": dg.MetadataValue.md(claims or "—")}
    if outcome.detectable is not None:
        said["smallest effect it would have seen"] = outcome.detectable
    return said


def of_insight(insight: Insight) -> dict[str, Any]:
    return {
        "answer": dg.MetadataValue.md(f"### {plain(insight.summary)}"),
        "foremost claims": foremost(insight.claims),
        **pictures(insight.charts),
        "all claims": claims_list(insight.claims),
        "status": insight.status,
        "confidence": round(insight.confidence, 3) if insight.confidence is not None else "none stated",
        "gaps": dg.MetadataValue.md(
            "\n".join(f"* {gap.agent}: {plain(gap.message)}" for gap in insight.gaps) or "none"
        ),
        "rests on": dg.MetadataValue.md(_sources(insight)),
        "data version": insight.data_version,
        "tests": insight.tests_run,
        "insight": insight.id,
        "look closer": dg.MetadataValue.md(
            f"`gemba insights show {insight.id}`\n\n`gemba verify {insight.claims[0].id}`"
            if insight.claims
            else f"`gemba insights show {insight.id}`"
        ),
    }


def foremost(claims: tuple[Claim, ...]) -> dg.MetadataValue:
    """The first claims in a few words each: what fits is shown at once, longer Markdown only behind a link."""
    from gemba.reports.labels import effect, label

    text = "| claim | effect | interval | q |\n|---|--:|---|--:|"
    for claim in claims[:FOREMOST]:
        interval = f"{claim.ci[0]:.3g} to {claim.ci[1]:.3g}" if claim.ci else ("exact" if claim.exact else "")
        row = f"\n| {plain(label(claim))} | {plain(effect(claim))} | {interval} | {_number(claim.q_value)} |"
        if len(text) + len(row) > SHOWN_AT_ONCE:
            break
        text += row
    return dg.MetadataValue.md(text if claims else "no claim")


def claims_list(claims: tuple[Claim, ...]) -> dg.MetadataValue:
    """The claims in the order of their rank, numbers as shown to people.

    A list, since Dagit gives a table of nine columns the width of two.
    """
    lines = [f"1. {plain(claim.statement)}  \n   *{_proof(claim)}*" for claim in claims[:MOST_CLAIMS]]
    if len(claims) > MOST_CLAIMS:
        lines.append(f"\nand {len(claims) - MOST_CLAIMS} more")
    return dg.MetadataValue.md("\n".join(lines) if claims else "no claim")


def _proof(claim: Claim) -> str:
    from gemba.reports import numbers
    from gemba.reports.labels import effect

    parts = [f"effect {plain(effect(claim))}"]
    if claim.exact:
        parts.append("exact")
    if claim.ci is not None:
        parts.append(
            f"{numbers.number(claim.ci_level * 100)} % interval {plain(numbers.interval(claim.ci, claim.unit))}"
        )
    parts += [f"p {numbers.probability(claim.p_value)}"] if claim.p_value is not None else []
    parts += [f"q {numbers.probability(claim.q_value)}"] if claim.q_value is not None else []
    parts.append(f"n {claim.n:,}")
    parts += [f"confidence {claim.confidence:.0%}"] if claim.confidence is not None else []
    return "; ".join([*parts, f"by {claim.agent}"])


def pictures(charts: tuple[Chart, ...]) -> dict[str, dg.MetadataValue]:
    """The first charts that are small enough, each in an entry of its own."""
    drawn = [image for chart in charts[:MOST_PICTURES] if (image := picture(chart)) is not None]
    return {"chart" if at == 0 else f"chart {at + 1}": image for at, image in enumerate(drawn)}


def picture(chart: Chart) -> dg.MetadataValue | None:
    """The chart as an image inside Markdown; None where it would be too large for the event log."""
    from gemba.reports.chart import chart_png, chart_svg

    text = plain(chart.title)
    svg = base64.b64encode(chart_svg(chart).encode()).decode()
    if len(svg) <= LARGEST_PICTURE:
        return dg.MetadataValue.md(f"![{text}](data:image/svg+xml;base64,{svg})")
    for width, height in ((640, 240), (400, 200)):
        png = base64.b64encode(chart_png(chart, width=width, height=height)).decode()
        if len(png) <= LARGEST_PICTURE:
            return dg.MetadataValue.md(f"![{text}](data:image/png;base64,{png})")
    return None


def sql_of(manifest: dict[str, Any]) -> dg.MetadataValue:
    """The queries of an evidence manifest, ready to paste."""
    queries = manifest.get("queries") or []
    parts = [f"-- {one['request']} on {one['source']}: {one['seconds']:.3f} s\n{one['sql']}" for one in queries]
    text = "\n\n".join(parts)
    return dg.MetadataValue.md(f"```sql\n{text[:20_000]}\n```" if text else "no query: files were scanned")


def _sources(insight: Insight) -> str:
    partitions: dict[str, list[str]] = {}
    for entry in insight.read_set:
        partitions.setdefault(entry.source, []).append(entry.partition)
    return "\n".join(
        f"* **{source}**: {len(names)} partitions, {min(names)} to {max(names)}"
        if len(names) > 1
        else f"* **{source}**"
        for source, names in sorted(partitions.items())
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def plain(text: str) -> str:
    """Text of users and data in a cell of Markdown: no markup, no line breaks, no column signs."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
