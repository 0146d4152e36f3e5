"""The last sections: words and settings."""

from asklearn.report import method

HOW = {
    "seed": 3, "strategy": "auto", "model": "<logistic>", "audit": 0.1, "budget": None, "version": 4,
    "params": {"C": "10"}, "position": 1234, "about": {"encoder": "text", "source": ""}, "versions": {"numpy": "2.4"},
}  # fmt: skip


def test_settings_and_versions_are_listed():
    html = method.how_computed({"how": HOW, "estimate": {"method": "exact binomial", "n": 12}})
    for words in (
        "&lt;logistic&gt;",
        "number 4; C = 10",
        "no limit",
        "1,234 events",
        "12 random labels",
        "numpy",
    ):
        assert words in html
    assert "source" not in html


def test_what_is_not_there_is_left_out():
    html = method.how_computed({"how": {**HOW, "version": None, "budget": 7}, "estimate": None})
    assert "fitted model" not in html
    assert "7 questions" in html
    assert "None" not in html


def test_words_are_explained_where_there_are_labels():
    assert method.how_to_read({"labels": {"n": 0}}) == ""
    assert method.how_to_read({"labels": {"n": 1}}).count("<dt>") == len(method.TERMS)
