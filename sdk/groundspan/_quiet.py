"""OTel's exporter writes a line for each failed try; of ours, one a minute says it all."""

import logging
from typing import Final

THREAD: Final = "groundspan-export"
_LOGGER: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_MAX_CHARS: Final = 300

_said = ""


def exporter_said() -> str:
    """Give the last line that the exporter would have written for our spans."""
    return _said


def quieten() -> None:
    """Keep what OTel's exporter logs on our thread to ourselves; a host that uses it too hears of its own spans."""
    # Added twice it is there once.
    logging.getLogger(_LOGGER).addFilter(_is_the_hosts)


def _is_the_hosts(record: logging.LogRecord) -> bool:
    global _said  # noqa: PLW0603 - the last line, for whoever asks
    if record.threadName != THREAD:
        return True
    _said = record.getMessage()[:_MAX_CHARS]
    return False
