"""The `sagelocal` command."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    root = argparse.ArgumentParser(prog="sagelocal", description="The AWS that SageMaker pipelines need, here.")
    commands = root.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the server until SIGTERM or Ctrl-C")
    serve.add_argument("--state", type=Path, required=True, help="the folder that holds everything")
    serve.add_argument("--port", type=int, default=0, help="default: a free one")
    serve.add_argument("--images", type=Path, default=Path("containers"), help="the folder of image folders")
    serve.add_argument("--isolation", choices=("auto", "namespace", "relocate"), default="auto")
    serve.add_argument("--region", default="us-east-1")
    serve.add_argument("--offline-store-lag", type=float, default=0.0, metavar="SECONDS")
    images = commands.add_parser("images", help="build an image's environment before a job wants it")
    images.add_argument("action", choices=("build",))
    images.add_argument("name", help="the image's folder under --images")
    images.add_argument("--state", type=Path, required=True)
    images.add_argument("--images", type=Path, default=Path("containers"))
    env = commands.add_parser("env", help="print the environment that points AWS clients at the server")
    env.add_argument("--state", type=Path, required=True)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(arguments)
    return {"serve": serve, "env": env, "images": images}[options.command](options)


def serve(options: argparse.Namespace) -> int:
    """Run `sagelocal serve`."""
    from sagelocal import server  # an import of some 0.5 s that `env` does without
    from sagelocal.jobs.isolation import IsolationError

    settings = server.Settings(
        state=options.state.resolve(),
        images=options.images.resolve(),
        port=options.port,
        region=options.region,
        isolation=options.isolation,
        offline_store_lag=options.offline_store_lag,
    )
    try:
        server.serve(settings, lambda url: print(f"sagelocal is ready at {url}", flush=True))
    except (server.StateFolderInUseError, IsolationError, OSError) as error:
        return _failed(error)
    return 0


def images(options: argparse.Namespace) -> int:
    """Run `sagelocal images build`."""
    from sagelocal.errors import AwsError
    from sagelocal.jobs.images import ImageBuildError, build

    try:
        print(build(options.images.resolve(), options.state.resolve(), options.name))
    except (AwsError, ImageBuildError) as error:
        return _failed(error)
    return 0


def _failed(reason: Exception) -> int:
    print(f"sagelocal: {reason}", file=sys.stderr)
    return 1


def env(options: argparse.Namespace) -> int:
    """Run `sagelocal env`."""
    try:
        endpoint = json.loads((options.state / "endpoint.json").read_text())
        keys = json.loads((options.state / "credentials.json").read_text())
    except FileNotFoundError as error:
        print(f"sagelocal: no server was ever ready in {options.state}: {error.filename} is missing.", file=sys.stderr)
        return 1
    variables = {
        "AWS_ENDPOINT_URL": endpoint["endpoint_url"],
        "AWS_ACCESS_KEY_ID": keys["access_key"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_key"],
        "AWS_DEFAULT_REGION": endpoint["region"],
        "AWS_REGION": endpoint["region"],
        "AWS_ACCOUNT_ID": endpoint["account"],
    }
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
