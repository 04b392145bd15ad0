# SPDX-License-Identifier: MIT
"""docs/benchmarks.md, made of samples."""

from dataclasses import dataclass

from sample import Samples

# A ratio this close to 1 is within what two runs of one client differ by.
NOISE = 0.03


@dataclass
class Comparison:
    """Ours against a peer's; a ratio above 1 means that the peer does better."""

    what: str
    peer: str
    ratio: float
    ours: str
    theirs: str


@dataclass
class Figure:
    """Something the project wants to reach."""

    what: str
    target: str
    value: float
    met: bool


class Document:
    """Markdown that grows while the groups tell."""

    def __init__(self):
        self.lines = []
        self.comparisons = []
        self.figures = []

    def text(self, *lines):
        self.lines += [*lines, ""]

    def heading(self, title, level=3):
        self.text("#" * level + " " + title)

    def table(self, header, rows):
        def line(cells):
            return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

        self.text(line(header), "|" + "---|" * len(header), *[line(row) for row in rows])

    def compare(self, what, peer, ratio, ours, theirs):
        self.comparisons.append(Comparison(what, peer, ratio, ours, theirs))

    def figure(self, what, target, value, limit, more_is_better=False):
        met = value >= limit if more_is_better else value <= limit
        self.figures.append(Figure(what, target, value, met))

    def __str__(self):
        return "\n".join(self.lines).rstrip() + "\n"


def _losses(document, comparisons):
    document.heading("Where we lose", 2)
    lost = sorted((item for item in comparisons if item.ratio > 1), key=lambda item: -item.ratio)
    if not lost:
        document.text("In no case that was measured." if comparisons else "Nothing was compared.")
        return
    document.text(f"Every case in which a peer does better than ringload; a ratio up to "
                  f"{1 + NOISE:.2f} is within the noise.")
    document.table(["case", "against", "ringload", "peer", "worse by the factor"],
                   [[item.what, item.peer, item.ours, item.theirs, f"{item.ratio:.2f}"]
                    for item in lost])


def _figures(document, figures):
    document.heading("Figures to reach", 2)
    if not figures:
        document.text("None was measured.")
        return
    document.table(["figure", "target", "measured", "reached"],
                   [[item.what, item.target, f"{item.value:,.4g}", "yes" if item.met else "**no**"]
                    for item in figures])


def _failures(document, groups):
    """Whatever was tried and did not work, and what clients remarked of their own runs."""
    rows = {}
    for group, record in groups:
        if record is None:
            rows[(group.title, "all", "not measured")] = 0
            continue
        if record["failure"]:
            rows[(group.title, "all", record["failure"])] = 1
        for sample in Samples(record["samples"]).all:
            for said in ([sample.failure] if sample.failure else []) + sample.remarks:
                key = (f"{group.title}: {sample.row}", sample.client, said)
                rows[key] = rows.get(key, 0) + 1
    document.heading("Failed, or remarked by the clients", 2)
    if not rows:
        document.text("Nothing.")
        return
    document.table(["case", "client", "what", "runs"],
                   [[*key, runs or "–"] for key, runs in rows.items()])


def _commands(document, groups):
    document.heading("Command lines", 2)
    for group, record in groups:
        if not record or not record["samples"]:
            continue
        document.heading(group.title)
        seen = {}
        for sample in record["samples"]:
            seen.setdefault((sample.row, sample.client), sample.command)
        document.text("```", *[f"# {row}, {client}\n{command}"
                               for (row, client), command in seen.items()], "```")


def render(groups, facts, versions):
    """
    groups: pairs of a Group and its record, None where it was not measured. A record has "samples",
    "failure" (a sentence, or empty), "rounds", "duration_s" and "measured" (when, and what). facts and versions: pairs of words.
    """
    body = Document()
    for group, record in groups:
        body.heading(group.title, 2)
        body.text(group.about)
        if record is None:
            body.text("Not measured.")
            continue
        effort = f"{record['rounds']} rounds, {record['duration_s']} s a run; " if group.timed else ""
        body.text(f"{effort}{record['measured']}.")
        if record["failure"]:
            body.text(f"Not measured: {record['failure']}.")
        if record["samples"]:
            group.tell(Samples(record["samples"]), body)
    document = Document()
    document.heading("Benchmarks", 1)
    document.text("Written by `make bench` (tools/bench). Every client runs alone, with one thread, "
                  "pinned to CPU 0; servers", "run on CPU 1. Runs of different clients are "
                  "interleaved. CPU time is what the kernel accounts to the client's", "process, "
                  "user and system. Timings of a shared machine are noisy: trust ratios, and the "
                  "least CPU per request.")
    document.table(["machine", ""], facts)
    document.table(["program", "version"], versions)
    _figures(document, body.figures)
    _losses(document, body.comparisons)
    document.lines += body.lines
    _failures(document, groups)
    _commands(document, groups)
    return str(document)
