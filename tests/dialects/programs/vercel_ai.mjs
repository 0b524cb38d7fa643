// The AI SDK 6, traced by itself: vercel_ai.mjs ENDPOINT MODEL_API.
import { createOpenAI } from "@ai-sdk/openai";
import * as ai from "ai";
import { KNOWN, provider, run } from "./ai_sdk_calls.mjs";

const [endpoint, modelApi] = process.argv.slice(2);
const traced = provider("vercel_ai", endpoint);
const experimental_telemetry = { isEnabled: true, functionId: "answer", metadata: KNOWN };
await run(ai, createOpenAI({ baseURL: modelApi, apiKey: "none" }), { experimental_telemetry });
await traced.shutdown();
