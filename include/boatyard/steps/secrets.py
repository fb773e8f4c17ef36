"""How a job learns where its secrets are kept: whoever runs the script fetches them, by the job's own role."""

from collections.abc import Mapping

FROM_SECRET = "_FROM_SECRET"  # noqa: S105 - the end of a variable's name


def references(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the variables `<name>_FROM_SECRET`; the script finds each secret itself in the variable `<name>`."""
    return {f"{name}{FROM_SECRET}": reference for name, reference in secrets.items()}
