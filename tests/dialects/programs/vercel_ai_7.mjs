// The AI SDK 7, which speaks gen_ai, traced by its package for OpenTelemetry: vercel_ai_7.mjs ENDPOINT MODEL_API.
import { OpenTelemetry } from "@ai-sdk/otel";
import { createOpenAI } from "ai-sdk-openai-7";
import * as ai from "ai-7";
import { KNOWN, provider, run } from "./ai_sdk_calls.mjs";

const [endpoint, modelApi] = process.argv.slice(2);
const traced = provider("vercel_ai_7", endpoint);
ai.registerTelemetry(new OpenTelemetry({ runtimeContext: true }));
const told = Object.fromEntries(Object.keys(KNOWN).map((name) => [name, true]));
const telemetry = { functionId: "answer", includeRuntimeContext: told };
await run(ai, createOpenAI({ baseURL: modelApi, apiKey: "none" }), { runtimeContext: KNOWN, telemetry });
await traced.shutdown();
