// Calls to the sandbox: the same control endpoints that tests use.

export const root = new URL(".", document.baseURI);
export const whatsapp = (path) => new URL(`whatsapp/_control/${path}`, root);
export const stripe = (path) => new URL(`stripe/_control/${path}`, root);
export const razorpay = (path) => new URL(`razorpay/_control/${path}`, root);

/** A look answers at once; what a person does is answered when the webhook was. */
const LOOK_MILLISECONDS = 4_000;
const ACT_MILLISECONDS = 20_000;

/** GET without a body, POST with one; the answer's JSON. Throws an Error that a person can read. */
export async function call(url, body) {
  const options = body === undefined ? { signal: AbortSignal.timeout(LOOK_MILLISECONDS) } : {
    method: "POST",
    signal: AbortSignal.timeout(ACT_MILLISECONDS),
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    throw new Error("The sandbox does not answer: is the server still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const detail = answer.detail || `The sandbox answered ${response.status}.`;
    throw Object.assign(new Error(detail), { code: answer.code });
  }
  return answer;
}

/**
 * `look`, never twice at the same time: asked for meanwhile, it looks once more when it is through.
 * An older answer that comes late would else stay on the page.
 */
export function oneAtATime(look) {
  let running = null;
  let again = false;
  const run = async () => {
    do {
      again = false;
      try {
        await look();
      } catch (error) {
        if (!again) throw error;
      }
    } while (again);
  };
  return () => {
    if (running) again = true;
    else running = run().finally(() => { running = null; });
    return running;
  };
}

/** Try something, and say in `element` what went wrong; the error, or null. */
export async function report(element, attempt) {
  element.textContent = "";
  try {
    await attempt();
    return null;
  } catch (error) {
    element.textContent = error.message;
    return error;
  }
}
