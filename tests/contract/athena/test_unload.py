"""UNLOAD: files, manifest, and the checksum of what was written.

https://docs.aws.amazon.com/athena/latest/ug/unload.html
"""

from __future__ import annotations

import gzip
from typing import Any

import pytest

pytestmark = pytest.mark.unverified


def test_unload_writes_files_a_manifest_and_their_count(queries: Any) -> None:
    target = f"s3://{queries.bucket}/unloaded/"
    execution = queries.run(
        "UNLOAD (SELECT n, CAST(n AS varchar) AS text, sum(n) OVER () AS total FROM UNNEST(sequence(1, 1000)) AS t(n)) "
        f"TO '{target}' WITH (format = 'PARQUET', compression = 'SNAPPY')"
    )
    manifest = execution["Statistics"]["DataManifestLocation"]
    assert manifest == f"s3://{queries.bucket}/results/{execution['QueryExecutionId']}-manifest.csv"
    uris = queries.text(manifest).split()
    listed = queries.s3.list_objects_v2(Bucket=queries.bucket, Prefix="unloaded/")["Contents"]
    assert sorted(uris) == sorted(f"s3://{queries.bucket}/{item['Key']}" for item in listed)
    answer = queries.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert (answer["UpdateCount"], answer["ResultSet"]["Rows"]) == (1000, [])
    queries.create("unloaded", "n int, text string, total bigint", "unloaded")
    assert queries.rows("SELECT count(*), sum(n), max(total), max(text) FROM unloaded") == [
        ("1000", "500500", "500500", "999")
    ]


def test_unload_wants_an_empty_place(queries: Any) -> None:
    statement = f"UNLOAD (SELECT 1 AS n) TO 's3://{queries.bucket}/taken/' WITH (format = 'PARQUET')"
    queries.run(statement)
    before = queries.s3.list_objects_v2(Bucket=queries.bucket, Prefix="taken/")["KeyCount"]
    reason = queries.fail(statement)
    assert reason.startswith("HIVE_PATH_ALREADY_EXISTS: Target directory")
    assert queries.s3.list_objects_v2(Bucket=queries.bucket, Prefix="taken/")["KeyCount"] == before


def test_unload_of_no_rows_leaves_an_empty_manifest(queries: Any) -> None:
    execution = queries.run(
        f"UNLOAD (SELECT 1 AS n WHERE 1 = 0) TO 's3://{queries.bucket}/none/' WITH (format = 'PARQUET')"
    )
    assert queries.text(execution["Statistics"]["DataManifestLocation"]) == ""
    assert queries.s3.list_objects_v2(Bucket=queries.bucket, Prefix="none/")["KeyCount"] == 0


def test_unload_puts_partitions_into_folders(queries: Any) -> None:
    queries.run(
        "UNLOAD (SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'b')) AS t(n, kind)) "
        f"TO 's3://{queries.bucket}/parted/' WITH (format = 'PARQUET', partitioned_by = ARRAY['kind'])"
    )
    queries.create("parted", "n int", "parted", "PARTITIONED BY (kind string) STORED AS PARQUET")
    queries.run("MSCK REPAIR TABLE parted")
    assert queries.rows("SELECT kind, sum(n) FROM parted GROUP BY kind ORDER BY kind") == [("a", "1"), ("b", "5")]


def test_unload_as_text_writes_fields_as_they_stand(queries: Any) -> None:
    execution = queries.run(
        """UNLOAD (SELECT * FROM (VALUES ('"a, b",1.5'), (NULL)) AS t(line)) """
        f"TO 's3://{queries.bucket}/text/' WITH (format = 'TEXTFILE', field_delimiter = ',')"
    )
    uris = queries.text(execution["Statistics"]["DataManifestLocation"]).split()
    keys = [uri.removeprefix(f"s3://{queries.bucket}/") for uri in uris]
    assert all(key.endswith(".gz") for key in keys)
    files = [queries.s3.get_object(Bucket=queries.bucket, Key=key)["Body"].read() for key in keys]
    assert sorted(b"".join(gzip.decompress(file) for file in files).splitlines()) == [b'"a, b",1.5', b"\\N"]


def test_a_checksum_is_the_same_for_other_files_of_the_same_rows(queries: Any) -> None:
    queries.put_parquet("one/a", {"n": [1, 2, 2, None], "s": ["x", None, "y", "z"]})
    queries.put_parquet("two/b", {"n": [2, None], "s": ["y", "z"]})
    queries.put_parquet("two/c", {"n": [2, 1], "s": [None, "x"]})
    queries.put_parquet("three/d", {"n": [1, 2, None], "s": ["x", None, "z"]})
    for name in ("one", "two", "three"):
        queries.create(name, "n bigint, s string", name)
    one, two, three = (
        queries.rows(f"SELECT to_hex(checksum(row(n, s))) AS hash FROM {name}") for name in ("one", "two", "three")
    )
    assert one == two
    assert one != three
    assert len(str(one[0][0])) == 16
