"""Amounts that are no numbers are refused where they enter: a sum over them would be one made of nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gemba.errors import UnusableValuesError

Floats = NDArray[np.float64]


def refuse_infinite(method: str, **amounts: Floats) -> None:
    """Infinities only: a missing value is marked by a weight or denominator of 0 beside it.

    Raises:
        UnusableValuesError: An amount is infinite; says which and how many.
    """
    for name, values in amounts.items():
        count = int(np.isinf(values).sum())
        if count:
            raise UnusableValuesError(method, f"{count} of {values.size} values of {name} are infinite")


def refuse_unknown(method: str, **amounts: Floats) -> None:
    """Infinite and missing values, where a method has no way to leave them out.

    Raises:
        UnusableValuesError: A value is infinite or NaN; says which and how many.
    """
    for name, values in amounts.items():
        count = int((~np.isfinite(values)).sum())
        if count:
            raise UnusableValuesError(method, f"{count} of {values.size} values of {name} are infinite or missing")
