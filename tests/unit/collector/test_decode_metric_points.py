"""Metrics become a row per data point."""

import math
from typing import Any

import otlp
import pytest
from groundspan_collector.decode import metric_points
from groundspan_collector.errors import RejectedData
from groundspan_collector.store import Store
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
    Summary,
    SummaryDataPoint,
)

RECEIVED_NS = otlp.NOON_NS + otlp.SECOND
TIMES: dict[str, Any] = {"time_unix_nano": otlp.NOON_NS, "start_time_unix_nano": otlp.NOON_NS - otlp.SECOND}

GAUGE = Metric(
    name="gpu.utilisation",
    unit="1",
    gauge=Gauge(
        data_points=[
            NumberDataPoint(as_double=0.5, attributes=otlp.key_values({"gpu": 0}), **TIMES),
            NumberDataPoint(as_int=1, attributes=otlp.key_values({"gpu": 1}), **TIMES),
            NumberDataPoint(as_double=math.nan, attributes=otlp.key_values({"gpu": 2}), **TIMES),
        ]
    ),
)
SUM = Metric(
    name="tokens",
    sum=Sum(
        data_points=[NumberDataPoint(as_int=7, **TIMES)],
        aggregation_temporality=AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE,
        is_monotonic=True,
    ),
)
HISTOGRAM = Metric(
    name="queue",
    unit="s",
    histogram=Histogram(
        aggregation_temporality=AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA,
        data_points=[
            HistogramDataPoint(count=2**63, sum=4.5, bucket_counts=[1, 2**63], explicit_bounds=[0.1], **TIMES),
            HistogramDataPoint(count=1, **TIMES | {"time_unix_nano": otlp.NOON_NS + 1}),
        ],
    ),
)
EXPONENTIAL = Metric(
    name="fine",
    exponential_histogram=ExponentialHistogram(data_points=[ExponentialHistogramDataPoint(count=3, sum=1, **TIMES)]),
)
SUMMARY = Metric(name="old", summary=Summary(data_points=[SummaryDataPoint(count=3, sum=1, **TIMES)]))
RESOURCE: dict[str, otlp.Value] = {"service.name": "shop", "host.name": "a"}


def _rows(*measured: Metric, project: str = "p") -> list[metric_points.Row]:
    body = otlp.metrics(*measured, resource=RESOURCE).SerializeToString()
    return metric_points.rows([metric_points.request(body).body], project, RECEIVED_NS)


def test_point_has_everything_that_was_sent() -> None:
    """The metric's words, the point's, and the resource's."""
    assert _rows(SUM) == [
        {
            "project": "p",
            "service": "shop",
            "name": "tokens",
            "unit": "",
            "kind": "sum",
            "temporality": "cumulative",
            "is_monotonic": True,
            "time": otlp.NOON_NS,
            "start_time": otlp.NOON_NS - otlp.SECOND,
            "value": 7.0,
            "count": None,
            "sum": None,
            "bucket_counts": [],
            "bounds": [],
            "attributes": {},
            "resource_attributes": RESOURCE,
            "received_at": RECEIVED_NS,
        }
    ]


def test_gauge_has_values() -> None:
    """Integers and doubles; what is no number is NULL."""
    assert [(row["value"], row["attributes"]) for row in _rows(GAUGE)] == [
        (0.5, {"gpu": "0"}),
        (1.0, {"gpu": "1"}),
        (None, {"gpu": "2"}),
    ]


def test_histogram_has_buckets() -> None:
    """Counts of 64 bits; a sum that was not sent is NULL."""
    assert [(row["count"], row["sum"], row["bucket_counts"], row["bounds"]) for row in _rows(HISTOGRAM)] == [
        (2**63, 4.5, [1, 2**63], [0.1]),
        (1, None, [], []),
    ]


@pytest.mark.parametrize("metric", [EXPONENTIAL, SUMMARY], ids=["exponential histogram", "summary"])
def test_other_kinds_have_count_and_sum(metric: Metric) -> None:
    """Without their buckets and quantiles."""
    assert [(row["kind"], row["count"], row["sum"]) for row in _rows(metric)] == [(metric.WhichOneof("data"), 3, 1.0)]


def test_point_is_rejected_when_its_time_cannot_be_held() -> None:
    """The others are stored."""
    far = Metric(name="far", gauge=Gauge(data_points=[NumberDataPoint(as_int=1, time_unix_nano=2**63)]))
    valid = metric_points.request(otlp.metrics(far, SUM, Metric(name="none")).SerializeToString())

    assert (valid.items, valid.rejected, "2262" in valid.reason) == (1, 1, True)
    assert [row["name"] for row in metric_points.rows([valid.body], "", RECEIVED_NS)] == ["tokens"]


def test_body_that_is_no_request_is_rejected() -> None:
    """With what was expected."""
    with pytest.raises(RejectedData, match="no OTLP ExportMetricsServiceRequest"):
        metric_points.request(b"hello")


def test_points_sent_twice_are_stored_once(store: Store, project: str) -> None:
    """And come back as they were."""
    for _ in range(2):
        store.insert("metric_points", _rows(GAUGE, SUM, HISTOGRAM, EXPONENTIAL, SUMMARY, project=project))

    found = store.rows(
        "SELECT name, toUnixTimestamp64Nano(time) AS time_ns, value, count, bucket_counts, bounds, attributes "
        "FROM metric_points_once WHERE project = {project:String} ORDER BY name, time, value",
        {"project": project},
    )

    assert [row["name"] for row in found] == ["fine", *3 * ["gpu.utilisation"], "old", "queue", "queue", "tokens"]
    assert found[5] == {
        "name": "queue",
        "time_ns": otlp.NOON_NS,
        "value": None,
        "count": 2**63,
        "bucket_counts": [1, 2**63],
        "bounds": [0.1],
        "attributes": {},
    }


def test_points_of_many_days_are_stored_in_one_block(store: Store, project: str) -> None:
    """More than the engine allows by default."""
    days = [NumberDataPoint(as_int=day, time_unix_nano=otlp.NOON_NS - day * 86400 * otlp.SECOND) for day in range(150)]
    store.insert("metric_points", _rows(Metric(name="m", gauge=Gauge(data_points=days)), project=project))

    assert store.rows(
        "SELECT count() AS points FROM metric_points_once WHERE project = {project:String}", {"project": project}
    ) == [{"points": 150}]
