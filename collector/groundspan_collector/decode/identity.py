"""Whose a log record or a metric point is: what its resource says. Spans are asked the same in normalise.sql."""

from collections.abc import Mapping

DEFAULT_PROJECT = "default"


def project_of(given: str, resource: Mapping[str, str]) -> str:
    """The token's project if there is one, else what the emitter says."""
    return (
        given
        or resource.get("groundspan.project", "")
        or resource.get("openinference.project.name", "")
        or DEFAULT_PROJECT
    )
