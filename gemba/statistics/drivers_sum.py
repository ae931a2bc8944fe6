"""Least squares over a sum of terms, without a matrix of rows by members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.drivers_rules import Floats, Mask

_RIDGE = 1e-9
"""Added to the diagonal of the normal equations, in parts of it: members that lie within one another (a product is made
on one line only) leave a sum undetermined, and its parts are then nearly the smallest that fit."""


@dataclass(frozen=True, slots=True)
class Block:
    """Columns of which a row touches one at most.

    `place`, shape (n,): the column that a row touches. `value`, shape (n,): what stands there. `width`: columns.
    """

    place: NDArray[np.intp]
    value: Floats
    width: int = 1

    @staticmethod
    def column(values: Floats) -> Block:
        return Block(np.zeros(values.size, dtype=np.intp), values)

    @staticmethod
    def members(codes: Floats, members: int) -> Block:
        """1 for each member but the first; a missing member (NaN) is the first."""
        told = np.nan_to_num(codes) > 0
        place = np.where(told, np.nan_to_num(codes) - 1, 0).astype(np.intp)
        return Block(place, told.astype(np.float64), max(members - 1, 1))

    def among(self, rows: Mask) -> Block:
        return Block(self.place[rows], self.value[rows], self.width)

    def times(self, other: Block) -> Floats:
        """Inner products of all columns, shape (width, other's width)."""
        size = self.width * other.width
        flat = np.bincount(self.place * other.width + other.place, weights=self.value * other.value, minlength=size)
        return flat.astype(np.float64).reshape(self.width, other.width)


def fitted(y: Floats, blocks: Sequence[Block], among: Mask) -> list[Floats]:
    """What each block explains of `y`, all fitted together with a constant over the rows `among`.

    Args:
        y: Shape (n,), no NaN.

    Returns:
        Per block the part of the fit, shape (n,), for all rows.

    Notes:
        Solves the normal equations, whose entries are sums by member or by pair of members: with M columns in all,
        O(n · blocks²) + O(M³) and M² numbers, where a matrix of the rows would take O(n · M²) and n · M.
        Columns are 0 and 1 or standardised, so that squaring their condition costs no digit that matters.
    """
    constant = Block.column(np.ones(int(among.sum())))
    used = [constant, *(one.among(among) for one in blocks)]
    normal = np.block([[one.times(other) for other in used] for one in used])
    aim = Block.column(y[among])
    right = np.concatenate([one.times(aim)[:, 0] for one in used])
    diagonal = normal.diagonal()
    weights = np.linalg.solve(normal + np.diag(np.where(diagonal > 0, _RIDGE * diagonal, 1.0)), right)
    ends = np.cumsum([one.width for one in used])
    return [weights[end - one.width : end][one.place] * one.value for one, end in zip(blocks, ends[1:], strict=True)]
