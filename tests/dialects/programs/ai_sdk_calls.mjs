// The calls of every program that traces the AI SDK, and where its spans go.
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

const QUESTION = "How long may I send things back?";
const SYSTEM = "Answer from the passages.";
const OPENING_HOURS = {
  description: "When somebody is there.",
  inputSchema: { type: "object", properties: {} },
  execute: () => "9 to 5",
};
export const KNOWN = { sessionId: "session-1", userId: "user-1", tier: "gold" };

// Spans of Node start at whole milliseconds: what happened first would be left to chance.
let ticks_ms = Date.now();
Date.now = () => (ticks_ms += 1);
performance.now = () => (ticks_ms += 1);

export function provider(service, endpoint) {
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
  const made = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": service, "service.version": "1" }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  made.register();
  return made;
}

// One call of each sort, by the package `ai`; told goes to each.
export async function run(ai, openai, told) {
  const asked = { model: openai.chat("gpt-4o"), system: SYSTEM, prompt: QUESTION, maxRetries: 0, ...told };
  const embedding = { model: openai.embedding("text-embedding-3-small"), maxRetries: 0, ...told };
  const tools = { opening_hours: ai.tool({ ...OPENING_HOURS, inputSchema: ai.jsonSchema(OPENING_HOURS.inputSchema) }) };
  await ai.generateText(asked);
  await ai.streamText(asked).consumeStream();
  await ai.generateText({ ...asked, tools, stopWhen: ai.stepCountIs(2) });
  await ai.embed({ ...embedding, value: QUESTION });
  await ai.embedMany({ ...embedding, values: [QUESTION, SYSTEM] });
  await ai.generateText({ ...asked, model: openai.chat("gpt-none") }).catch(() => {});
}
