"""Nothing but what tag() made is markup."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.report.html import Html, escape, join, shorten, tag

anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@settings(deadline=None)
@given(anything, anything)
def test_hostile_text_stays_text(text, attribute):
    reader = Reader()
    markup = tag("p", text, title=attribute)
    reader.feed(markup)
    reader.close()
    assert reader.tags == ["p"]
    assert [name for name, _ in reader.attributes] == ["title"]
    assert reader.text == str(escape_free(text))
    markup.encode("utf-8")


def escape_free(text):
    """What a browser should show: the text, with what cannot be shown replaced."""
    import html

    return html.unescape(escape(text))


def test_quotes_cannot_leave_an_attribute():
    assert tag("a", title='"><img onerror=x>') == '<a title="&quot;&gt;&lt;img onerror=x&gt;"></a>'
    assert "'" not in escape("'")


def test_markup_passes_once():
    assert tag("p", tag("b", "<")) == "<p><b>&lt;</b></p>"
    assert escape(Html("<b>")) == "<b>"
    assert escape(escape("<")) == "&lt;"


def test_an_attribute_value_is_escaped_even_when_it_is_markup():
    assert tag("p", title=Html('"')) == '<p title="&quot;"></p>'


def test_control_characters_and_surrogates_are_replaced():
    assert escape("a\x00b\ud800c\x9bd") == "a\ufffdb\ufffdc\ufffdd"


def test_void_elements_have_no_end():
    assert tag("img", alt="x") == '<img alt="x">'


def test_a_bad_attribute_name_is_refused():
    with pytest.raises(BadInput, match="attribute"):
        tag("p", **{"x onclick": 1})


@settings(deadline=None)
@given(anything, st.integers(1, 30))
def test_shorten_is_never_longer(text, length):
    assert len(shorten(text, length)) <= length


def test_join_escapes_the_separator():
    assert join(["a", "b"], "<") == "a&lt;b"
