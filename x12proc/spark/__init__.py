"""837 files as a Spark data source: one row per target line, or target claim, with its findings.

    import x12proc.spark
    x12proc.spark.register(spark)
    lines = spark.read.format("x12_837").option("profile", "medicare-b").load("/archive/2024/*.edi")

Needs the extra ``spark``. docs/spark.md has the options, the columns and how it runs on a cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from x12proc.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FORMAT = "x12_837"


def register(spark: SparkSession) -> None:
    """Register the format ``x12_837`` with a session, classic or Spark Connect.

    Raises ConfigError when pyspark or pyarrow is missing. The processes that read must find x12proc as well.
    """
    try:
        from x12proc.spark.source import X12Source  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        if (error.name or "").startswith("x12proc"):
            raise
        raise ConfigError(f"{error.name} is missing: pip install 'x12proc[spark]'") from None
    spark.dataSource.register(X12Source)
