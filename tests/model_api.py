"""A stub of OpenAI's API (chat, responses, embeddings) on a port of its own: always the same answer and usage.

Asked to stream, it streams; given tools, it calls the first of them, until a tool has answered; a model that is
called BROKEN_MODEL does not exist.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = "Goods may be returned within 45 days."
BROKEN_MODEL = "gpt-none"

CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1760000000,
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "total_tokens": 1100,
        "prompt_tokens_details": {"cached_tokens": 400},
    },
}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1760000000,
    "model": "gpt-4o-2024-08-06",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": ANSWER, "annotations": []}],
        }
    ],
    "status": "completed",
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 1000,
        "output_tokens": 100,
        "total_tokens": 1100,
        "input_tokens_details": {"cached_tokens": 400},
        "output_tokens_details": {"reasoning_tokens": 0},
    },
}
EMBEDDINGS: dict[str, Any] = {
    "object": "list",
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
}
VECTOR = [0.1, 0.2, 0.3]
NO_SUCH_MODEL = {"error": {"message": "no such model", "type": "invalid_request_error", "code": "model_not_found"}}


def chunks_of_stream() -> Iterator[dict[str, Any]]:
    """CHAT's answer word by word, then its usage."""
    head = {name: CHAT[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    words = [word + " " for word in ANSWER.split(" ")]
    words[-1] = words[-1].strip()
    for word in words:
        delta = {"role": "assistant", "content": word}
        yield head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield head | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield head | {"choices": [], "usage": CHAT["usage"]}


def events_of_response() -> Iterator[dict[str, Any]]:
    """RESPONSE's answer word by word, then all of it."""
    begun = RESPONSE | {"status": "in_progress", "output": [], "usage": None}
    message = RESPONSE["output"][0]
    place = {"item_id": message["id"], "output_index": 0, "content_index": 0}
    empty = message["content"][0] | {"text": ""}
    deltas = [word + " " for word in ANSWER.split(" ")]
    deltas[-1] = deltas[-1].strip()
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": message | {"content": []}},
        {"type": "response.content_part.added", "part": empty, **place},
        *({"type": "response.output_text.delta", "delta": delta, "logprobs": [], **place} for delta in deltas),
        {"type": "response.output_text.done", "text": ANSWER, "logprobs": [], **place},
        {"type": "response.content_part.done", "part": message["content"][0], **place},
        {"type": "response.output_item.done", "output_index": 0, "item": message},
        {"type": "response.completed", "response": RESPONSE},
    ]
    for number, event in enumerate(events):
        yield event | {"sequence_number": number}


def chat(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a chat request: a tool's call first, where there are tools and none was called."""
    if not request.get("tools") or any(message["role"] == "tool" for message in request["messages"]):
        return CHAT
    function = {"name": request["tools"][0]["function"]["name"], "arguments": "{}"}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }
    return CHAT | {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}


def embeddings(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to an embeddings request: the same vector for every text."""
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    vectors = [{"object": "embedding", "index": index, "embedding": VECTOR} for index in range(len(texts))]
    return EMBEDDINGS | {"data": vectors}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if request.get("model") == BROKEN_MODEL:
            self._answer(404, "application/json", json.dumps(NO_SUCH_MODEL))
        elif self.path.endswith("/embeddings"):
            self._answer(200, "application/json", json.dumps(embeddings(request)))
        elif self.path.endswith("/responses") and request.get("stream"):
            frames = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events_of_response())
            self._answer(200, "text/event-stream", "".join(frames))
        elif self.path.endswith("/responses"):
            self._answer(200, "application/json", json.dumps(RESPONSE))
        elif request.get("stream"):
            events = [*(json.dumps(chunk) for chunk in chunks_of_stream()), "[DONE]"]
            self._answer(200, "text/event-stream", "".join(f"data: {event}\n\n" for event in events))
        else:
            self._answer(200, "application/json", json.dumps(chat(request)))

    def _answer(self, status: int, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@contextmanager
def model_api() -> Iterator[str]:
    """The base URL of a running stub."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
