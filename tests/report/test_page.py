"""The frame: policy, tables, and charts as files of their own."""

import re
import xml.etree.ElementTree as ET

from asklearn.report.charts import Series, line_chart
from asklearn.report.html import Html, tag
from asklearn.report.page import document, figure, standalone, style, table


def test_the_policy_allows_nothing_but_styles_and_inline_images():
    page = document("t", tag("p", "x"))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#x27;", "'")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_the_style_loads_nothing_and_cannot_close_its_element():
    assert not re.search(r"url\(|@import|http|<", style())


def test_tables_name_their_rows_and_columns():
    html = table("c", ["a", "b"], [["r", Html("<td>1</td>")], ["s", "<2>"]])
    assert html.count('scope="col"') == 2
    assert html.count('scope="row"') == 2
    assert "&lt;2&gt;" in html


def test_a_figure_is_drawn_for_both_widths():
    widths = []
    figure(lambda width: widths.append(width) or Html(""), "caption")
    assert widths == [760, 340]


def contrast(one, other):
    """WCAG 2 contrast of two #rrggbb colours."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_text_colour_reads_on_its_ground_in_both_schemes():
    schemes = re.findall(r":root \{(.*?)\}", style(), re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colour = dict(re.findall(r"--([\w-]+): (#\w{6})", scheme))
        for text in ("ink", "soft", "accent", *(f"s{i}" for i in range(8))):
            assert contrast(colour[text], colour["card"]) >= 4.5, text
        for ground in ("page", "grid"):
            assert contrast(colour["ink"], colour[ground]) >= 4.5
        assert contrast(colour["soft"], colour["page"]) >= 4.5
        assert contrast(colour["accent"], colour["accent-wash"]) >= 4.5


def test_every_series_has_a_dash_pattern_of_its_own():
    dashes = re.findall(r"\.line\.s(\d) \{ stroke-dasharray: ([^;]*);", style())
    assert {number for number, _ in dashes} == set("0234567")
    assert len({pattern for _, pattern in dashes}) == 7


def test_a_standalone_chart_is_xml_with_both_schemes():
    chart = line_chart([Series("a<b", [20, 40], [0.1, 0.2])], title="t", y_title="y")
    image = standalone(chart, "Curves", 800, 430)
    root = ET.fromstring(image)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme: dark" in image
    assert ".s1 { stroke" in image
    assert root.attrib["aria-label"] == "Curves"
