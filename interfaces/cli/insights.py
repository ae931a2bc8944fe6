"""`gemba insights`, `explain`, `verify`, `feedback`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gemba.errors import InputError
from gemba.events.types import FeedbackGiven
from gemba.insights.types import Insight
from gemba.semantics.model import SemanticModel
from gemba.store.ports import QuestionRecord
from interfaces.cli.asking import for_tenant
from interfaces.cli.output import print_json, say
from interfaces.workspace import Workspace


def listing(*, everything: bool, limit: int, tenant: str | None, as_json: bool) -> int:
    """Insights, newest first."""
    workspace = for_tenant(tenant)
    found = workspace.archive.insights(current_only=not everything, limit=limit)
    if as_json:
        print_json([insight.model_dump(mode="json") for insight in found])
        return 0
    if not found:
        say('none yet; ask: gemba ask "Why did …" -m MODEL')
    for insight in found:
        print(f"{insight.id}  {insight.created_at:%Y-%m-%d %H:%M}  {insight.status:<10}  {insight.summary}")
    return 0


def show(insight_id: str, *, html: Path | None, tenant: str | None, as_json: bool) -> int:
    """One insight, on the terminal or as a page."""
    workspace = for_tenant(tenant)
    insight = _insight(workspace, insight_id)
    if html is not None:
        write_page(workspace, insight, html)
        say(f"written: {html}")
    if as_json:
        print_json(insight.model_dump(mode="json"))
    elif html is None:
        from rich.console import Console

        from gemba.reports.terminal import show_insight

        console = Console()
        if insight.status == "withdrawn":
            console.print(f"[yellow]Withdrawn: {_withdrawn(workspace, insight)}[/]")
        show_insight(insight, console, most=None)
    return 0


def write_page(workspace: Workspace, insight: Insight, target: Path) -> None:
    """Write an insight's page whole or not at all."""
    from gemba.questions.describe import describe
    from gemba.reports.page import insight_page

    record = _record(workspace, insight)
    page = insight_page(
        insight,
        text=record.text,
        reading=describe(insight.question, model=_model(record)),
        queries=_queries(workspace, insight),
        withdrawn=_withdrawn(workspace, insight),
    )
    if not target.parent.is_dir():
        raise InputError(f"the folder {target.parent} does not exist", hint="make it first")
    temporary = target.with_name(target.name + ".new")
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(target)


def explain(claim_id: str, *, tenant: str | None, as_json: bool) -> int:
    """A claim with everything needed to check it by hand."""
    workspace = for_tenant(tenant)
    found = workspace.archive.claim(claim_id)
    if found is None:
        raise InputError(f"there is no claim {claim_id!r}", hint="`gemba insights show ID` lists claims")
    insight, claim = found
    kept = workspace.evidence.has(insight.data_version)
    facts: dict[str, Any] = {
        "claim": claim.model_dump(mode="json"),
        "insight": insight.id,
        "insight_status": insight.status,
        "method_page": f"docs/methods/{claim.method}.md",
        "queries": [dict(query) for query in _queries(workspace, insight)],
        "evidence": str(workspace.evidence.folder(insight.data_version)) if kept else None,
        "data_version": insight.data_version,
        "read_set": [entry.model_dump() for entry in insight.read_set],
        "code_version": insight.code_version,
        "strategy": insight.strategy,
        "tests_run": insight.tests_run,
        "alpha": insight.alpha,
    }
    if as_json:
        print_json(facts)
        return 0
    from gemba.reports import numbers
    from gemba.reports.labels import effect

    print(claim.statement)
    within = f", {claim.ci_level:.0%} interval {numbers.interval(claim.ci, claim.unit)}" if claim.ci else ""
    print(f"  effect      {effect(claim)}{within}")
    if claim.exact:
        print("  exact       an arithmetic identity: nothing was estimated")
    elif claim.p_value is None:
        print("  tested      no: it is a value with its interval")
    else:
        tested = f"p {numbers.probability(claim.p_value)}, q {numbers.probability(claim.q_value)}"
        print(f"  tested      {tested} over {insight.tests_run} tests at {insight.alpha:.0%}")
    print(f"  n           {claim.n:,}")
    print(f"  method      {claim.method}: {facts['method_page']}")
    print(f"  agent       {claim.agent}; strategy {insight.strategy}; code {insight.code_version}")
    print(f"  data        {insight.data_version} ({len(insight.read_set)} partitions read)")
    print(f"  evidence    {facts['evidence'] or 'past its retention'}")
    for query in facts["queries"]:
        print(f"\n-- {query['source']}: {query['rows']} rows in {query['seconds']:.3f} s\n{query['sql']}")
    return 0


def verify(claim_id: str, *, tenant: str | None, as_json: bool) -> int:
    """Recompute; 0 equal, 1 different, 4 evidence gone."""
    from gemba.code_version import code_version
    from gemba.verification import verify as recompute

    workspace = for_tenant(tenant)
    result = recompute(
        claim_id,
        archive=workspace.archive,
        evidence=workspace.evidence,
        warehouse=workspace.warehouse,
        current_code=code_version(),
    )
    verdicts = {"evidence": result.evidence, "source": result.source}
    if as_json:
        data: dict[str, Any] = {"claim": result.claim.id, "insight": result.insight.id}
        for name, verdict in verdicts.items():
            data[name] = verdict and {
                "verdict": verdict.state,
                "largest_difference": verdict.difference,
                "reason": verdict.reason,
            }
        print_json({**data, "code_changed": result.code_changed})
        return result.exit_code
    print(result.claim.statement)
    for name, verdict in verdicts.items():
        if verdict is not None:
            difference = "" if verdict.difference is None else f", largest difference {verdict.difference:.2g}"
            reason = f": {verdict.reason}" if verdict.reason else ""
            print(f"  from the {name:<9} {verdict.state}{difference}{reason}")
    if result.code_changed:
        print("  the code has changed since the claim was made")
    return result.exit_code


def feedback(insight_id: str, vote: str, why: str, *, tenant: str | None, as_json: bool) -> int:
    """Record a vote."""
    import getpass

    if vote not in ("up", "down"):
        raise InputError(f"{vote!r} is not a vote", hint="say up or down")
    workspace = for_tenant(tenant)
    insight = _insight(workspace, insight_id)
    event = FeedbackGiven(insight_id=insight.id, vote=vote, why=why, by=getpass.getuser())  # type: ignore[arg-type]
    workspace.archive.record(f"feedback/{insight.id}", event)
    if as_json:
        print_json({"insight": insight.id, "vote": vote, "why": why})
    else:
        say(f"noted: {vote} for {insight.id}")
    return 0


def _insight(workspace: Workspace, insight_id: str) -> Insight:
    insight = workspace.archive.insight(insight_id)
    if insight is None:
        raise InputError(f"there is no insight {insight_id!r}", hint="`gemba insights list --all` shows them")
    return insight


def _record(workspace: Workspace, insight: Insight) -> QuestionRecord:
    record = workspace.archive.question_by_key(insight.key)
    assert record is not None, "an insight has a question"
    return record


def _model(record: QuestionRecord) -> SemanticModel:
    return SemanticModel.model_validate_json(record.model_yaml)


def _queries(workspace: Workspace, insight: Insight) -> tuple[dict[str, Any], ...]:
    """The queries behind an insight; none if its evidence is past its retention."""
    if not workspace.evidence.has(insight.data_version):
        return ()
    return tuple(query.model_dump() for query in workspace.evidence.load(insight.data_version).queries)


def _withdrawn(workspace: Workspace, insight: Insight) -> str:
    if insight.status != "withdrawn":
        return ""
    for row in workspace.archive.query("stale_insight", limit=100_000):
        if row["insight_id"] == insight.id:
            return str(row["reason"])
    return "a newer answer exists"
