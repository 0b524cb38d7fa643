"""The handlers that LlamaIndex calls. Imports LlamaIndex's instrumentation: to be imported when that is asked for."""

import inspect
from collections.abc import Mapping

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers import BaseEventHandler
from llama_index_instrumentation.span import BaseSpan
from llama_index_instrumentation.span_handlers import BaseSpanHandler

from groundspan.integrations._calls import Undo
from groundspan.integrations._llama_index_calls import Calls


class SpanHandler(BaseSpanHandler[BaseSpan]):
    """Hears where calls begin and end; it gives LlamaIndex no spans to keep."""

    _calls: Calls

    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls

    @classmethod
    def class_name(cls) -> str:
        """Name the handler, as LlamaIndex asks for it."""
        return "GroundspanSpanHandler"

    def new_span(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: object = None,
        parent_span_id: str | None = None,  # noqa: ARG002 - given by name
        tags: Mapping[str, object] | None = None,  # noqa: ARG002 - as above
        **_more: object,
    ) -> None:
        """Hear that a call begins; its parent is known by the context, which LlamaIndex hands on with its own ids."""
        self._calls.enter(id_, instance, bound_args.arguments)

    def prepare_to_exit_span(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,  # noqa: ARG002 - given by name
        instance: object = None,
        result: object = None,
        **_more: object,
    ) -> None:
        """Hear that a call returned."""
        self._calls.leave(id_, instance, result)

    def prepare_to_drop_span(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,  # noqa: ARG002 - given by name
        instance: object = None,
        err: BaseException | None = None,
        **_more: object,
    ) -> None:
        """Hear that a call raised."""
        self._calls.drop(id_, instance, err or RuntimeError("dropped"))

    def close(self) -> None:
        """Hear that LlamaIndex shuts its handlers down."""
        self._calls.end_all()


class EventHandler(BaseEventHandler):
    """Hears of pieces of streams, and of rerankers."""

    _calls: Calls

    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls

    @classmethod
    def class_name(cls) -> str:
        """Name the handler, as LlamaIndex asks for it."""
        return "GroundspanEventHandler"

    def handle(self, event: BaseEvent, **_more: object) -> None:
        """Hear an event."""
        self._calls.hear(event)


def added() -> Undo:
    """Add handlers to the root dispatcher; the function that is given takes them out."""
    root = get_dispatcher()
    calls = Calls(lambda: (*root.span_handlers, *root.event_handlers))
    span_handler, event_handler = SpanHandler(calls), EventHandler(calls)
    root.add_span_handler(span_handler)
    root.add_event_handler(event_handler)

    def undo() -> None:
        # By identity: two handlers of pydantic's are equal if their fields are.
        root.span_handlers[:] = [each for each in root.span_handlers if each is not span_handler]
        root.event_handlers[:] = [each for each in root.event_handlers if each is not event_handler]
        calls.close()

    return undo
