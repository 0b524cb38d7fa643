"""Model APIs that answer without a network: what the examples talk to where no key is set.

OpenAI's chat completions and Anthropic's messages, whole or streamed; always the same answer and usage.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("A refund ", "takes ", "five days.")
ANSWER = "".join(WORDS)


def completion(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """OpenAI's answer: one object, or its chunks."""
    head = {"id": "chatcmpl-1", "created": 1760000000, "model": request["model"]}
    usage = {"prompt_tokens": 21, "completion_tokens": 7, "total_tokens": 28}
    if not request.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}
        yield {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
        return
    head["object"] = "chat.completion.chunk"
    for word in WORDS:
        yield {**head, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    if (request.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": usage}


def message(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Anthropic's answer: one object, or its events."""
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": request["model"], "stop_sequence": None}
    usage = {"input_tokens": 9, "cache_read_input_tokens": 12, "cache_creation_input_tokens": 0, "output_tokens": 7}
    if not request.get("stream"):
        yield {**head, "content": [{"type": "text", "text": ANSWER}], "stop_reason": "end_turn", "usage": usage}
        return
    begun = {**head, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for word in WORDS:
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
    yield {"type": "content_block_stop", "index": 0}
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": usage["output_tokens"]}}
    yield {"type": "message_stop"}


def _frame(event: dict[str, Any]) -> str:
    """Anthropic's events have names, OpenAI's chunks have none."""
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answers = message(request) if self.path.endswith("/messages") else completion(request)
        if request.get("stream"):
            body, content_type = "".join(map(_frame, answers)), "text/event-stream"
        else:
            body, content_type = json.dumps(next(answers)), "application/json"
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@contextmanager
def model_stub() -> Iterator[str]:
    """Run the stub for the length of a block; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
