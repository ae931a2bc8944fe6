"""Many tests at once: the false-discovery rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def benjamini_hochberg(
    p_values: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Adjust p-values so that `q <= alpha` keeps the expected share of false discoveries at or below `alpha`.

    Args:
        p_values: Shape (m,), each in [0, 1], no NaN; m may be 0.
        weights: Positive, shape (m,), chosen before the data were seen: each p-value is divided by its own. They are
            scaled to the mean 1, which is what keeps the rate.

    Returns:
        q-values, shape (m,), in the order given: `min over j with p_j >= p_i of m * p_j / rank(p_j)`, at most 1.
        Equal p-values get equal q-values.

    Raises:
        ValueError: A p-value is NaN or outside [0, 1].

    Notes:
        Valid for independent and for positively dependent (PRDS) tests. Where every null is true, the chance of any
        discovery is at most `alpha`.

    References:
        Y. Benjamini and Y. Hochberg, "Controlling the False Discovery Rate", J. R. Statist. Soc. B 57(1), 289-300,
        1995. Weights: C. R. Genovese, K. Roeder and L. Wasserman, "False discovery control with p-value weighting",
        Biometrika 93(3), 509-524, 2006. Dependence: Y. Benjamini and D. Yekutieli, Ann. Statist. 29(4), 1165-1188,
        2001, theorem 1.2.
    """
    if weights is None:
        return _step_up(p_values, penalty=1.0)
    share = np.asarray(weights, dtype=np.float64)
    q = _step_up(np.minimum(p_values / (share / share.mean()), 1.0), penalty=1.0) if share.size else p_values
    return np.maximum(q, p_values)


def benjamini_yekutieli(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """As `benjamini_hochberg`, valid under any dependence, at the price of a factor `1 + 1/2 + ... + 1/m`.

    References:
        Y. Benjamini and D. Yekutieli, "The control of the false discovery rate in multiple testing under
        dependency", Ann. Statist. 29(4), 1165-1188, 2001, theorem 1.3.
    """
    return _step_up(p_values, penalty=float((1.0 / np.arange(1, p_values.size + 1)).sum()))


def _step_up(p_values: NDArray[np.float64], *, penalty: float) -> NDArray[np.float64]:
    p = np.asarray(p_values, dtype=np.float64)
    if p.size and not bool(((p >= 0.0) & (p <= 1.0)).all()):
        raise ValueError("p-values must be in [0, 1], without NaN")
    order = np.argsort(p, kind="stable")
    # m·p/rank may round to just below p; a q-value never lies below its p-value.
    scaled = np.maximum(p[order] * penalty * p.size / np.arange(1, p.size + 1), p[order])
    q = np.empty_like(p)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q
