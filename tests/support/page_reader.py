"""A browser without scripts: keeps cookies, follows redirects, fills in forms by what the page says."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx


class _Forms(HTMLParser):
    """Reads the forms of a page: where each goes, and what it sends untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a hidden field of the last one."""
        given = dict(attrs)
        if tag == "form":
            searches = given.get("method") == "get"
            self.forms.append({"action": given.get("action"), "searches": searches, "fields": {}})
        elif tag == "input" and self.forms and given.get("type") == "hidden":
            self.forms[-1]["fields"][given.get("name")] = given.get("value") or ""


@dataclass
class PageReader:
    """One person's browser."""

    url: str
    language: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)
    page: httpx.Response | None = None

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {
            "Accept": "text/html",
            "Accept-Language": self.language,
            **options.pop("headers", {}),
        }
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = httpx.request(method, f"{self.url}{path}", headers=headers, timeout=60, **options)
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, rest = cookie.partition("=")
            value, _, attributes = rest.partition(";")
            if "max-age=0" in attributes.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value.strip('"')
        self.page = answer
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Open a page; redirects are not followed."""
        return self._send("GET", path, **options)

    def open(self, path: str) -> httpx.Response:
        """Open a page, and follow where it leads."""
        answer = self.get(path)
        while answer.is_redirect:
            answer = self.get(answer.headers["location"].removeprefix(self.url))
        return answer

    def form(self, action: str) -> dict[str, str]:
        """Return what the form of the page that goes to `action` sends untouched."""
        assert self.page is not None
        reader = _Forms()
        reader.feed(self.page.text)
        for each in reader.forms:
            if (each["action"] or self.page.url.path) == action and not each["searches"]:
                return dict(each["fields"])
        raise AssertionError(f"no form of the page goes to {action}")

    def send(self, action: str, values: dict[str, Any], **options: Any) -> httpx.Response:
        """Fill in the form of the page that goes to `action`, and send it."""
        return self._send("POST", action, data=self.form(action) | values, **options)

    def post(self, path: str, values: dict[str, Any], **options: Any) -> httpx.Response:
        """Send a form as it is, without looking at any page."""
        return self._send("POST", path, data=values, **options)

    def sign_up(self, number: int = 1) -> None:
        """Open an account by mail address, and be signed in."""
        self.get("/signup")
        answer = self.send(
            "/signup",
            {
                "company_name": f"Cafe Deccan {number}",
                "contact_name": "Rustom Irani",
                "email": f"rustom{number}@example.com",
                "password": "a busy cafe on hill road",
            },
        )
        assert answer.status_code == 303, answer.text
