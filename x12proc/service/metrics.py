"""Numbers for Prometheus. Labels are rule ids, states and route patterns: nothing of a claim or person."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from x12proc.service.jobs.file_job import FileDone

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one service, since it started."""

    def __init__(self, queue: Callable[[], float], room: float) -> None:
        registry = self._registry = CollectorRegistry()
        self._files = Counter("x12proc_files", "Files scrubbed, by status.", ["status"], registry=registry)
        self._claims = Counter("x12proc_claims", "Claims, by kind.", ["kind"], registry=registry)
        self._findings = Counter(
            "x12proc_findings", "Findings, by rule and not by anything else.", ["rule"], registry=registry
        )
        self._seconds = Histogram(
            "x12proc_scrub_seconds", "From a file's arrival to its result.", buckets=_SECONDS, registry=registry
        )
        self._answers = Counter(
            "x12proc_http_answers",
            "Answers, by route and status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._refused = Counter("x12proc_files_refused", "Files turned away: no room.", registry=registry)
        depth = Gauge("x12proc_queue_depth", "Files being received, waiting or at work.", registry=registry)
        depth.set_function(queue)
        Gauge("x12proc_queue_room", "How many files that may be.", registry=registry).set(room)

    def file(self, done: FileDone) -> None:
        """A file that was scrubbed."""
        summary = done.summary
        self._files.labels(done.status).inc()
        self._claims.labels("all").inc(summary["claims"])
        self._claims.labels("target").inc(summary["target_claims"])
        self._claims.labels("rejected").inc(summary["rejected_claims"])
        for rule, count in summary["by_rule"].items():
            self._findings.labels(rule).inc(count)
        self._seconds.observe(done.seconds)

    def full(self) -> None:
        """A file that was turned away."""
        self._refused.inc()

    def answer(self, method: str, route: str, status: int) -> None:
        """An answer that was given."""
        self._answers.labels(method, route, str(status)).inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
