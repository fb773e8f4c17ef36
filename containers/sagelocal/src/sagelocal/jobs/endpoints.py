"""Endpoints: real `serve` processes that answer InvokeEndpoint."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from sagelocal.errors import AwsError
from sagelocal.jobs import isolation
from sagelocal.jobs.connections import Answer, Connections, Refused, Unanswered
from sagelocal.jobs.deployments import Deployment

if TYPE_CHECKING:
    from sagelocal.backend import Backend

TIME_LIMIT = 60.0  # seconds, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
NOTICE = 0.005  # seconds in which the death of a process is noticed


class EndpointFleet:
    """Serve every endpoint of the store."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._deployments: dict[str, Deployment] = {}
        self._closed = False

    def start(self) -> None:
        """Bring back the endpoints that a former server served, and go on with what it was changing."""
        isolation.choose(self._backend.isolation)
        for document in self._backend.store.list("endpoint"):
            self.deploy(document["describe"]["EndpointName"])

    def deploy(self, endpoint_name: str) -> None:
        """Bring an endpoint to the configuration that its document wants; return at once.

        The old configuration serves until the new one is healthy, and goes on if that never happens.
        """
        with self._lock:
            if self._closed:
                return
            deployment = self._deployments.get(endpoint_name)
            if deployment is None:
                deployment = self._deployments[endpoint_name] = Deployment(self._backend, endpoint_name, self._forget)
                deployment.start()
            else:
                deployment.look()

    def remove(self, endpoint_name: str) -> None:
        """Stop an endpoint whose document says Deleting, then remove the document; return at once."""
        self.deploy(endpoint_name)

    def invoke(
        self, endpoint_name: str, body: bytes, headers: dict[str, str], variant: str | None
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the container's answer; `variant` None lets the weights choose."""
        deadline = time.monotonic() + TIME_LIMIT
        try:
            chosen, (status, answer_headers, answer) = self._ask(endpoint_name, body, headers, variant, deadline)
        except TimeoutError as error:
            raise self._no_answer(
                endpoint_name, "Your invocation timed out while waiting for a response from container primary"
            ) from error
        except Unanswered as error:
            raise self._no_answer(endpoint_name, f"The container broke the connection: {error}") from error
        answer_headers["x-amzn-invoked-production-variant"] = chosen
        return status, answer_headers, answer

    def close(self) -> None:
        """End all processes; the endpoints come back with the next server."""
        with self._lock:
            self._closed = True
            deployments = list(self._deployments.values())
        threads = [threading.Thread(target=deployment.close) for deployment in deployments]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _ask(
        self, endpoint_name: str, body: bytes, headers: dict[str, str], variant: str | None, deadline: float
    ) -> tuple[str, Answer]:
        """Return the variant that answered and its answer."""
        while True:
            chosen, connections = self._enter(endpoint_name, variant, deadline)
            try:
                left = max(0.001, deadline - time.monotonic())
                return chosen, connections.request("POST", "/invocations", body, headers, left)
            except Refused:
                time.sleep(NOTICE)  # the process has just died; the next one gets the request
            finally:
                connections.leave()

    def _enter(self, endpoint_name: str, variant: str | None, deadline: float) -> tuple[str, Connections]:
        """Return a variant and where its requests go; again if it was retired at this moment for a newer one."""
        while True:
            deployment = self._deployments.get(endpoint_name)
            generation = deployment.serving if deployment else None
            if generation is None or self._closed:
                message = f"Endpoint {endpoint_name} of account {self._backend.account} not found."
                raise AwsError("ValidationError", message)
            if variant is not None and variant not in generation.variants:
                raise AwsError("ValidationError", f"Variant {variant} of endpoint {endpoint_name} not found.")
            chosen = generation.variants[variant] if variant is not None else generation.pick()
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connections = chosen.enter(left)
            if connections is not None:
                return chosen.plan.name, connections

    def _forget(self, endpoint_name: str) -> None:
        with self._lock:  # an endpoint of the same name that is created now waits in `deploy`
            self._backend.store.delete("endpoint", endpoint_name)
            del self._deployments[endpoint_name]

    def _no_answer(self, endpoint_name: str, message: str) -> AwsError:
        group = f"/aws/sagemaker/Endpoints/{endpoint_name}"
        return AwsError(
            "ModelError",
            f'Received server error (0) from primary with message "{message}". '
            f"See log group {group} in account {self._backend.account} for more information.",
            status=424,
            OriginalStatusCode=0,
            OriginalMessage=message,
            LogStreamArn=self._backend.arn("logs", f"log-group:{group}"),
        )
