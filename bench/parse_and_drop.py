"""The bound that bench/ingest.py compares with: reads and parses an OTLP request, answers, and forgets it."""

import socket

import uvicorn
from fastapi import FastAPI, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

app = FastAPI()


@app.post("/v1/traces")
async def traces(request: Request) -> Response:
    """Parse and drop."""
    ExportTraceServiceRequest.FromString(await request.body())
    return Response(b"", media_type="application/x-protobuf")


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"ready on http://127.0.0.1:{listener.getsockname()[1]} ", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
