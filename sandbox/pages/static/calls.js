// Calls to the sandbox: the same control endpoints that tests use.

export const root = new URL(".", document.baseURI);
export const whatsapp = (path) => new URL(`whatsapp/_control/${path}`, root);
export const stripe = (path) => new URL(`stripe/_control/${path}`, root);

/** GET without a body, POST with one; the answer's JSON. Throws an Error that a person can read. */
export async function call(url, body) {
  const options = body === undefined ? {} : {
    method: "POST",
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
  if (!response.ok) throw new Error(answer.detail || `The sandbox answered ${response.status}.`);
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
      await look();
    } while (again);
  };
  return () => {
    if (running) again = true;
    else running = run().finally(() => { running = null; });
    return running;
  };
}

/** Try something, and say in `element` what went wrong. */
export async function report(element, attempt) {
  element.textContent = "";
  try {
    await attempt();
  } catch (error) {
    element.textContent = error.message;
  }
}
