"""Spark jobs for tests, each in a process of its own: python spark_jobs.py local|cluster|connect FOLDER

What they find is printed as one line of JSON at the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

# The processes that read must be of the Python that has x12proc.
os.environ["PYSPARK_PYTHON"] = sys.executable

from pyspark.sql import DataFrame, SparkSession, functions

import x12proc.spark

AS_OF = "2024-04-01"


def session(master: str) -> SparkSession:
    """A session that knows the format; a remote one for ``connect``."""
    builder = SparkSession.builder
    builder = builder.remote("local[2]") if master == "connect" else builder.master(master)
    quiet = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.executor.memory": "1g"}
    for key, value in quiet.items() if master != "connect" else ():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    x12proc.spark.register(spark)
    return spark


def load(spark: SparkSession, path: str | list[str], **options: Any) -> DataFrame:
    """Some files as a table."""
    reader = spark.read.format("x12_837").option("as_of", AS_OF)
    for name, value in options.items():
        reader = reader.option(name, value)
    return reader.load(path)


def totals(table: DataFrame) -> dict[str, Any]:
    """The totals of a table: claims, lines, charges, findings by rule, errors by code."""
    good = table.where("error is null")
    claims = good.select("file", "byte_offset", "rejected", "claim_charge").distinct()
    counted = claims.agg(
        functions.count("*").alias("claims"),
        functions.sum(functions.col("rejected").cast("int")).alias("rejected"),
        functions.sum("claim_charge").cast("string").alias("charges"),
    ).first()
    assert counted is not None
    rules = good.select(functions.explode("findings.rule").alias("rule")).groupBy("rule").count().collect()
    errors = table.where("error is not null").groupBy("file", "error.code").count().collect()
    return {
        "claims": counted["claims"],
        "rejected": counted["rejected"] or 0,
        "charges": counted["charges"],
        "lines": good.count(),
        "by_rule": {row["rule"]: row["count"] for row in rules},
        "errors": sorted([Path(row["file"]).name, row["code"]] for row in errors),
    }


def local(folder: Path) -> dict[str, Any]:
    """In one JVM: all kinds of inputs and options."""
    spark = session("local[2]")
    reported: dict[str, Any] = {}
    for name in ("demo", "broken", "several.edi", "packed/*"):
        reported[name] = totals(load(spark, str(folder / name)))
    big = load(spark, str(folder / "several.edi"), partition_bytes=5_000)
    reported["split"] = totals(big)
    reported["tasks"] = big.rdd.getNumPartitions()
    reported["places"] = locations(load(spark, str(folder / "several.edi")))
    reported["split places"] = locations(big)
    by_claim = load(spark, f"{folder}/demo/*.edi", rows="claims")
    reported["claims"] = {
        "rows": by_claim.count(),
        "lines": by_claim.agg(functions.sum("lines")).first()[0],  # type: ignore[index]  # there is a row
        "findings": by_claim.select(functions.explode("findings")).count(),
    }
    reported["profile"] = (
        load(spark, str(folder / "demo"), profile="medicare-b").select("profile").distinct().count()
    )
    reported["several paths"] = load(spark, [str(folder / "demo"), str(folder / "several.edi")]).count()
    reported["said"] = {
        "fail": said(lambda: load(spark, str(folder / "broken"), on_error="fail").count()),
        "fail split": said(
            lambda: load(spark, str(folder / "cut.edi"), on_error="fail", partition_bytes=5000).count()
        ),
        "option": said(lambda: load(spark, str(folder / "demo"), color="red").count()),
        "profile": said(lambda: load(spark, str(folder / "demo"), profile="nobody").count()),
        "path": said(lambda: load(spark, str(folder / "nowhere")).count()),
    }
    return reported


def locations(table: DataFrame) -> list[list[Any]]:
    """Where claims and findings stand."""
    rows = table.where("error is null").select("byte_offset", "segment_index", "line", "findings.byte_offset")
    return sorted([*row[:3], list(row[3])] for row in rows.collect())


def said(job: Any) -> str:
    """What a job that fails says."""
    try:
        job()
    except Exception as error:
        return str(error)
    return ""


def cluster(folder: Path) -> dict[str, Any]:
    """On a cluster of two executors, of which one is killed midway."""
    spark = session("local-cluster[2,1,1024]")
    table = load(spark, str(folder / "big.edi"), partition_bytes=150_000, rows="claims", conformance="off")
    killed: list[int] = []
    killer = threading.Thread(target=kill_one, args=(spark, killed))
    killer.start()
    found = [
        list(row)
        for row in table.select(functions.explode("findings.rule").alias("rule")).groupBy("rule").count().collect()
    ]
    killer.join()
    return {"by_rule": dict(found), "claims": table.count(), "killed": len(killed)}


def kill_one(spark: SparkSession, killed: list[int]) -> None:
    """Kill an executor once some tasks are done."""
    tracker = spark.sparkContext.statusTracker()
    until = time.monotonic() + 120
    while time.monotonic() < until:
        stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        if any(stage is not None and stage.numCompletedTasks >= 2 for stage in stages):
            victim = executor(spark)
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)
            return
        time.sleep(0.05)


def executor(spark: SparkSession) -> int:
    """The process of an executor of this very session."""
    driver = f"CoarseGrainedScheduler@.*:{spark.sparkContext.getConf().get('spark.driver.port')}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            command = (process / "cmdline").read_bytes()
            if b"java" in command and re.search(driver, command):
                return int(process.name)
    raise LookupError("there is no executor")


def connect(folder: Path) -> dict[str, Any]:
    """Through Spark Connect."""
    spark = session("connect")
    return {"demo": totals(load(spark, str(folder / "demo")))}


if __name__ == "__main__":
    JOBS = {"local": local, "cluster": cluster, "connect": connect}
    print("\n" + json.dumps(JOBS[sys.argv[1]](Path(sys.argv[2]))), flush=True)  # noqa: T201
    os._exit(0)  # Spark Connect's server would outlive us for a while
