"""Prometheus metrics. Labels are rule ids, states and route patterns, never a value of a claim or person."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from x12proc.service.jobs.file_job import FileResult

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one service since it started."""

    def __init__(self, queue_depth: Callable[[], float], slots: float) -> None:
        registry = self._registry = CollectorRegistry()
        self._files = Counter("x12proc_files", "Files scrubbed, by status.", ["status"], registry=registry)
        self._claims = Counter("x12proc_claims", "Claims, by kind.", ["kind"], registry=registry)
        self._unchecked = Counter(
            "x12proc_unchecked_lines", "Lines not checked in full, by the table.", ["table"], registry=registry
        )
        self._findings = Counter("x12proc_findings", "Findings, by rule only.", ["rule"], registry=registry)
        self._seconds = Histogram(
            "x12proc_scrub_seconds", "From a file's arrival to its result.", buckets=_SECONDS, registry=registry
        )
        self._responses = Counter(
            "x12proc_http_responses",
            "HTTP responses, by route and status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._refused = Counter("x12proc_files_refused", "Files refused: queue full.", registry=registry)
        depth = Gauge("x12proc_queue_depth", "Files being received, waiting or in progress.", registry=registry)
        depth.set_function(queue_depth)
        Gauge("x12proc_queue_capacity", "Limit of x12proc_queue_depth.", registry=registry).set(slots)

    def file_scrubbed(self, done: FileResult) -> None:
        """Count a scrubbed file."""
        summary = done.summary
        self._files.labels(done.status).inc()
        self._claims.labels("all").inc(summary["claims"])
        self._claims.labels("target").inc(summary["target_claims"])
        self._claims.labels("rejected").inc(summary["rejected_claims"])
        for table, count in summary["unchecked"]["by_reason"].items():
            self._unchecked.labels(table).inc(count)
        for rule, count in summary["by_rule"].items():
            self._findings.labels(rule).inc(count)
        self._seconds.observe(done.seconds)

    def queue_full(self) -> None:
        """Count a file that was refused because the queue is full."""
        self._refused.inc()

    def response(self, method: str, route: str, status: int) -> None:
        """Count an HTTP response."""
        self._responses.labels(method, route, str(status)).inc()

    def text(self) -> bytes:
        """Return all metrics in Prometheus text format."""
        return generate_latest(self._registry)
