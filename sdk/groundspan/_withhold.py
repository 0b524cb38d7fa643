"""A span as it may be sent: every text in it has passed the redactors."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, Status
from opentelemetry.util.types import AttributeValue

from groundspan import attributes as keys
from groundspan._capture import Value
from groundspan._guard import Guard
from groundspan._redact import Redactor
from groundspan._text import clean

WITHHELD = "[withheld]"
_REDACTING = Guard("redact a text, which is withheld")
_OUR_KEYS = frozenset(value for name, value in vars(keys).items() if name.isupper())
# How deep JSON may stand as text within JSON, as a tool's arguments do within messages.
_JSON_IN_JSON = 4


class Withholder:
    """Copies spans without what the redactors take out; the spans themselves stay whole for other exporters."""

    def __init__(self, redactors: Sequence[Redactor]) -> None:
        self._redactors = redactors
        self._resource: tuple[Resource, Resource] | None = None

    def span(self, span: ReadableSpan) -> ReadableSpan:
        """Give a copy of *span* that may be sent."""
        return ReadableSpan(
            name=self.text(span.name),
            context=span.get_span_context(),
            parent=span.parent,
            resource=self._resource_of(span),
            attributes=self._attributes(span.attributes, span.dropped_attributes),
            events=[self._event(event) for event in span.events],
            links=[Link(link.context, self._attributes(link.attributes)) for link in span.links],
            kind=span.kind,
            status=Status(span.status.status_code, span.status.description and self.text(span.status.description)),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def attributes(self, attributes: Mapping[str, Value]) -> dict[str, Value]:
        """Give *attributes* as they may be sent."""
        return {self._key(key): cast("Value", self._value(value)) for key, value in attributes.items()}

    def text(self, text: str, depth: int = _JSON_IN_JSON) -> str:
        """Give *text* as it may be sent; in JSON each string is a text, so that JSON stays JSON."""
        if depth and text.lstrip()[:1] in ("{", "[", '"'):
            try:
                read = json.loads(text)
            except (ValueError, RecursionError):
                return self._redacted(text)
            sendable = self._json(read, depth - 1)
            return text if sendable == read else clean(json.dumps(sendable, ensure_ascii=False, separators=(",", ":")))
        return self._redacted(text)

    def _redacted(self, text: str) -> str:
        with _REDACTING:
            for redactor in self._redactors:
                text = _passed(redactor, text)
            return clean(text)
        return WITHHELD

    def _json(self, value: object, depth: int) -> object:
        match value:
            case str():
                return self.text(value, depth)
            case list():
                return [self._json(item, depth) for item in value]
            case dict():
                return {self.text(key, 0): self._json(item, depth) for key, item in value.items()}
            case int() if not isinstance(value, bool):
                # A card's number may stand as a number.
                sendable = self.text(str(value), 0)
                return value if sendable == str(value) else sendable
            case _:
                return value

    def _attributes(self, attributes: Mapping[str, object] | None, dropped: int = 0) -> BoundedAttributes:
        sendable = {self._key(key): self._value(value) for key, value in (attributes or {}).items()}
        kept = BoundedAttributes(attributes=cast("Mapping[str, AttributeValue]", sendable), immutable=False)
        kept.dropped += dropped
        return kept

    def _key(self, key: str) -> str:
        """The names of the conventions are ours; others may be made of anything."""
        return key if key in _OUR_KEYS else self.text(key, 0)

    def _value(self, value: object) -> object:
        match value:
            case str():
                return self.text(value)
            case bytes():
                return self.text(value.decode(errors="replace")).encode()
            case Mapping():
                return {self.text(str(key), 0): self._value(item) for key, item in value.items()}
            case Sequence():
                return [self._value(item) for item in value]
            case _:
                return value

    def _event(self, event: Event) -> Event:
        return Event(self.text(event.name), self._attributes(event.attributes), event.timestamp, limit=None)

    def _resource_of(self, span: ReadableSpan) -> Resource:
        """Spans of one process share one resource: it is copied once, so that they are sent as one."""
        if self._resource is None or self._resource[0] is not span.resource:
            found = span.resource
            sendable = self._attributes(found.attributes)
            self._resource = found, Resource(sendable, found.schema_url)
        return self._resource[1]


def _passed(redactor: Redactor, text: str) -> str:
    """Run a redactor; what it raises may quote the text, so its message is told to nobody."""
    try:
        sendable: object = redactor(text)
    except Exception as error:  # noqa: BLE001 - the host's own function may raise anything
        raise RuntimeError(f"{redactor!r} raised {type(error).__name__}") from None
    if not isinstance(sendable, str):
        raise TypeError(f"{redactor!r} must return str, got {type(sendable).__name__}")
    return sendable
