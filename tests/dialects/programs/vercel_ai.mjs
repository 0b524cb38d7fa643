// Calls of the AI SDK, traced by itself: vercel_ai.mjs ENDPOINT MODEL_API.
import { createOpenAI } from "@ai-sdk/openai";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { embed, embedMany, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";

const [endpoint, modelApi] = process.argv.slice(2);
const QUESTION = "How long may I send things back?";
const system = "Answer from the passages.";

// Spans of Node start at whole milliseconds: what happened first would be left to chance.
let ticks_ms = Date.now();
Date.now = () => (ticks_ms += 1);
performance.now = () => (ticks_ms += 1);

const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "vercel_ai", "service.version": "1" }),
  spanProcessors: [new BatchSpanProcessor(exporter)],
});
provider.register();

const openai = createOpenAI({ baseURL: modelApi, apiKey: "none" });
const metadata = { sessionId: "session-1", userId: "user-1", tier: "gold" };
const experimental_telemetry = { isEnabled: true, functionId: "answer", metadata };
const asked = { model: openai.chat("gpt-4o"), system, prompt: QUESTION, maxRetries: 0, experimental_telemetry };
const opening_hours = tool({
  description: "When somebody is there.",
  inputSchema: jsonSchema({ type: "object", properties: {} }),
  execute: () => "9 to 5",
});
const embedding = { model: openai.embedding("text-embedding-3-small"), maxRetries: 0, experimental_telemetry };

await generateText(asked);
await streamText(asked).consumeStream();
await generateText({ ...asked, tools: { opening_hours }, stopWhen: stepCountIs(2) });
await embed({ ...embedding, value: QUESTION });
await embedMany({ ...embedding, values: [QUESTION, system] });
await generateText({ ...asked, model: openai.chat("gpt-none") }).catch(() => {});
await provider.shutdown();
