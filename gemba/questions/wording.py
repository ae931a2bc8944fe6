"""The words of the grammar itself: what asks, compares, excludes, groups; and the few that mean nothing.

A word stands here with what it says. Whatever is neither here, nor a name, nor a time, is not understood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gemba.questions.tokens import Token, words_of

Role = Literal[
    "filler",     # no meaning of its own
    "prep",       # on, in, for: before a filter or a time
    "and", "or", "comma",
    "not",        # excluding, except, not
    "group",      # by, per, each
    "than",       # against, versus, compared with
    "rest",       # the other lines, the rest
    "kind",       # asks for a kind of answer
    "move",       # rose, fell, changed, better, worse
    "rank",       # top, worst, highest
    "which",      # which, where, who: asks for a member
    "compare",    # >, above, at least
    "between",
    "part",       # total, average: how a metric is computed
    "is",
    "all",
    "future",     # will, expected
    "step",       # day, weekly: a time unit to cut by
    "unit",       # a unit of the model
    "stop",       # ? ; and other ends of a sentence
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One role of a phrase of the grammar; `value` says which."""

    role: Role
    value: str = ""


_PHRASES: dict[tuple[Role, str], str] = {
    ("filler", ""): """
        the; a; an; we; our; us; you; me; i; please; do; does; did; has; have; had; been; be; being; it; its; there;
        can; could; would; should; tell me; show; show me; give; give me; get; list; display; report; like; to know;
        want to know; i want to know; i would like to know; overall; process; altogether; in total; so; just; also;
        actually; exactly; really; hi; hello; hey; thanks; thank you; kindly; happen; happened; value of; figure
        for; figures for; number; numbers; amount of; level of; values; data for; make; made; got; see; let us see;
        look at; at all; then; ok; okay; come; came; go; went; only; run; ran; value; use; used; using; consume;
        consumed; need; needed; spend; spent; record; recorded; measure; measured; caused; causes; contributed;
        generated; showed; shows; experienced; perform; performed; perform the; saw; were there; was there; are
        there; is there; their; his; her; that; those; these; looking; look; responsible for; emit; emitted; place;
        placed; gives; gives us; gave; gave us; making; ones""",
    ("is", ""): "is; are; was; were; am",
    ("prep", ""): """
        on; in; for; via; at; of; from; within; during; over; with; about; to; around; inside; under; into; where;
        only; only on; only in; only for; just on; just for; restricted to; limited to; coming from; due to;
        because of""",
    ("and", ""): "and; as well as; &; plus",
    ("or", ""): "or",
    ("comma", ""): ",",
    ("not", ""): """
        not; excluding; exclude; except; except for; without; other than; apart from; but not; leaving out;
        ignoring; minus; and not; not counting; outside; outside of""",
    ("group", ""): """
        by; per; each; every; for each; for every; in each; at each; on each; broken down by; split by; grouped by;
        across; by each; split into; breakdown by; separately for; among; between; for the different; for the
        individual; depending on; in terms of; broken down per; divided by""",
    ("than", ""): """
        against; versus; vs; vs.; compared with; compared to; than; relative to; as compared to; in comparison to;
        in comparison with; as against; than in; than on; higher than; lower than; more than; less than; larger
        than; smaller than; greater than; bigger than; longer than; shorter than; fewer than; faster than; slower
        than; than the; compare to""",
    ("rest", ""): """
        the rest; rest; rest of the plant; all others; all the others; others; the others; everything else; everyone
        else; all other; other; the other; elsewhere; average of the others""",
    ("kind", "why"): """
        why; how come; what drove; what caused; what is behind; what was behind; what explains; what led to; what is
        causing; what is driving; what was driving; what made; the reason for; the reasons for; what is the reason
        for; what are the reasons for; what was the reason for; reason for; reasons for; reason behind; reasons
        behind; cause of; causes of; the cause of; root cause of; root causes of; root cause for; cause for;
        explain; what were the reasons for; what is the cause of; what was the cause of; what is the root cause of;
        what was the root cause of; what accounts for; what is responsible for; where did; where does; where is
        this; diagnose; any idea why; explain why; what was causing; what contributed to; how do you explain; how
        can you explain; what triggered; what caused the""",
    ("kind", "compare"): """
        compare; comparison of; comparison between; compares; comparing; difference in; difference between; the
        difference in; difference; what is the difference in; what is the difference between; how does; compared;
        comparison""",
    ("kind", "level"): """
        what; what is; what was; what were; what are; how much; how many; how high; how low; how big; how large; how
        long; how good; how bad; how often; how was; how is; how were; how are; how fast; count of; number of; the
        number of; how; whats; hows""",
    ("kind", "trend"): """
        trend; trends; trend of; trend in; trend for; trending; trending over; over time; the development of;
        development of; developed; developing; develop; evolve; evolved; evolving; evolution of; evolution; time
        series; time series of; time course of; course of; plot; plot of; graph; graph of; chart; chart of; line
        chart of; development; history of; curve of; as a time series""",
    ("kind", "share"): """
        share of; share in; percentage of; proportion of; fraction of; what share of; what percentage of; what
        proportion of; share; what fraction of; what part of; percent of""",
    ("kind", "breakdown"): "breakdown of; break down; split; split of; breakdown",
    ("kind", "forecast"): """
        forecast; forecast of; forecast for; predict; prediction; prediction of; predicted; projection; projected;
        project; outlook; outlook for; extrapolate""",
    ("kind", "association"): """
        correlate; correlates; correlated; correlation; correlation of; correlation between; relationship;
        relationship between; relationship of; relation between; related to; is related to; correlated with; associated
        with; association between; depend on; depends on; linked to; link between; connection between; associated;
        association; association of; related; relate to; relates to; correlate with; correlates with; go together; goes
        together; go with; goes with; go along with; goes along with; move together; moves together; move with; moves
        with; follow; follows; followed by; lead; leads; precede; precedes; tied to; connected to; hang together""",
    ("kind", "drivers"): """
        drivers; drivers of; driver of; factors; what affects; what influences; what drives; influences; factors
        behind; factors for; what matters for; what are the drivers of; what determines; determinants of; predictors
        of; what impacts; key drivers of; main drivers of; drivers behind; what is associated with; what is related to;
        what goes with; what goes along with; what goes together with; what correlates with; factors associated with;
        factors influencing; factors affecting; factors driving; driving factors of; driving factors behind; influences
        on; which factors influence; which factors affect; which factors drive; which factors determine; which factors
        are associated with; which factors are related to; what factors influence; what factors affect; what factors
        drive; what factors are associated with; which columns are associated with; which columns drive; which columns
        influence; which columns affect; which variables are associated with; which variables drive; which variables
        influence; which variables affect; which parameters are associated with; which parameters drive; which
        parameters influence; which parameters affect; what are the main drivers of; what are the key drivers of; which
        factors matter for""",
    ("kind", "anomaly"): """
        anomaly; anomalies; anomalies in; outlier; outliers; outliers in; unusual; abnormal; strange; odd; anything
        unusual in; anything strange; anomalous; anything odd; suspicious; unusual values; anything unusual;
        anything odd in; anything strange in; anything unusual about; anything odd about; anything strange about;
        anything unusual with; anything odd with; any anomalies in; any outliers in; find anomalies in;
        find outliers in; find anomalies; find outliers; detect anomalies in; detect outliers in; show anomalies in;
        spot anomalies in;
        unusual days in; odd days in; strange days in; unusual hours in; odd hours in; unusual days; odd days; weird;
        anything weird in; irregular; irregularities in; peculiar; out of the ordinary;
        anything out of the ordinary in""",
    ("kind", "when"): "when was; when were",
    ("kind", "capability"): """
        capability; capability of; capable; cpk; cp; ppk; process capability; process capability of; in control;
        under control; statistically in control; control chart; control chart of""",
    ("kind", "distribution"): """
        distribution; distribution of; distributed; histogram; histogram of; spread of; variability of; how is
        distributed""",
    ("kind", "quality"): """
        data quality; data quality of; missing values; missing data; duplicate rows; how clean is; how complete is;
        how reliable is; can i trust; data complete; the data complete; completeness of""",
    ("kind", "changes"): """
        what changed; what has changed; what is different; what is new; anything new; what happened; what went
        wrong; what is going on""",
    ("move", "up"): """
        rise; rises; rose; risen; rising; increase; increases; increased; increasing; go up; goes up; going up; went
        up; gone up; jump; jumps; jumped; climb; climbed; climbs; climbing; grow; grew; grown; grows; growing;
        growth; spike; spiked; spikes; surge; surged; soar; soared; higher; high; too high; so high; shoot up; shot
        up; increase in; rise in; jump in; spike in; growth in; growth of; surge in; increase of; rise of; uptick
        in; more; up; climb in; increases in; bigger; larger; picked up; that high; elevated; much higher; very
        high; so much higher; went through the roof; so many; so much; double; doubled""",
    ("move", "down"): """
        lose; lost; losing; drop; drops; dropped; dropping; fall; falls; fell; fallen; falling; decrease; decreases;
        decreased; decreasing; decline; declines; declined; declining; go down; goes down; went down; gone down;
        going down; shrink; shrank; shrunk; dip; dips; dipped; lower; low; too low; so low; plunge; plunged;
        plummet; plummeted; drop in; fall in; decrease in; decline in; dip in; decrease of; decline of; drop of;
        less; fewer; reduction in; reduction of; reduced; collapse; collapsed; sink; sank; slump; slumped; slump in;
        smaller; down; that low; tank; tanked; loss of; much lower; very low; so few; so little; halved""",
    ("move", "better"): """
        better; improve; improves; improved; improving; get better; got better; improvement in; improvement of;
        improvement; so good; too good; good""",
    ("move", "worse"): """
        worse; worsen; worsened; worsens; worsening; deteriorate; deteriorated; deterioration in; deterioration of;
        get worse; got worse; degrade; degraded; getting worse; so bad; bad; too bad; so much worse; went bad; poor;
        so poor""",
    ("move", "any"): """
        change; changes; changed; changing; change in; changes in; move; moved; differ; differs; different; vary;
        varied; shift in; change of; the same; behave differently; differ between""",
    ("rank", "high"): "top; highest; most; largest; biggest; greatest; the most; leading; maximum; max",
    ("rank", "low"): "bottom; lowest; least; smallest; fewest; the least; minimum; min",
    ("rank", "best"): "best; strongest; top performing; best performing",
    ("rank", "worst"): "worst; weakest; worst performing",
    ("rank", "order"): """
        rank; ranking; ranking of; ranked; ranked by; order by; sort; sort by; sorted by; rank the""",
    ("which", ""): """
        which; what are the; who; where; whose; which are the; which of the; who are the; which of; on which; in
        which; for which; at which; by which; from which""",
    ("compare", "gt"): """
        above; over; more than; greater than; higher than; faster than; >; larger than; exceeding; exceeds; beyond;
        bigger than; longer than; hotter than; exceeded""",
    ("compare", "ge"): """
        at least; >=; ≥; or more; not less than; no less than; not below; minimum of; not under""",
    ("compare", "lt"): """
        below; under; less than; lower than; slower than; <; smaller than; fewer than; shorter than; cooler than""",
    ("compare", "le"): """
        at most; <=; ≤; up to; no more than; not more than; not above; maximum of; not over; not exceeding""",
    ("between", ""): "between",
    ("part", "sum"): "total; sum of; total of; sum; total amount of; total number of",
    ("part", "mean"): "average; mean; avg; average of; mean of; on average; the average of",
    ("part", "median"): "median; median of; typical",
    ("part", "max"): "maximum; max; maximal; peak",
    ("part", "min"): "minimum; min; minimal",
    ("all", ""): "all; any; all of the; all the; entire; every",
    ("future", ""): "will; expected; going to; expect; be going to",
    ("step", "hour"): "hour; hourly; by the hour; hour by hour",
    ("step", "day"): "day; daily; day by day; a day; single day",
    ("step", "week"): "week; weekly; week by week; a week; calendar week",
    ("step", "month"): "month; monthly; month by month; a month",
    ("step", "quarter"): "quarter; quarterly; a quarter",
    ("step", "year"): "year; yearly; annual; annually; a year",
    ("stop", ""): "? ! . : ; \" ' ( )",
}  # fmt: skip


def _table() -> dict[tuple[str, ...], tuple[Word, ...]]:
    table: dict[tuple[str, ...], dict[Word, None]] = {}
    for (role, value), phrases in _PHRASES.items():
        listed = phrases.split() if role == "stop" else phrases.split(";")
        for phrase in listed:
            words = words_of(phrase.strip())
            if words:
                table.setdefault(words, {})[Word(role, value)] = None
    return {words: tuple(roles) for words, roles in table.items()}


PHRASES = _table()
LONGEST = max(len(words) for words in PHRASES)
COMMON = frozenset(word for words in PHRASES for word in words)


def words_at(tokens: Sequence[Token], start: int) -> list[tuple[int, tuple[Word, ...]]]:
    """Phrases of the grammar that begin at a token: where each ends, and its roles. Shortest first."""
    found: list[tuple[int, tuple[Word, ...]]] = []
    run: tuple[str, ...] = ()
    for end in range(start + 1, min(len(tokens), start + LONGEST) + 1):
        run = (*run, tokens[end - 1].norm)
        roles = PHRASES.get(run)
        if roles:
            found.append((end, roles))
    return found
