"""The handler that LangChain tells of its runs, and how every run comes to have it."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import Final, cast
from uuid import UUID

from groundspan import _capture as capture
from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._guard import Guard
from groundspan._pieces import speaks
from groundspan._shapes import get, text
from groundspan._stages import GENERATE, PIPELINE, RETRIEVE, TOOL, Stage
from groundspan._text import Cutter, clean
from groundspan.integrations import langchain as read
from groundspan.integrations._calls import Request, Undo
from groundspan.integrations._elsewhere import is_client_wrapped, is_decorated, is_wrapped
from groundspan.integrations._langchain_place import caller, calling
from groundspan.integrations._langchain_runs import Opening, Run, Runs

# Prompts and parsers are chains to LangChain; alone they answer nothing.
_STEPS: Final = frozenset({"prompt", "parser"})
# Where a tool has its function, and its async one.
_FUNCTIONS: Final = ("func", "coroutine")

_BEGINNING = Guard("begin a run of LangChain's")
_FOLLOWING = Guard("follow a stream of LangChain's")
_ENDING = Guard("end a run of LangChain's")


class Handler:
    """Makes spans of runs; does nothing while it is off, or before init()."""

    run_inline = True
    raise_error = False

    def __init__(self, managers: type, config: ContextVar[object]) -> None:
        self.is_on = False
        self.runs = Runs()
        self._managers = managers
        """What all of LangChain's callback managers are."""
        self._config = config
        """Where LangChain keeps what the runs beneath the current one are to know."""

    def __reduce__(self) -> tuple[Callable[[], "Handler"], tuple[()]]:
        """Be one for the process, however often what holds it is copied or sent elsewhere."""
        return handler, ()

    @property
    def _is_idle(self) -> bool:
        """Runs that have begun are still to end."""
        return not self.runs and not (self.is_on and _runtime.current() is not None)

    @property
    def ignore_llm(self) -> bool:
        """Whether to be told of models."""
        return self._is_idle

    @property
    def ignore_chat_model(self) -> bool:
        """Whether to be told of chat models."""
        return self._is_idle

    @property
    def ignore_chain(self) -> bool:
        """Whether to be told of chains."""
        return self._is_idle

    @property
    def ignore_retriever(self) -> bool:
        """Whether to be told of retrievers."""
        return self._is_idle

    @property
    def ignore_agent(self) -> bool:
        """Whether to be told of tools."""
        return self._is_idle

    @property
    def ignore_retry(self) -> bool:
        """Retries are calls of their own."""
        return True

    @property
    def ignore_custom_event(self) -> bool:
        """The application's own events are its own."""
        return True

    def on_chat_model_start(self, _serialized: object, messages: object, *, run_id: UUID, **kwargs: object) -> None:
        """Begin a model's answer to messages."""
        self._model(run_id, kwargs, {"messages": read.first_of(messages)})

    def on_llm_start(self, _serialized: object, prompts: object, *, run_id: UUID, **kwargs: object) -> None:
        """Begin a model's answer to a text."""
        self._model(run_id, kwargs, {"prompt": read.first_of(prompts)})

    def on_llm_new_token(self, token: object, *, run_id: UUID, chunk: object = None, **_kwargs: object) -> None:
        """Take a piece of an answer."""
        piece = get(chunk, "message") or token
        self._piece(run_id, lambda: bool(piece) and speaks(piece))

    def on_stream_event(self, event: object, *, run_id: UUID, **_kwargs: object) -> None:
        """Take an event of an answer, as newer models tell them."""
        self._piece(run_id, lambda: get(event, "event") == "content-block-delta")

    def on_llm_end(self, response: object, *, run_id: UUID, **_kwargs: object) -> None:
        """End a model's answer."""
        self._end(run_id, lambda run: run.finish(read.answered(response)))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: object) -> None:
        """End an answer that failed, or was left."""
        self._end(run_id, lambda run: run.fail(error, read.came(kwargs.get("response"))))

    def on_retriever_start(self, serialized: object, query: object, *, run_id: UUID, **kwargs: object) -> None:
        """Begin a search."""
        name = _name(serialized, kwargs)
        self._begin(run_id, kwargs, RETRIEVE, lambda: read.retriever(name, query))

    def on_retriever_end(self, documents: object, *, run_id: UUID, **_kwargs: object) -> None:
        """End a search."""
        self._end(run_id, lambda run: run.finish(read.chunks(documents)))

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **_kwargs: object) -> None:
        """End a search that failed."""
        self._end(run_id, lambda run: run.fail(error))

    def on_tool_start(self, serialized: object, input_str: object, *, run_id: UUID, **kwargs: object) -> None:
        """Begin a tool's work."""
        name, arguments = _name(serialized, kwargs), kwargs.get("inputs")
        stage = None if _is_decorated(calling()) else TOOL
        self._begin(run_id, kwargs, stage, lambda: read.tool(name, arguments, input_str))

    def on_tool_end(self, output: object, *, run_id: UUID, **_kwargs: object) -> None:
        """End a tool's work."""
        self._end(run_id, lambda run: run.finish(read.tool_result(output)))

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **_kwargs: object) -> None:
        """End a tool's work that failed."""
        self._end(run_id, lambda run: run.fail(error))

    def on_chain_start(self, serialized: object, inputs: object, *, run_id: UUID, **kwargs: object) -> None:
        """Begin a chain: the pipeline, if nothing is around it."""
        stage = None if kwargs.get("run_type") in _STEPS else PIPELINE
        self._begin(run_id, kwargs, stage, lambda: read.chain(_name(serialized, kwargs), inputs))

    def on_chain_end(self, outputs: object, *, run_id: UUID, **kwargs: object) -> None:
        """End a chain; a streamed one says only now what it was asked."""

        def finish(run: Run) -> None:
            _ask(run, kwargs.get("inputs"))
            run.finish(read.answer(outputs))

        self._end(run_id, finish)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: object) -> None:
        """End a chain that failed, or was left."""

        def fail(run: Run) -> None:
            _ask(run, kwargs.get("inputs"))
            run.fail(error)

        self._end(run_id, fail)

    def _model(self, run_id: UUID, kwargs: dict[str, object], prompt: dict[str, object]) -> None:
        stage = None if is_client_wrapped([read.provider(kwargs.get("metadata"))]) else GENERATE
        self._begin(run_id, kwargs, stage, lambda: read.model(kwargs, prompt))

    def _begin(
        self, run_id: UUID, kwargs: dict[str, object], stage: Stage | None, request: Callable[[], Request]
    ) -> None:
        with _BEGINNING:
            if not self.is_on or is_wrapped(getattr(self._managers, "__init__", None)):
                return
            parent = kwargs.get("parent_run_id")
            parent_id = parent if isinstance(parent, UUID) else None
            self.runs.begin(Opening(run_id, parent_id, caller(), is_owned=self._is_owned(parent_id)), stage, request)

    def _is_owned(self, parent_id: UUID | None) -> bool:
        """Tell whether LangChain copied the context for the runs beneath this parent, and drops it after them."""
        manager = get(self._config.get(), "callbacks")
        return parent_id is not None and getattr(manager, "parent_run_id", None) == parent_id

    def _piece(self, run_id: UUID, is_said: Callable[[], bool]) -> None:
        with _FOLLOWING:
            run = self.runs[run_id]
            if run is not None:
                run.came(speaks=is_said())

    def _end(self, run_id: UUID, finish: Callable[[Run], None]) -> None:
        run = self.runs.end(run_id)
        if run is not None:
            with _ENDING:
                finish(run)
            run.close()


def switched_on() -> Undo:
    """Let the handler work, until the function that is given is called."""
    working = handler()
    working.is_on = True

    def switch_off() -> None:
        working.is_on = False

    return switch_off


@cache
def handler() -> Handler:
    """Give every run in every context the handler: one for the process, for a hook cannot be taken back."""
    callbacks, config = import_module(f"{read.LIBRARY}.callbacks"), import_module(f"{read.LIBRARY}.runnables.config")
    kind = type("GroundspanHandler", (Handler, callbacks.BaseCallbackHandler), {})
    made = cast("Handler", kind(callbacks.BaseCallbackManager, config.var_child_runnable_config))
    # Nobody sets it, so that its default is found everywhere.
    found: ContextVar[Handler] = ContextVar("groundspan-langchain", default=made)
    import_module(f"{read.LIBRARY}.tracers.context").register_configure_hook(found, inheritable=True)
    return made


def _name(serialized: object, kwargs: dict[str, object]) -> str | None:
    return text(kwargs, ("name",)) or text(serialized, ("name",))


def _is_decorated(tool: object) -> bool:
    """Tell whether a tool's function is decorated as one."""
    return any(is_decorated(get(tool, name), TOOL) for name in _FUNCTIONS)


def _ask(run: Run, inputs: object) -> None:
    """Put down a question that came with the end."""
    runtime = _runtime.current()
    if run.span is None or runtime is None or not run.caller.hands_out:
        return
    asked = capture.question(read.question(inputs), Cutter(runtime.max_content_chars))
    written = capture.kept(asked, "full").get(keys.INPUT_MESSAGES)
    if isinstance(written, str):
        run.span.set(keys.INPUT_MESSAGES, clean(written))
