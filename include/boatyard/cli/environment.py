"""The environments of the local stack's processes, and of any client that is to reach it."""

import os
import subprocess
import sys
from pathlib import Path

from boatyard.cli.home import Home, StackError

USER = "admin"
ROLE = "boatyard-execution"

# Whatever the caller's shell points at, the stack's processes reach the stack and nothing else.
_FOREIGN = ("AWS_", "AIRFLOW_", "BOATYARD_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")

# Variables that would outrank or confuse the ones we print, in a shell that works with an account of its own.
OUTRANKING = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SAGEMAKER",
)


def program(name: str) -> str:
    """Return the path of a program installed beside this Python; raise StackError if it is not there."""
    path = Path(sys.executable).parent / name
    if not path.is_file():
        raise StackError(f"{name} is not installed beside {sys.executable}: run `make setup`")
    return str(path)


def base_environment(home: Home) -> dict[str, str]:
    """Return this process's environment without anything that points at another AWS, Airflow or Python."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {"UV_CACHE_DIR": str(home.state / "cache" / "uv")} | own | {"PYTHONUNBUFFERED": "1"}


def client_environment(home: Home) -> dict[str, str]:
    """Return what points an AWS client, and Boatyard itself, at the project's sagelocal.

    Raises StackError if sagelocal has never been started here.
    """
    exports = (line.removeprefix("export ") for line in _said(home, "env") if line.startswith("export "))
    aws = dict(line.split("=", 1) for line in exports)
    region, account = aws["AWS_REGION"], aws["AWS_ACCOUNT_ID"]
    return aws | {
        "AWS_EC2_METADATA_DISABLED": "true",
        "BOATYARD_CONSOLE_URL": f"{aws['AWS_ENDPOINT_URL']}/_console",
        "BOATYARD_BUCKET": f"boatyard-{account}-{region}",
        "BOATYARD_DEPLOYMENT": home.setting("deployment", lambda: os.urandom(4).hex()),
        "BOATYARD_IMAGE_REGISTRY": f"{account}.dkr.ecr.{region}.amazonaws.com/boatyard",
        "BOATYARD_ROLE_ARN": f"arn:aws:iam::{account}:role/{ROLE}",
    }


def console_link(home: Home) -> str:
    """Return a link that opens sagelocal's pages in a browser, once."""
    return _said(home, "console")[0]


def _said(home: Home, command: str) -> list[str]:
    """Return the lines that a command of sagelocal prints about the project's server."""
    printed = subprocess.run(
        [program("sagelocal"), command, "--state", str(home.sagelocal)],
        capture_output=True,
        text=True,
        env=base_environment(home),
        check=False,
    )
    if printed.returncode:
        raise StackError(f"sagelocal does not run here, start it with `make up` ({printed.stderr.strip()})")
    return printed.stdout.splitlines()


def airflow_environment(home: Home, address: str) -> dict[str, str]:
    """Return the environment of Airflow's processes, whose API server is to answer at `address`."""
    settings = {
        "CORE__DAGS_FOLDER": home.project / "dags",
        "CORE__PLUGINS_FOLDER": home.project / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": max(2, os.cpu_count() or 2),
        "CORE__FERNET_KEY": home.secret("fernet_key"),
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": home.airflow / "passwords.json",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home.airflow / 'airflow.db'}",
        "API__HOST": "127.0.0.1",
        "API__PORT": address.rpartition(":")[2],
        "API__BASE_URL": address,
        "API__WORKERS": 1,
        "API__SECRET_KEY": home.secret("api_secret_key"),
        "API_AUTH__JWT_SECRET": home.secret("jwt_secret"),
        # A laptop's owner edits a model and looks at once; the defaults are made for thousands of files.
        "DAG_PROCESSOR__REFRESH_INTERVAL": 10,
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 10,
        "DAG_PROCESSOR__PARSING_PROCESSES": 1,
    }
    airflow = {f"AIRFLOW__{key}": str(value) for key, value in settings.items()}
    connection = {"AIRFLOW_CONN_AWS_DEFAULT": '{"conn_type": "aws"}'}  # credentials come from the environment
    return (
        base_environment(home) | client_environment(home) | connection | {"AIRFLOW_HOME": str(home.airflow)} | airflow
    )
