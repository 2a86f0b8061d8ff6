// WhatsApp's way of writing: *bold*, _italic_, ~struck~, `code`, "> quoted" and "- " lists, and
// addresses that can be opened. Everything becomes elements and text, never markup.
import { make } from "./dom.js";

const MARKS = { "*": "strong", _: "em", "~": "s" };
const PIECE = new RegExp([
  "(?<url>https?:\\/\\/[^\\s]+[^\\s.,;:!?)\\]}'\"»])",
  "```(?<block>[^`]+)```",
  "`(?<code>[^`\\n]+)`",
  "(?<![\\p{L}\\p{N}])(?<mark>[*_~])(?=\\S)(?<inner>[^\\n]+?)(?<=\\S)\\k<mark>(?![\\p{L}\\p{N}])",
].join("|"), "u");

/** The nodes of a whole message. */
export function written(text) {
  return text.split("\n").flatMap((line, index) => {
    const before = index ? [document.createTextNode("\n")] : [];
    if (line.startsWith("> ")) {
      return [...before, make("span", { className: "quoted-line" }, ...inline(line.slice(2)))];
    }
    return [...before, ...inline(line.replace(/^[-*] (?=\S)/, "• "))];
  });
}

function inline(text) {
  const found = PIECE.exec(text);
  if (!found) return text ? [document.createTextNode(text)] : [];
  const after = text.slice(found.index + found[0].length);
  return [...inline(text.slice(0, found.index)), element(found.groups), ...inline(after)];
}

function element({ url, block, code, mark, inner }) {
  if (url) return make("a", { href: url, textContent: url, target: "_blank", rel: "noopener" });
  if (mark) return make(MARKS[mark], {}, ...inline(inner));
  return make("code", { textContent: block ?? code });
}

/** The same text as one plain line, for a quote or a summary. */
export function plain(text, longest = 90) {
  const line = text.replace(/[*_~`]/g, "").replace(/\s+/g, " ").trim();
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
