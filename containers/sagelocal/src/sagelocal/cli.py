"""The `sagelocal` command."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sagelocal import sdk
from sagelocal.faults import command

ISOLATIONS = {
    "namespace": "by mount namespaces of this system",
    "relocate": "by paths that lead elsewhere, for this system has no mount namespaces for us or none were wanted",
}


def parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    root = argparse.ArgumentParser(prog="sagelocal", description="The AWS that SageMaker pipelines need, here.")
    commands = root.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the server until SIGTERM or Ctrl-C")
    serve.add_argument("--state", type=Path, required=True, help="the folder that holds everything")
    serve.add_argument("--port", type=int, default=0, help="default: a free one")
    serve.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="where to listen; 0.0.0.0: everywhere")
    serve.add_argument(
        "--accept-host", action="append", default=[], metavar="NAME", help="serve clients that call it by this name too"
    )
    serve.add_argument("--images", type=Path, default=Path("containers"), help="the folder of image folders")
    serve.add_argument("--isolation", choices=("auto", "namespace", "relocate"), default="auto")
    serve.add_argument(
        "--engine",
        default="none",
        metavar="COMMAND",
        help="run the real images as containers of docker, podman or a command like them; default: none, as processes",
    )
    serve.add_argument("--region", default="us-east-1")
    serve.add_argument("--offline-store-lag", type=float, default=0.0, metavar="SECONDS")
    serve.add_argument(
        "--role", action="append", default=[], metavar="NAME", help="an IAM role that is there, for SageMaker to assume"
    )
    serve.add_argument(
        "--file-system",
        action="append",
        default=[],
        type=file_system,
        metavar="ID=DIR",
        help="a folder that stands for an EFS or FSx file system, such as fs-0123456789abcdef0=/data; may be repeated",
    )
    serve.add_argument(
        "--stop-grace", type=float, default=120.0, metavar="SECONDS", help="from SIGTERM to SIGKILL of a stopped job"
    )
    serve.add_argument("--faults", action="store_true", help="let the owner of the keys arm faults: `sagelocal faults`")
    command.add_parser(commands)
    coverage = commands.add_parser("coverage", help="say which operations are real, moto's or missing")
    coverage.add_argument("service", nargs="?", help="list the operations of one service, such as sagemaker")
    coverage.add_argument("--markdown", action="store_true", help="as the tables of the README")
    isolation = commands.add_parser("isolation", help="say how a job gets an /opt/ml of its own on this machine")
    isolation.add_argument("--isolation", choices=("auto", "namespace", "relocate"), default="auto")
    images = commands.add_parser("images", help="build an image's environment before a job wants it")
    images.add_argument("action", choices=("build",))
    images.add_argument("name", help="the image's folder under --images")
    images.add_argument("--state", type=Path, required=True)
    images.add_argument("--images", type=Path, default=Path("containers"))
    env = commands.add_parser("env", help="print the environment that points AWS clients at the server")
    env.add_argument("--state", type=Path, required=True)
    console = commands.add_parser("console", help="print a link that opens the server's pages in a browser, once")
    console.add_argument("--state", type=Path, required=True)
    health = commands.add_parser("health", help="ask the server, as a client would; exit code 1 unless it answers")
    health.add_argument("--state", type=Path, required=True)
    return root


def file_system(text: str) -> tuple[str, Path]:
    """Return the id and the folder of a `--file-system`; argparse tells the ValueError of a text that is none."""
    name, _, folder = text.partition("=")
    if not name.startswith("fs-") or not Path(folder).is_dir() or not folder:
        raise argparse.ArgumentTypeError(f"{text!r} is not ID=DIR with the id of a file system, fs-..., and a folder")
    return name, Path(folder).resolve()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(arguments)
    return COMMANDS[options.command](options)


def serve(options: argparse.Namespace) -> int:
    """Run `sagelocal serve`."""
    from sagelocal import server  # an import of some 0.5 s that `env` does without
    from sagelocal.jobs.engines.engine import EngineError
    from sagelocal.jobs.isolation import IsolationError
    from sagelocal.state import StateError

    settings = server.Settings(
        state=options.state.resolve(),
        images=options.images.resolve(),
        port=options.port,
        listen=options.listen,
        hosts=frozenset(name.lower() for name in options.accept_host),
        region=options.region,
        isolation=options.isolation,
        offline_store_lag=options.offline_store_lag,
        roles=tuple(options.role),
        file_systems=dict(options.file_system),
        stop_grace=options.stop_grace,
        faults=options.faults,
        engine=options.engine,
    )
    try:
        server.serve(settings, lambda url: print(f"sagelocal is ready at {url}", flush=True))
    except (StateError, server.CredentialsError, IsolationError, EngineError, OSError) as error:
        return _failed(error)
    return 0


def isolation(options: argparse.Namespace) -> int:
    """Run `sagelocal isolation`."""
    from sagelocal.jobs.isolation import IsolationError, choose

    try:
        found = choose(options.isolation)
    except IsolationError as error:
        return _failed(error)
    confined = "; Landlock lets it write to its own folders alone" if found.confined else ""
    print(f"{found.mode}, {ISOLATIONS[found.mode]}{confined}")
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


def coverage(options: argparse.Namespace) -> int:
    """Run `sagelocal coverage`."""
    from sagelocal import coverage as found

    try:
        print(found.markdown() if options.markdown else found.text(options.service))
    except LookupError as error:
        return _failed(error)
    return 0


def _failed(reason: Exception) -> int:
    print(f"sagelocal: {reason}", file=sys.stderr)
    return 1


def env(options: argparse.Namespace) -> int:
    """Run `sagelocal env`."""
    variables = _variables(options.state)
    if variables is None:
        return 1
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def health(options: argparse.Namespace) -> int:
    """Run `sagelocal health`."""
    variables = _variables(options.state)
    if variables is None:
        return 1
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    from sagelocal.jobs.engines.client import ask
    from sagelocal.jobs.engines.engine import EngineError

    s3 = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
    )
    try:
        s3.list_buckets()
        if (engine := json.loads((options.state / "endpoint.json").read_text()).get("engine", "none")) != "none":
            ask(engine)
    except (BotoCoreError, ClientError, EngineError) as error:
        return _failed(error)
    print(f"sagelocal answers at {variables['AWS_ENDPOINT_URL']}")
    return 0


def console(options: argparse.Namespace) -> int:
    """Run `sagelocal console`."""
    variables = _variables(options.state)
    if variables is None:
        return 1
    from sagelocal.console.session import login_link

    print(login_link(variables["AWS_ENDPOINT_URL"], variables["AWS_SECRET_ACCESS_KEY"]))
    return 0


def faults(options: argparse.Namespace) -> int:
    """Run `sagelocal faults`."""
    variables = _variables(options.state)
    return 1 if variables is None else command.run(options, variables)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "serve": serve,
    "console": console,
    "coverage": coverage,
    "env": env,
    "faults": faults,
    "health": health,
    "images": images,
    "isolation": isolation,
}


def _variables(state: Path) -> dict[str, str] | None:
    """Return what points a client at the server of a state folder; without one, say so and return None."""
    try:
        endpoint = json.loads((state / "endpoint.json").read_text())
        keys = json.loads((state / "credentials.json").read_text())
    except FileNotFoundError as error:
        print(f"sagelocal: no server was ever ready in {state}: {error.filename} is missing.", file=sys.stderr)
        return None
    return {
        "AWS_ENDPOINT_URL": endpoint["endpoint_url"],
        "AWS_ACCESS_KEY_ID": keys["access_key"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_key"],
        "AWS_DEFAULT_REGION": endpoint["region"],
        "AWS_REGION": endpoint["region"],
        "AWS_ACCOUNT_ID": endpoint["account"],
        sdk.VARIABLE: str((state / sdk.FILE).resolve()),
    }
