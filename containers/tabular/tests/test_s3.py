"""One object from S3, whole or with a reason."""

import http.server
import io
import threading
from pathlib import Path
from typing import Any

import pytest

from tabular.s3 import DownloadError, download


@pytest.mark.parametrize("region", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_an_object_is_read_whatever_stands_in_its_key(
    s3: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    folder, environment = s3
    (folder / "bucket").mkdir()
    (folder / "bucket" / "a b+é#?.txt").write_bytes(b"content")
    for name, value in {**environment, region: "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    file = io.BytesIO()
    download("s3://bucket/a b+é#?.txt", file)
    assert file.getvalue() == b"content"


def test_an_answer_cut_short_is_an_error_not_half_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b"cont")

        def log_message(self, *_: Any) -> None:
            """Keep the test's output to the test."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        for name, value in {**keys, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "eu-west-1"}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(DownloadError, match="4 read, but total bytes expected is 7"):
            download("s3://bucket/key", io.BytesIO())
        server.shutdown()


def test_without_keys_the_reason_is_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(DownloadError, match="Unable to locate credentials"):
        download("s3://bucket/key", io.BytesIO())
