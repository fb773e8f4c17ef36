"""Endpoints: real `serve` processes that answer InvokeEndpoint."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sagelocal.endpoints.connections import Answer, Connections, Refused, Unanswered
from sagelocal.endpoints.deployments import Deployment
from sagelocal.endpoints.generations import Generation
from sagelocal.endpoints.observation import Observer, Served
from sagelocal.endpoints.variants import Variant
from sagelocal.errors import AwsError
from sagelocal.faults.endpoints import EndpointFaults
from sagelocal.jobs.engines.choice import engine_of

if TYPE_CHECKING:
    from sagelocal.backend import Backend

TIME_LIMIT = 60.0  # seconds, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
TIMED_OUT = "Your invocation timed out while waiting for a response from container primary"
NOTICE = 0.005  # seconds in which the death of a process is noticed


class EndpointFleet:
    """Serve every endpoint of the store."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._deployments: dict[str, Deployment] = {}
        self._closed = False
        self._asked = threading.local()  # whom this thread's invocation went to
        self.observer = Observer(backend)
        EndpointFaults(backend.faults, backend.folder / "endpoints")

    def start(self) -> None:
        """Bring back the endpoints that a former server served, and go on with what it was changing."""
        engine_of(self._backend).start(self._backend)
        self.observer.start()
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
        began = time.monotonic()
        self._asked.served = None
        try:
            served, (status, answer_headers, answer), took = self._ask(endpoint_name, body, headers, variant, began)
        except TimeoutError as error:
            self._note_failure(time.monotonic() - began)
            raise self.no_answer(endpoint_name, TIMED_OUT) from error
        except Unanswered as error:
            self._note_failure(time.monotonic() - began)
            raise self.no_answer(endpoint_name, f"The container broke the connection: {error}") from error
        seconds = took, time.monotonic() - began - took
        self.observer.note(served, status, seconds, (_lowered(headers), body), (_lowered(answer_headers), answer))
        answer_headers["x-amzn-invoked-production-variant"] = served.variant
        return status, answer_headers, answer

    def try_enter(self, endpoint_name: str, variant: str | None) -> tuple[Served, Connections] | None:
        """Return a variant and where its requests go, None if none takes a request at this moment; never waits."""
        deployment = self._deployments.get(endpoint_name)
        generation = deployment.traffic.pick() if deployment else None
        if generation is None or self._closed or (variant is not None and variant not in generation.variants):
            return None
        chosen = generation.variants[variant] if variant is not None else generation.pick()
        connections = chosen.try_enter()
        return (_served(endpoint_name, generation, chosen), connections) if connections is not None else None

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
        self.observer.close()

    def _ask(
        self, endpoint_name: str, body: bytes, headers: dict[str, str], variant: str | None, began: float
    ) -> tuple[Served, Answer, float]:
        """Return the variant that answered, its answer, and how many seconds it took for it."""
        deadline = began + TIME_LIMIT
        while True:
            served, connections = self._enter(endpoint_name, variant, deadline)
            self._asked.served = served
            asked = time.monotonic()
            try:
                left = max(0.001, deadline - asked)
                answer = connections.request("POST", "/invocations", body, headers, left)
                return served, answer, time.monotonic() - asked
            except Refused:
                time.sleep(NOTICE)  # the process has just died; the next one gets the request
            finally:
                connections.leave()

    def _note_failure(self, seconds: float) -> None:
        served: Served | None = self._asked.served
        if served is not None:
            self.observer.note(served, 0, (seconds, 0.0), ({}, b""), ({}, b""))

    def _enter(self, endpoint_name: str, variant: str | None, deadline: float) -> tuple[Served, Connections]:
        """Return a variant and where its requests go; again if it was retired at this moment for a newer one."""
        while True:
            deployment = self._deployments.get(endpoint_name)
            generation = deployment.traffic.pick() if deployment else None
            if self._closed:
                raise AwsError("ServiceUnavailable", "sagelocal is stopping; the endpoint comes back with it.", 503)
            if generation is None:
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
                return _served(endpoint_name, generation, chosen), connections

    def _forget(self, endpoint_name: str) -> None:
        with self._lock:  # an endpoint of the same name that is created now waits in `deploy`
            self._backend.store.delete("endpoint", endpoint_name)
            del self._deployments[endpoint_name]

    def no_answer(self, endpoint_name: str, message: str) -> AwsError:
        """Return AWS's answer where the container gives none."""
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


def _served(endpoint_name: str, generation: Generation, variant: Variant) -> Served:
    return Served(endpoint_name, variant.plan.name, variant.plan.count, generation.capture)


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
