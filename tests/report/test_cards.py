"""Cards: what items hold, shown as text and never as markup."""

from asklearn.report.cards import card, content, noted

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def test_text_row_and_picture_stand_together():
    html = content({"id": 1, "text": "Hello", "row": {"age": 38.25, "city": None}, "image": PIXEL})
    assert html.index("<img") < html.index("Hello") < html.index("38.25")
    assert "missing" in html


def test_only_images_that_are_data_are_shown():
    for image in (
        "https://evil.example/x.png",
        "data:text/html;base64,PHA+",
        "javascript:alert(1)",
        PIXEL + '"',
    ):
        assert "<img" not in content({"id": 1, "image": image})
    assert "(not shown)" in content({"id": 1})


def test_long_texts_are_cut_and_say_so():
    html = content({"id": 1, "text": "x" * 5_000})
    assert "5,000 characters, cut here" in html
    assert len(html) < 1_000


def test_files_beside_the_result_are_shown_by_their_kind():
    html = card({"id": 7}, {"7": b"\xff\xd8\xff..."})
    assert "data:image/jpeg;base64," in html
    assert "<img" not in card({"id": 7}, {"7": b"<svg onload=alert(1)>"})


def test_words_below_an_item_are_escaped():
    html = noted("look <again>", {"id": "<1>", "text": "<b>"}, "Label: <i>")
    assert html.count("<b>") == html.count("<i>") == 0
    assert "&lt;1&gt;" in html
