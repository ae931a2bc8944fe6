"""What must be true of claims before anyone sees them. A failed check blocks `insight`.

The expectations run in Great Expectations on the frame of claims; the rules that need the plan or several claims at
once (contributions sum to the change, every number in the text is backed) are `gemba.insights.review`.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.failures import failures_recorded
from assets.keys import FINDINGS
from assets.reading import claims_list, plain
from assets.steps import Weighed
from gemba.insights.kinds import DEMANDS
from gemba.investigation import Investigator
from resources.expectations import Expect, Expectations, Observed

if TYPE_CHECKING:
    import pandas as pd

PROVEN = "claims_are_proven"
LOOKED = "every_planned_agent_looked"
SUM_TOLERANCE = 1e-9
SLACK = 1e-9  # of the largest number involved: rounding, not evidence
EITHER = "either_value_is_missing"


def expectations_of_claims(alpha: float, kinds: Collection[str] = ()) -> tuple[Expect, ...]:
    """What holds for every row of the claims frame, and for those of each kind that it holds.

    `alpha`: the false-discovery rate of the investigation. `kinds`: of the claims in the frame.
    """

    def between(column: str, low: float | None, high: float | None, **more: object) -> dict[str, object]:
        return {"column": column, "min_value": low, "max_value": high, **more}

    return (
        Expect("every claim has an id", "ExpectColumnValuesToNotBeNull", {"column": "id"}),
        Expect("no claim is told twice", "ExpectColumnValuesToBeUnique", {"column": "id"}),
        Expect("every claim is a sentence", "ExpectColumnValueLengthsToBeBetween", between("statement", 1, None)),
        Expect("every effect is a number", "ExpectColumnValuesToNotBeNull", {"column": "effect"}),
        Expect(
            "every claim rests on observations", "ExpectColumnValuesToBeBetween", between("n_where_estimated", 1, None)
        ),
        Expect("p-values are probabilities", "ExpectColumnValuesToBeBetween", between("p_value", 0, 1)),
        Expect("q-values are probabilities", "ExpectColumnValuesToBeBetween", between("q_value", 0, 1)),
        Expect("confidence is from 0 to 1", "ExpectColumnValuesToBeBetween", between("confidence", 0, 1)),
        Expect(
            "no q-value is below its p-value",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "q_value", "column_B": "p_value", "or_equal": True, "ignore_row_if": EITHER},
        ),
        Expect(
            "the effect is not below its interval",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "effect", "column_B": "ci_low_with_slack", "or_equal": True, "ignore_row_if": EITHER},
        ),
        Expect(
            "the effect is not above its interval",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "ci_high_with_slack", "column_B": "effect", "or_equal": True, "ignore_row_if": EITHER},
        ),
        Expect(
            "what is called significant has its q-value within the allowed rate",
            "ExpectColumnValuesToBeBetween",
            between("q_where_significant", 0, alpha),
        ),
        Expect(
            "every number of a statement is backed by its claim",
            "ExpectColumnValuesToBeInSet",
            {"column": "ungrounded", "value_set": [""]},
        ),
        Expect(
            "the parts of a decomposition sum to the change",
            "ExpectColumnValuesToBeBetween",
            between("sum_error", 0, SUM_TOLERANCE),
        ),
        Expect(
            "the effect of a driver is the difference of its two levels",
            "ExpectColumnValuesToBeBetween",
            between("level_error", 0, SUM_TOLERANCE),
        ),
        *(
            Expect(demand.says, "ExpectColumnValuesToBeInSet", {"column": f"lacking_{kind}", "value_set": [""]})
            for kind, demand in DEMANDS.items()
            if kind in kinds
        ),
    )


def frame_to_check(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The claims frame with the columns that hold under a condition, empty where the condition does not."""
    slack = SLACK * frame[["ci_low", "ci_high", "effect"]].abs().max(axis=1)
    is_significant = frame["significant"].eq(True)
    of_kind = {f"lacking_{kind}": frame["lacking"].where(frame["kind"] == kind) for kind in frame["kind"].unique()}
    return frame.assign(
        **of_kind,
        q_where_significant=frame["q_value"].where(is_significant),
        n_where_estimated=frame["n"].where(~frame["exact"].eq(True)),
        ci_low_with_slack=frame["ci_low"] - slack,
        ci_high_with_slack=frame["ci_high"] + slack,
    )


@dg.multi_asset_check(
    name="claims",
    specs=[
        dg.AssetCheckSpec(
            PROVEN,
            asset=FINDINGS,
            blocking=True,
            description="Bounds, intervals, false-discovery rate, sums and wording of every claim. Blocks publishing.",
        ),
        dg.AssetCheckSpec(
            LOOKED,
            asset=FINDINGS,
            description="No agent that the plan chose was kept from looking. A gap is shown with the answer.",
        ),
    ],
    ins={"findings": dg.AssetIn(key=FINDINGS)},
)
def claims(
    context: dg.AssetCheckExecutionContext,
    findings: Weighed,
    investigator: dg.ResourceParam[Investigator],
    expectations: dg.ResourceParam[Expectations],
) -> Iterator[dg.AssetCheckResult]:
    """Check the claims and record the verdict."""
    from gemba.insights.review import Verdict, claims_frame, review
    from gemba.insights.weigh import Weighed as Claims

    weighed = Claims.model_validate(findings.weighed)
    partition, run_id = context.op_execution_context.partition_key, context.run.run_id
    with failures_recorded(context.op_execution_context, investigator):
        rules = review(weighed, findings.plan)
        observed: tuple[Observed, ...] = ()
        if weighed.claims:
            frame = frame_to_check(claims_frame(weighed, findings.plan))
            kinds = {claim.kind for claim in weighed.claims}
            observed = expectations.validate(frame, expectations_of_claims(weighed.alpha, kinds))
        broken = [f"{one.claim}: {one.seen} {list(one.offending)}" for one in observed if not one.passed]
        verdict = Verdict(reasons=tuple(dict.fromkeys((*broken, *rules.reasons))))
        investigator.check(partition, run_id, verdict, checks=len(observed) + 1)
        if not verdict.may_publish:
            investigator.withhold(partition, run_id, "; ".join(verdict.reasons))
    yield dg.AssetCheckResult(
        check_name=PROVEN,
        asset_key=FINDINGS,
        passed=verdict.may_publish,
        metadata={
            "partition": partition,
            "reasons": dg.MetadataValue.md("\n".join(f"* {plain(one)}" for one in verdict.reasons) or "none"),
            "expectations": dg.MetadataValue.md(_table(observed)),
            "claims": claims_list(weighed.claims),
        },
    )
    yield dg.AssetCheckResult(
        check_name=LOOKED,
        asset_key=FINDINGS,
        passed=not weighed.gaps,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "partition": partition,
            "gaps": dg.MetadataValue.md(
                "\n".join(f"* {gap.agent}: {plain(gap.message)}" for gap in weighed.gaps) or "none"
            ),
        },
    )


def _table(observed: tuple[Observed, ...]) -> str:
    if not observed:
        return "no claim to check"
    rows = ["| holds | expectation | threshold and what was seen |", "|---|---|---|"]
    rows += [f"| {'yes' if one.passed else '**no**'} | {one.claim} | {plain(one.seen)} |" for one in observed]
    return "\n".join(rows)
