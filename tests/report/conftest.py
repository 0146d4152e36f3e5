"""A result that looks like a real one, to draw reports from; a reader of pages, and a browser."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def build(strategies=("random", "margin", "auto"), seeds=5, gain=0.4, classes=10, rounds=15):
    """Curves that follow a power law; strategy k needs 1 / (1 + gain / k) of random's labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(1, rounds + 1) * 20
    names = [f"class {i}" for i in range(classes)]
    runs = []
    for k, strategy in enumerate(strategies):
        speed = 1 + gain / k if k else 1
        for seed in range(seeds):
            shift = np.random.default_rng(seed).normal(0, 0.005)
            score = 0.95 - 2 * (labels * speed + 10.0) ** -0.6 + shift + rng.normal(0, 0.002, rounds)
            runs.append(
                {
                    "strategy": strategy,
                    "seed": seed,
                    "labels": labels.tolist(),
                    "score": score.tolist(),
                    "estimate": [
                        {"value": s + 0.02, "low": s - 0.1, "high": min(s + 0.1, 1), "n_audit": int(n) // 10}
                        for n, s in zip(labels, score, strict=True)
                    ],
                    "forecast": [
                        {"at": int(2 * n), "value": s + 0.03, "low": s - 0.02, "high": s + 0.2}
                        for n, s in zip(labels, score, strict=True)
                    ],
                    "seconds": {
                        part: rng.gamma(5, 0.02, rounds).tolist() for part in ("fit", "score", "select")
                    },
                    "asked": list(range(20)),
                }
            )
    counts = np.full((classes, classes), 2) + np.eye(classes, dtype=int) * 50
    result = {
        "dataset": "digits",
        "rows": 1797,
        "classes": names,
        "metric": "accuracy",
        "encoder": "image(patch=4)",
        "model": "logistic",
        "versions": {"asklearn": "0.1.0", "numpy": "2.4.0"},
        "runs": runs,
        "summary": {
            s: {"aulc": 0.8, "aulc_low": 0.79, "aulc_high": 0.81, "labels_to": {"0.9": 160, "0.95": None}}
            for s in strategies
        },
        "full_data_score": 0.93,
        "audit": 0.1,
        "start": 20,
        "batch": 20,
        "budget": int(labels[-1]),
        "test_rows": 360,
        "class_counts": {s: dict.fromkeys(names, 30 + k) for k, s in enumerate(strategies)},
        "confusion": {"labels": names, "counts": counts.tolist()},
        "examples": [
            {
                "id": 1,
                "stream": "exploit",
                "reason": "unsure",
                "label": "class 1",
                "score": -0.02,
                "text": "Hello",
            },
            {
                "id": 2,
                "stream": "audit",
                "reason": "drawn",
                "label": "class 2",
                "score": None,
                "image": PIXEL,
            },
            {"id": "3", "stream": "exploit", "reason": "far", "label": 3, "score": 1.0, "row": {"age": 38}},
        ],
    }
    return json.loads(json.dumps(result))


@pytest.fixture
def make_result():
    """The builder itself, for results of other shapes."""
    return build


@pytest.fixture
def result():
    """Three strategies, five seeds."""
    return build()


TAGS = set(
    """
    html head meta title style body header main footer section h1 h2 h3 p b bdi span small dl dt dd div ul li figure
    figcaption details summary table caption thead tbody tr th td pre code q img svg g line circle polyline polygon
    rect text
    """.split()  # noqa: SIM905
)


class Reader(HTMLParser):
    """Collects what a browser would build."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.words, self._hidden = set(), [], [], 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        self._hidden += tag == "style"

    def handle_endtag(self, tag):
        self._hidden -= tag == "style"

    def handle_data(self, data):
        if not self._hidden:
            self.words.append(data)


def read_page(page):
    """Only the tags that we use, no handler, nothing loaded, nothing unprintable."""
    reader = Reader(page)
    assert reader.tags <= TAGS
    for name, value in reader.attributes:
        assert not name.startswith("on")
        assert name not in {"href", "xlink:href", "action", "srcset", "formaction"}
        if name == "src":
            assert value.startswith("data:image/")
    page.encode("utf-8")
    return reader


@pytest.fixture(scope="session")
def check():
    """Read a page, and refuse what should not be in it."""
    return read_page


def open_page(browser, path, **options):
    """The page from its file, and what it asked for and complained of."""
    tab = browser.new_page(**options)
    noise, requests = [], []
    tab.on("console", lambda message: noise.append(message.text))
    tab.on("pageerror", lambda error: noise.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(path.as_uri())
    return tab, noise, [url for url in requests if not url.startswith("data:")]


@pytest.fixture
def opened():
    """Open a page in the browser."""
    return open_page
