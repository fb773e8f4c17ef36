"""boatyard make-bucket: create the deployment's bucket."""

import argparse
import os

from boatyard.aws.clients import SessionClients
from boatyard.aws.errors import aws_failures
from boatyard.aws.s3.buckets import ensure_bucket
from boatyard.cli.home import StackError
from boatyard.spec.deployment import Deployment, DeploymentError

HELP = "create the bucket that BOATYARD_BUCKET names, unless the account has it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Create the bucket where the environment points."""
    try:
        deployment = Deployment.from_environment(os.environ)
        ensure_bucket(SessionClients(deployment.region).get("s3"), deployment.bucket, deployment.region)
    except DeploymentError as error:
        raise StackError(str(error)) from None
    except aws_failures() as error:
        raise StackError(str(error)) from None
    print(f"bucket {deployment.bucket} is there")
    return 0
