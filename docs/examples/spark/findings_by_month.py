"""Findings by payer and month of service, over an archive of 837 files, as Parquet.

python findings_by_month.py '/archive/*.edi' findings-by-month
spark-submit --master yarn --archives env.tar.gz#environment findings_by_month.py '/archive/*.edi' /out/findings
"""

from __future__ import annotations

import os
import sys

# On one machine the tasks run under this very Python; spark-submit says which one they run under elsewhere.
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

from pyspark.sql import SparkSession, functions

import x12proc.spark


def main(archive: str, target: str) -> None:
    """Read an archive, write one row a payer, month, rule and severity."""
    spark = SparkSession.builder.appName("findings by payer and month").getOrCreate()
    x12proc.spark.register(spark)
    lines = spark.read.format("x12_837").option("conformance", "off").load(archive)
    failed = lines.where("error is not null").select("file").distinct()
    found = (
        lines.where("error is null")
        .join(failed, "file", "left_anti")  # nothing of a file that failed counts
        .withColumn("month", functions.date_format("service_date", "yyyy-MM"))
        .withColumnRenamed("byte_offset", "claim_at")
        .select("payer_id", "payer_name", "month", "file", "claim_at", functions.inline("findings"))
        .groupBy("payer_id", "payer_name", "month", "rule", "severity")
        .agg(functions.count("*").alias("findings"), functions.countDistinct("file", "claim_at").alias("claims"))
    )
    found.write.mode("overwrite").parquet(target)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:3])
