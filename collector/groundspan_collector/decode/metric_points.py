"""Metrics of OTLP -> one row per data point. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    SummaryDataPoint,
)

from groundspan_collector.decode import structured
from groundspan_collector.decode.identity import project_of
from groundspan_collector.decode.validate import TIME_FAULT, Request, message

Row: TypeAlias = dict[str, object]
Point: TypeAlias = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint

_TEMPORALITIES: Final = {1: "delta", 2: "cumulative"}


def request(body: bytes) -> Request:
    """Check *body*, an uncompressed ExportMetricsServiceRequest.

    Points that cannot be stored are counted, and left out by rows(). Raises RejectedData where it is no such message.
    """
    export = message(body, ExportMetricsServiceRequest)
    points = [point for _, metric in _metrics(export) for point in _points(metric)]
    rejected = sum(1 for point in points if not _is_storable(point))
    return Request(body, len(points) - rejected, rejected, TIME_FAULT if rejected else "")


def rows(bodies: Sequence[bytes], project: str, received_at_ns: int) -> list[Row]:
    """The rows of requests that request() gave; *project*, if not empty, wins over what they say."""
    return [
        _row(metric, point, resource, project, received_at_ns)
        for body in bodies
        for resource, metric in _metrics(ExportMetricsServiceRequest.FromString(body))
        for point in _points(metric)
        if _is_storable(point)
    ]


def _metrics(export: ExportMetricsServiceRequest) -> Iterator[tuple[Mapping[str, str], Metric]]:
    for resource_metrics in export.resource_metrics:
        resource = structured.texts(resource_metrics.resource.attributes)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                yield resource, metric


def _points(metric: Metric) -> Iterable[Point]:
    match metric.WhichOneof("data"):
        case "gauge":
            return metric.gauge.data_points
        case "sum":
            return metric.sum.data_points
        case "histogram":
            return metric.histogram.data_points
        case "exponential_histogram":
            return metric.exponential_histogram.data_points
        case "summary":
            return metric.summary.data_points
        case _:
            return ()


def _is_storable(point: Point) -> bool:
    return not (point.time_unix_nano >> 63 or point.start_time_unix_nano >> 63)


def _row(metric: Metric, point: Point, resource: Mapping[str, str], project: str, received_at_ns: int) -> Row:
    return {
        "project": project_of(project, resource),
        "service": resource.get("service.name", ""),
        "name": metric.name,
        "unit": metric.unit,
        "kind": metric.WhichOneof("data"),
        "temporality": _temporality(metric),
        "is_monotonic": metric.sum.is_monotonic,
        "time": point.time_unix_nano,
        "start_time": point.start_time_unix_nano,
        "attributes": structured.texts(point.attributes),
        "resource_attributes": dict(resource),
        "received_at": received_at_ns,
    } | _measured(point)


def _temporality(metric: Metric) -> str:
    match metric.WhichOneof("data"):
        case "sum":
            return _TEMPORALITIES.get(metric.sum.aggregation_temporality, "")
        case "histogram":
            return _TEMPORALITIES.get(metric.histogram.aggregation_temporality, "")
        case "exponential_histogram":
            return _TEMPORALITIES.get(metric.exponential_histogram.aggregation_temporality, "")
        case _:
            return ""


def _measured(point: Point) -> Row:
    """What a point says: a value, or a count, a sum and, of a histogram, its buckets."""
    if isinstance(point, NumberDataPoint):
        value = {"as_int": float(point.as_int), "as_double": _finite(point.as_double)}.get(
            point.WhichOneof("value") or ""
        )
        return {"value": value, "count": None, "sum": None, "bucket_counts": [], "bounds": []}
    # Of an exponential histogram and of a summary the buckets and quantiles are left out: no report reads them.
    counts, bounds = ([], []) if not isinstance(point, HistogramDataPoint) else _buckets(point)
    total = point.sum if isinstance(point, SummaryDataPoint) or point.HasField("sum") else math.nan
    return {"value": None, "count": point.count, "sum": _finite(total), "bucket_counts": counts, "bounds": bounds}


def _buckets(point: HistogramDataPoint) -> tuple[list[int], list[float]]:
    return list(point.bucket_counts), list(point.explicit_bounds)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
