"""Answered requests, in counts of our own: the library's counter and histogram cost each request four times as much."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

import msgspec
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class _Answered(msgspec.Struct):
    """Of one route and method: how many of each status, how many in each bucket of time, and the seconds of all."""

    statuses: dict[int, int]
    buckets: list[int]
    seconds: float = 0.0


class Answered(Collector):
    """`daybook_requests_total` by route, method and status, and `daybook_request_seconds` by route and method."""

    def __init__(self, seconds: Sequence[float]) -> None:
        """*seconds*: the upper bounds of the buckets, in order; one without a bound comes behind them."""
        self._bounds = (*seconds, float("inf"))
        self._found: dict[tuple[str, str], _Answered] = {}

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Methods that nobody knows count as `other`: who calls must not make series as he likes."""
        key = route, method if method in METHODS else "other"
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = _Answered({}, [0] * len(self._bounds))
        found.statuses[status] = found.statuses.get(status, 0) + 1
        found.buckets[bisect_left(self._bounds, seconds)] += 1
        found.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("daybook_requests", "Answered requests.", labels=("route", "method", "status"))
        seconds = HistogramMetricFamily("daybook_request_seconds", "Time to answer.", labels=("route", "method"))
        bounds = [floatToGoString(bound) for bound in self._bounds]
        for key, found in self._found.items():
            for status, count in found.statuses.items():
                requests.add_metric((*key, str(status)), count)
            seconds.add_metric(key, list(zip(bounds, accumulate(found.buckets), strict=True)), sum_value=found.seconds)
        yield requests
        yield seconds
