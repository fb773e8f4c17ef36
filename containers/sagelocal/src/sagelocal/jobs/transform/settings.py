"""What a transform job was asked to do, with the defaults and the container's own wishes filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html#your-algorithms-batch-code-how-containe-serves-requests
DEFAULTS: dict[str, Any] = {"MaxConcurrentTransforms": 1, "BatchStrategy": "MultiRecord", "MaxPayloadInMB": 6}
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelClientConfig.html
DEFAULT_TIMEOUT, DEFAULT_RETRIES = 600, 3
SPELLINGS = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}


@dataclass(frozen=True)
class Settings:
    """Hold how records are read, sent and put together again."""

    concurrent: int
    single_record: bool
    max_payload: int  # bytes; 0: no limit, and requests are sent in chunks
    timeout: float  # seconds that the container has for one request
    retries: int
    headers: dict[str, str]
    content_type: str
    split: str  # Line, RecordIO, TFRecord or None
    gzip: bool
    assemble_lines: bool
    input_filter: str
    output_filter: str
    join: bool

    @classmethod
    def of(cls, request: Mapping[str, Any], wishes: Mapping[str, Any]) -> Settings:
        """Return those of a CreateTransformJob; `wishes` is what the container answers to /execution-parameters."""
        source, target = request["TransformInput"], request["TransformOutput"]
        processing = request.get("DataProcessing") or {}
        client = request.get("ModelClientConfig") or {}
        chosen = {name: request.get(name, wishes.get(name, default)) for name, default in DEFAULTS.items()}
        content_type = source.get("ContentType") or ""
        headers = {"Content-Type": content_type, "Accept": target.get("Accept") or ""}
        return cls(
            concurrent=int(chosen["MaxConcurrentTransforms"]) or DEFAULTS["MaxConcurrentTransforms"],
            single_record=str(chosen["BatchStrategy"]).replace("_", "").lower() == "singlerecord",
            max_payload=int(chosen["MaxPayloadInMB"]) * 1024 * 1024,
            timeout=float(client.get("InvocationsTimeoutInSeconds") or DEFAULT_TIMEOUT),
            retries=int(client.get("InvocationsMaxRetries", DEFAULT_RETRIES)),
            headers={name: value for name, value in headers.items() if value},
            content_type=content_type,
            split=source.get("SplitType") or "None",
            gzip=source.get("CompressionType") == "Gzip",
            assemble_lines=target.get("AssembleWith") == "Line",
            input_filter=processing.get("InputFilter") or "$",
            output_filter=processing.get("OutputFilter") or "$",
            join=processing.get("JoinSource") == "Input",
        )

    @property
    def by_line(self) -> bool:
        """Tell whether a record is a line."""
        return self.split == "Line"

    def described(self) -> str:
        """Return the line with which SageMaker's data log begins."""
        strategy = SPELLINGS["SingleRecord" if self.single_record else "MultiRecord"]
        return (
            f"MaxConcurrentTransforms={self.concurrent}, MaxPayloadInMB={self.max_payload >> 20}, "
            f"BatchStrategy={strategy}"
        )


def variables(request: Mapping[str, Any]) -> dict[str, str]:
    """Return what SageMaker tells the container of a transform job by its environment.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
    """
    asked = {
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": request.get("MaxPayloadInMB"),
        "SAGEMAKER_BATCH_STRATEGY": SPELLINGS.get(request.get("BatchStrategy") or ""),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": request.get("MaxConcurrentTransforms"),
    }
    return {"SAGEMAKER_BATCH": "true", **{name: str(value) for name, value in asked.items() if value is not None}}
