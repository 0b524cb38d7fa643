"""Groundspan: decorators that trace a RAG application with OpenTelemetry."""
