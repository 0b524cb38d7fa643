"""The Groundspan collector: takes OTLP, stores spans, judges answers, serves reports."""
