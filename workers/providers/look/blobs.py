"""Connected areas of a mask, by runs of rows that touch: no area is too winding for it."""

import numpy as np
from numpy.typing import NDArray


def labelled(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """0 where *mask* is false; elsewhere a number of its area, 1, 2 … in the order of their first rows."""
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    parents = list(range(len(rows)))
    first_of_row = np.searchsorted(rows, np.arange(height + 1))
    for row in range(1, height):
        _join_rows(parents, starts, ends, range(*first_of_row[row - 1 : row + 1]), range(*first_of_row[row : row + 2]))
    roots = [_root(parents, run) for run in range(len(rows))]
    number = {root: place for place, root in enumerate(dict.fromkeys(roots), 1)}
    labels = np.zeros((height, width), np.int32)
    for run, root in enumerate(roots):
        labels[rows[run], starts[run] : ends[run]] = number[root]
    return labels


def _join_rows(parents: list[int], starts: NDArray[np.int64], ends: NDArray[np.int64], above: range, below: range) -> None:
    """Runs of two rows that touch, also by a corner, are one area."""
    one, other = above.start, below.start
    while one < above.stop and other < below.stop:
        if starts[one] <= ends[other] and starts[other] <= ends[one]:
            a, b = _root(parents, one), _root(parents, other)
            parents[max(a, b)] = min(a, b)
        if ends[one] < ends[other]:
            one += 1
        else:
            other += 1


def _root(parents: list[int], run: int) -> int:
    while parents[run] != run:
        parents[run] = parents[parents[run]]
        run = parents[run]
    return run
