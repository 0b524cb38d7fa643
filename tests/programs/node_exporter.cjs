// One span by OpenTelemetry's own exporter for Node, which speaks OTLP/JSON; its trace id on standard output.
const { diag, DiagConsoleLogger, DiagLogLevel } = require("@opentelemetry/api");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http");
const { BasicTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base");

diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.ERROR);
const exporter = new OTLPTraceExporter({ url: process.argv[2] });
const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
const span = provider.getTracer("tests").startSpan("from node", { attributes: { answer: 42, list: ["a", "b"] } });
span.end();
provider.shutdown().then(() => console.log(JSON.stringify({ traceId: span.spanContext().traceId })));
