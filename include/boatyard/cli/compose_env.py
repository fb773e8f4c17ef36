"""boatyard compose-env: make the secrets of docker-compose.yaml."""

import argparse
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping

from boatyard.cli.home import Home, free_port, write_private_text

HELP = "write .boatyard/compose.env, the secrets of docker-compose.yaml, unless it is there"


def _password() -> str:
    return secrets.token_urlsafe(24)


def _access_key() -> str:
    return "AKIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))


# Every variable that docker-compose.yaml takes, with what makes its value.
VARIABLES: dict[str, Callable[[], str]] = {
    "BOATYARD_ADMIN_PASSWORD": _password,  # of Airflow's user admin
    "BOATYARD_AIRFLOW_PORT": lambda: str(free_port()),  # of 127.0.0.1
    "BOATYARD_API_SECRET_KEY": _password,
    "BOATYARD_AWS_ACCESS_KEY_ID": _access_key,  # sagelocal's key pair
    "BOATYARD_AWS_SECRET_ACCESS_KEY": _password,
    "BOATYARD_FERNET_KEY": lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "BOATYARD_JWT_SECRET": lambda: secrets.token_urlsafe(64),
    "BOATYARD_POSTGRES_PASSWORD": _password,
    "BOATYARD_REDIS_PASSWORD": _password,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Write what is missing of the file; what is there stays, for the databases' volumes know it."""
    home = Home.here()
    path = home.compose_env
    with home.locked():
        known = read_env(path.read_text()) if path.is_file() else {}
        values = completed(known)
        if values != known:
            write_private_text(path, "".join(f"{name}={value}\n" for name, value in values.items()))
    shown = path.relative_to(home.project)
    print(f"Secrets    {shown}   readable by you alone")
    print(f"Start      docker compose --env-file {shown} up --build --wait")
    address = f"http://127.0.0.1:{values['BOATYARD_AIRFLOW_PORT']}"
    print(f"Airflow    {address}   user admin, password BOATYARD_ADMIN_PASSWORD of {shown}")
    return 0


def completed(known: Mapping[str, str]) -> dict[str, str]:
    """Return the known values and new ones for the variables that have none."""
    return {**known, **{name: make() for name, make in VARIABLES.items() if not known.get(name)}}


def read_env(text: str) -> dict[str, str]:
    """Return the variables of a file of NAME=value lines; comments and empty lines are left out."""
    lines = (line.strip() for line in text.splitlines())
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
