"""The pages of S3: folders, objects, and reports as they are."""

from __future__ import annotations

import re

import pytest
from tests.contract.conftest import Client
from tests.contract.console.browser import ROOT, Browser


def test_folders_and_objects_are_found_by_clicking(browser: Browser, client: Client, bucket: str) -> None:
    s3 = client("s3")
    for key in ("a/1.txt", "a/b/2.txt", "a/b/3.txt", "a0.txt", "top.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert bucket in browser.get(f"{ROOT}/s3/buckets").text
    top = browser.get(f"{ROOT}/s3/buckets/{bucket}").text
    shown = re.findall(r"<tr><td><a [^>]*>([^<]*)</a>", top)
    assert shown == ["a/", "a0.txt", "top.txt"]
    inner = browser.get(f"{ROOT}/s3/buckets/{bucket}?prefix=a/").text
    assert re.findall(r"<tr><td><a [^>]*>([^<]*)</a>", inner) == ["b/", "1.txt"]


@pytest.mark.parametrize(
    ("key", "body", "shown"),
    [
        ("x/table.csv", b"name,score\nada,1.5\n", "<th>score</th>"),
        ("x/bare.csv", b"1,2\n3,4\n", "<td>3</td>"),
        ("x/metrics.json", b'{"accuracy": 0.9, "data": "s3://b/k"}', f'href="{ROOT}/s3/object/b?prefix=k"'),
        ("x/broken.json", b'{"accuracy": ', "It is no readable .json"),
        ("x/broken.parquet", b"PAR1", "It is no readable .parquet"),
        ("x/notes.txt", b"<script>alert(1)</script>", "&lt;script&gt;alert(1)"),
        ("x/report.html", b"<h1>Report</h1>", "<iframe "),
        ("x/model.bin", b"\0\1\2", "has no preview"),
        ("x/empty.csv", b"", "empty"),
    ],
)
def test_an_object_shows_its_contents(
    browser: Browser, client: Client, bucket: str, key: str, body: bytes, shown: str
) -> None:
    client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    answer = browser.get(f"{ROOT}/s3/object/{bucket}?prefix={key}")
    assert answer.status == 200
    assert shown in answer.text


def test_a_report_is_served_as_it_is_apart_from_the_console(
    browser: Browser, stranger: Browser, client: Client, bucket: str
) -> None:
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="m/e/job/report.html", Body=b"<h1>Report</h1><img src='p.png'>")
    s3.put_object(Bucket=bucket, Key="m/e/job/p.png", Body=b"\x89PNG")
    s3.put_object(Bucket=bucket, Key="m/e/other/secret.txt", Body=b"1")
    (source,) = re.findall(
        r'<iframe src="([^"]*)"', browser.get(f"{ROOT}/s3/object/{bucket}?prefix=m/e/job/report.html").text
    )
    report = stranger.get(source)  # a page without our cookie, as a frame that is cut off from us is
    assert (report.status, report.text) == (200, "<h1>Report</h1><img src='p.png'>")
    assert report.headers["content-type"] == "text/html; charset=utf-8"
    assert report.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in report.headers["content-security-policy"]
    assert report.headers["referrer-policy"] == "no-referrer"
    picture = stranger.get(source.replace("report.html", "p.png"))
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    assert stranger.get(source.replace("job/report.html", "other/secret.txt")).status == 403
    assert stranger.get(source.replace("job/report.html", "job/../other/secret.txt")).status in (403, 404)
