"""Load on what moto answers, and on the registry: a topic that a queue listens to, a secret, versions of a model."""

from __future__ import annotations

import uuid
from random import Random

from tests.chaos.sagelocal.ledger import LOST, WRONG, Cell, Clients, Findings

NAME = "chaos"


class Messages:
    """Publish to a topic and send to its queue."""

    def __init__(self, clients: Clients, random: Random, findings: Findings) -> None:
        self._sns, self._sqs = clients("sns"), clients("sqs")
        self._random = random
        self._findings = findings
        self._number = 0
        self._due: set[str] = set()  # acknowledged, and not received so far

    def create(self) -> None:
        """Make topic, queue and subscription."""
        self._topic = self._sns.create_topic(Name=NAME)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=NAME)["QueueUrl"]
        named = {"QueueUrl": self._queue, "AttributeNames": ["QueueArn"]}
        arn = self._sqs.get_queue_attributes(**named)["Attributes"]["QueueArn"]
        raw = {"RawMessageDelivery": "true"}
        self._sns.subscribe(TopicArn=self._topic, Protocol="sqs", Endpoint=arn, Attributes=raw)

    def act(self) -> None:
        """Send one message."""
        self._number += 1
        text = f"message {self._number}"
        if self._random.random() < 0.5:
            self._sns.publish(TopicArn=self._topic, Message=text)
            self._findings.count("Publish")
        else:
            self._sqs.send_message(QueueUrl=self._queue, MessageBody=text)
            self._findings.count("SendMessage")
        self._due.add(text)

    def check(self) -> None:
        """Receive all there is: every acknowledged message is among it."""
        while found := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            for one in found:
                self._due.discard(one["Body"])
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=one["ReceiptHandle"])
        for text in self._due:
            self._findings.add(LOST, f"{text!r} never came out of the queue")
        self._due.clear()

    def finish(self) -> None:
        """Nothing is under way."""
        self.check()


class Secrets:
    """Change a secret."""

    def __init__(self, clients: Clients, _: Random, findings: Findings) -> None:
        self._secrets = clients("secretsmanager")
        self._findings = findings
        self._number = 0
        self._cell = Cell("the secret", "0")

    def create(self) -> None:
        """Make it."""
        self._secrets.create_secret(Name=NAME, SecretString="0")

    def act(self) -> None:
        """Give it another value."""
        self._number += 1
        text = str(self._number)
        self._cell.write(text, lambda: self._secrets.put_secret_value(SecretId=NAME, SecretString=text))
        self._findings.count("PutSecretValue")

    def check(self) -> None:
        """Compare the value."""
        self._cell.check(self._secrets.get_secret_value(SecretId=NAME)["SecretString"], self._findings)

    def finish(self) -> None:
        """Nothing is under way."""
        self.check()


class Versions:
    """Register versions of a model, each with a token, and approve the last one."""

    def __init__(self, clients: Clients, _: Random, findings: Findings) -> None:
        self._sagemaker = clients("sagemaker")
        self._findings = findings
        self._token = ""
        self._registered: list[str] = []
        self._approval = Cell("the approval")

    def create(self) -> None:
        """Make their group."""
        self._sagemaker.create_model_package_group(ModelPackageGroupName=NAME)

    def act(self) -> None:
        """Approve the last version, or register another one."""
        if self._registered and self._approval.known == "PendingManualApproval":
            named = {"ModelPackageArn": self._registered[-1], "ModelApprovalStatus": "Approved"}
            self._approval.write("Approved", lambda: self._sagemaker.update_model_package(**named))
            self._findings.count("UpdateModelPackage")
            return
        self._token = self._token or uuid.uuid4().hex  # sent again until it is answered
        container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:0.1.0"}
        made = self._sagemaker.create_model_package(
            ModelPackageGroupName=NAME,
            ModelApprovalStatus="PendingManualApproval",
            ClientToken=self._token,
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )
        self._token = ""
        self._registered.append(made["ModelPackageArn"])
        self._approval = Cell("the approval", "PendingManualApproval")
        self._findings.count("CreateModelPackage")

    def check(self) -> None:
        """Compare the list with what was registered, and the last version's approval."""
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=NAME)
        listed = [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
        if lost := set(self._registered) - set(listed):
            self._findings.add(LOST, f"the registry lacks {sorted(lost)}")
        doubtful = set(listed) - set(self._registered)
        if len(doubtful) > bool(self._token):
            self._findings.add(WRONG, f"the registry has {sorted(doubtful)}, which nobody asked for")
        if self._registered:
            found = self._sagemaker.describe_model_package(ModelPackageName=self._registered[-1])
            self._approval.check(found["ModelApprovalStatus"], self._findings)

    def finish(self) -> None:
        """Nothing is under way."""
        self.check()
