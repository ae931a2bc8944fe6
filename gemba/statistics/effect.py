"""An estimate with what it is uncertain by."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import stdtr, stdtrit


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimate with standard error on `df` degrees of freedom; `p` two-sided against 0."""

    value: float
    se: float
    df: float

    def half_width(self, level: float = 0.95) -> float:
        return float(stdtrit(self.df, 0.5 + level / 2.0)) * self.se

    def detectable(self, *, alpha: float = 0.05, power: float = 0.8) -> float:
        """Smallest value, in its unit, that a two-sided test at `alpha` finds with this power: `(t + t') se`."""
        return float(stdtrit(self.df, 1.0 - alpha / 2.0) + stdtrit(self.df, power)) * self.se

    @property
    def p(self) -> float:
        if self.se == 0:
            return 1.0 if self.value == 0 else 0.0
        return float(2.0 * stdtr(self.df, -abs(self.value / self.se)))
