// A company posts a job with a client whose types are made from the OpenAPI document.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

type ErrorCode = components["schemas"]["ErrorCode"];

function has<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) {
    throw new Error(`${what}: no answer`);
  }
  return value;
}

const baseUrl = has(process.argv[2], "the address of the server");
const password = has(process.argv[3], "a password");
const email = "typescript-client@example.com";

const stranger = createClient<paths>({ baseUrl });
const company = { company_name: "Cafe Bandra", contact_name: "Rustom Irani", email, password };
await stranger.POST("/api/auth/register/employer", { body: company });

const again = await stranger.POST("/api/auth/register/employer", { body: company });
const taken: ErrorCode = "email_taken";
if (again.error?.code !== taken) {
  throw new Error(`registered twice: ${JSON.stringify(again)}`);
}

const tokens = await stranger.POST("/api/auth/login", {
  body: { role: "employer", email, password },
});
const headers = { Authorization: `Bearer ${has(tokens.data, "sign-in").access_token}` };
const employer = createClient<paths>({ baseUrl, headers });

const job = await employer.POST("/api/employers/jobs", {
  body: {
    title: "Waiter for Saturday brunch",
    description: "Serve guests at a busy cafe.",
    category: "hospitality",
    location: { latitude: 19.06, longitude: 72.83 },
    starts_on: "2026-11-28",
    slots: [{ weekday: "saturday", start: "10:00", end: "18:00" }],
    positions: 1,
  },
});
const page = await employer.GET("/api/employers/jobs", { params: { query: { limit: 1 } } });
console.log(has(page.data, "list").items[0]?.id === has(job.data, "job").id ? "posted" : "lost");
