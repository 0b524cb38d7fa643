"""A stub of Anthropic's messages API on a port of its own: always the same answer and the same usage.

Asked to stream, it streams; a model that is called BROKEN_MODEL does not exist, and OVERLOADED_MODEL fails in
mid-stream.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ["Goods may be returned ", "within ", "45 days."]
ANSWER = "".join(WORDS)
BROKEN_MODEL = "claude-none"
OVERLOADED_MODEL = "claude-overloaded"

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-stub-20261001",
    "content": [{"type": "text", "text": ANSWER}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 600,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 100,
        "output_tokens": 50,
    },
}
NO_SUCH_MODEL = {"type": "error", "error": {"type": "not_found_error", "message": "no such model"}}
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def events(model: str) -> Iterator[dict[str, Any]]:
    """MESSAGE as it is streamed: the usage of the input first, that of the output last."""
    begun = MESSAGE | {"content": [], "stop_reason": None, "usage": MESSAGE["usage"] | {"output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield {"type": "ping"}
    for word in WORDS:
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
        if model == OVERLOADED_MODEL:
            yield OVERLOADED
            return
    yield {"type": "content_block_stop", "index": 0}
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 50}}
    yield {"type": "message_stop"}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if request["model"] == BROKEN_MODEL:
            self._answer(404, "application/json", json.dumps(NO_SUCH_MODEL))
        elif request.get("stream"):
            frames = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events(request["model"]))
            self._answer(200, "text/event-stream", "".join(frames))
        else:
            self._answer(200, "application/json", json.dumps(MESSAGE))

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
def messages_api() -> Iterator[str]:
    """The base URL of a running stub."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
