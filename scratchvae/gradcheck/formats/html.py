"""A report as HTML: a table in a notebook, or a page of its own. No script, nothing from the network."""

import math
from html import escape

from scratchvae.gradcheck.formats.cells import COLUMNS, cells, conclusion, findings, printable

#: Colours that are read on white and on black, and told apart by readers with and without colour blindness;
#: the words say the same.
STYLE = """
.svgc{font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;max-width:60em;margin:.5em 0 1.2em}
.svgc table{border-collapse:collapse;width:100%;margin:.4em 0 .6em}
.svgc th{font-weight:600;opacity:.65;font-size:.86em;text-align:left;border-bottom:1px solid #8886}
.svgc th,.svgc td{padding:.28em 1.1em .28em 0;white-space:nowrap;vertical-align:baseline;background:none}
.svgc td{border-bottom:1px solid #8883;text-align:left}
.svgc .n{text-align:right;font-variant-numeric:tabular-nums;font-family:ui-monospace,Menlo,Consolas,monospace;
font-size:.92em}
.svgc .name{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.92em;white-space:normal}
.svgc .ok{color:#0a7d5a}.svgc .bad{color:#c8430a;font-weight:600}.svgc .unsure{color:#8a6d00}
.svgc tr.wrong td{background:#d55e0014}
.svgc .head{font-weight:600;font-size:1.05em}
.svgc .head b{display:inline-block;padding:.05em .55em;border-radius:.8em;color:#fff;margin-right:.5em;
font-size:.88em}
.svgc .head .ok{background:#0a7d5a}.svgc .head .bad{background:#c8430a}
.svgc ul{margin:.2em 0 .4em;padding-left:1.2em}.svgc li{margin:.25em 0;line-height:1.4}
.svgc code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.92em;background:none;padding:0}
.svgc .tag{display:inline-block;border:1px solid currentColor;border-radius:.3em;padding:0 .4em;
font-size:.82em;margin-right:.4em}
.svgc .soft{opacity:.72;font-size:.93em}
.svgc .bar{display:inline-block;width:5.5em;height:.55em;border-radius:.3em;margin-left:.6em;
position:relative;background:#8883}
.svgc .bar i{position:absolute;left:0;top:0;bottom:0;border-radius:.3em;background:#0072b2}
.svgc .bar i.over{background:#c8430a}
.svgc .bar u{position:absolute;top:-.18em;bottom:-.18em;width:0;border-left:1.5px solid currentColor;
opacity:.55}
""".strip()

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<style>
:root{{color-scheme:light dark}}
body{{margin:2em auto;max-width:62em;padding:0 1em;background:Canvas;color:CanvasText}}
h1{{font:600 1.5em system-ui,sans-serif;margin:0 0 .2em}}
h2{{font:600 1.05em system-ui,sans-serif;margin:1.6em 0 .1em}}
p{{font:14px/1.45 system-ui,sans-serif}}
{style}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def as_html(report):
    """The report as a fragment with its own style, for a notebook."""
    return f"<style>{STYLE}</style>\n{_fragment(report)}"


def as_page(reports, title="Gradient check"):
    """One or many reports as a page of its own.

    Parameters
    ----------
    reports : Report, or dict of str to Report
    title : str
    """
    if not isinstance(reports, dict):
        return PAGE.format(title=escape(printable(title)), style=STYLE, body=_fragment(reports))
    n_wrong = sum(not report.passed for report in reports.values())
    said = f"{n_wrong} of {len(reports)} are wrong" if n_wrong else f"all {len(reports)} pass"
    parts = [f"<p>{said}</p>"]
    for name, report in sorted(reports.items(), key=lambda item: item[1].passed):  # what is wrong comes first
        parts += [f"<h2>{escape(printable(name))}</h2>", _fragment(report)]
    return PAGE.format(title=escape(printable(title)), style=STYLE, body="\n".join(parts))


def _fragment(report):
    badge = '<b class="ok">passed</b>' if report.passed else '<b class="bad">wrong</b>'
    said = escape(conclusion(report).removeprefix("wrong: "))
    head = "".join(f'<th class="{"n" if right else ""}">{name}</th>' for name, right in COLUMNS.items())
    rows = "\n".join(_row(block, report.rtol) for block in report.blocks)
    return (
        f'<div class="svgc"><div class="head">{badge}{said}</div>\n'
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>\n"
        f"{_words(report)}{_summary(report)}</div>"
    )


def _row(block, rtol):
    texts = cells(block)
    kind = "bad" if not block.passed else "ok" if block.diagnosis.code == "ok" else "unsure"
    parts = []
    for name, right in COLUMNS.items():
        text, style = escape(texts[name]), "n" if right else ""
        if name == "block":
            style = "name"
        if name == "error":
            text += _bar(block.error, rtol)
        if name == "verdict":
            style = kind
        parts.append(f'<td class="{style}">{text}</td>')
    wrong = "" if block.passed else ' class="wrong"'
    return f"<tr{wrong}>{''.join(parts)}</tr>"


def _bar(error, rtol):
    """How large an error is, from 1e-16 to 1 by its logarithm, and where the limit lies."""

    def place(value):
        return 100 * min(max(1 + math.log10(max(value, 1e-16)) / 16, 0.0), 1.0)

    if math.isnan(error):
        return '<span class="bar"></span>'
    over = " class=over" if error > rtol else ""
    return (
        f'<span class="bar"><i{over} style="width:{place(error):.0f}%"></i>'
        f'<u style="left:{place(rtol):.0f}%"></u></span>'
    )


def _words(report):
    items = []
    for names, diagnosis, passed in findings(report):
        code = f'<span class="tag {"unsure" if passed else "bad"}">{escape(diagnosis.code)}</span>'
        shown = ", ".join(f"<code>{escape(name)}</code>" for name in names[:6])
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        label = "" if passed and diagnosis.code == "ok" else code
        soft = ' class="soft"' if passed else ""
        items.append(f"<li{soft}>{label}{shown}{more}: {escape(diagnosis.message)}</li>")
    return f"<ul>{''.join(items)}</ul>\n" if items else ""


def _summary(report):
    return f'<div class="soft">{escape(printable(report.summary))}</div>\n' if report.summary else ""
