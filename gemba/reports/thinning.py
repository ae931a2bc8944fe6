"""Fewer points that look the same: the least and the greatest of every stretch, and all that must be seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def thinned(values: Sequence[float | None], *, most: int, keep: Collection[int] = ()) -> list[int]:
    """Positions of at most about `most` points, in order: extremes of equal stretches, both ends, gaps, and `keep`.

    All positions where there are no more than `most`. A stretch with a null keeps one, so that a gap stays a gap.
    """
    n = len(values)
    if n <= most:
        return list(range(n))
    stretches = max(most // 2, 1)
    found = {0, n - 1, *keep}
    for stretch in range(stretches):
        span = range(stretch * n // stretches, (stretch + 1) * n // stretches)
        known = [(value, at) for at in span if (value := values[at]) is not None]
        if known:
            found |= {min(known)[1], max(known)[1]}
        if len(known) < len(span):
            found.add(next(at for at in span if values[at] is None))
    return sorted(found)
