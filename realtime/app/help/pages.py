"""Help pages whose words do not depend on the models: first steps, the meaning of the numbers, the law."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph.

    Attributes:
        text: `str`, without line breaks.
        style: "text", "heading", "item" of a list, or "row" or "figure": two cells with a tab between them, the
            first one wide or narrow.
    """

    text: str
    style: str = "text"


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its name in the menu, and what it says."""

    name: str
    blocks: Sequence[Block]


def first_steps(key_name: Callable[[str], str]) -> Page:
    """Return what somebody does who has never seen the program."""
    return Page(
        "First steps",
        (
            Block("Analyze a video", "heading"),
            _item(
                f"Choose Open videos ({key_name('O')}) and a file that shows faces. It is analyzed to its end "
                "first; the bar says how far it is."
            ),
            _item(
                "It then plays, with a name over each face, such as “happiness 83 %”. At the right are the six bars "
                "of one person, below the timeline of each. Click or drag in a timeline to go there."
            ),
            _item(
                "“Uncertain” means that the program gives no answer there, and says why: no clear expression, or a "
                "face that is turned away, covered, blurred or too small."
            ),
            _item(
                "Report saves a page for people, Table the numbers of every face in every picture, Recording the "
                "video with what is drawn on it. The menu Faces blurs or hides faces in what is saved."
            ),
            Block("Use a camera", "heading"),
            _item(f"Choose Use a camera ({key_name('K')}) and start it. What you save is written from then on."),
            _item(
                "Neutral face (N): let the person rest their face for five seconds. Faces that look stern or sad at "
                "rest are then read as neutral, and slight expressions show."
            ),
            Block("Before you show it to anybody", "heading"),
            _item(
                "Try it on yourself first, then read the pages Limits and The law in this menu. At work and in "
                "education the European Union prohibits its use with people, except for medical or safety reasons."
            ),
            _item(
                "Nothing is sent anywhere. Pictures are not kept unless you save them; the numbers of recent "
                "analyses stay in a list on this machine, which the menu File turns off and clears."
            ),
        ),
    )


def numbers(uncertain_below: float) -> Page:
    """Return what the numbers on the screen and in the files mean.

    Args:
        uncertain_below: probability below which there is no label.
    """
    limit = f"{100 * uncertain_below:.0f} %"
    return Page("The numbers", (*_BARS, Block(_NAME.format(limit)), *_OVER_TIME))


_BARS = (
    Block("The six bars", "heading"),
    Block(
        "Happiness, sadness, fear, anger, neutral, surprise: how probable the program takes each to be what people "
        "would call this face. They add up to 100 %. They do not say how strong a feeling is: “happiness 60 %” is no "
        "smaller joy than “happiness 90 %”, only a less clear face."
    ),
    Block("The name and its percentage", "heading"),
)
_NAME = (
    "The largest bar gives the name, and its probability is the percentage. Below {0} the name is “uncertain”. A name "
    "stays for a moment before it changes, so that it does not flicker. How far such percentages can be believed is "
    "measured: see Limits."
)
_OVER_TIME = (
    Block("Over time", "heading"),
    Block("A timeline stacks the six probabilities over a band with the name; hatched where it is uncertain.", "item"),
    Block(
        "In a video each moment is judged by what comes before and after it, so names do not lag. With a camera they "
        "can only follow.",
        "item",
    ),
    Block("Gray with “0.5 s ago”: the last answer for this face, so old because the machine was busy.", "item"),
    Block("Persons", "heading"),
    Block(
        "“Person 1” is a face that was followed without a break. Nobody is recognized: who leaves and comes back, or "
        "is cut away, may get another number. The numbers are those of table and report."
    ),
    Block("With a camera", "heading"),
    Block(
        "The line below has the time, the pictures per second that were analyzed, and the milliseconds from the camera "
        "to the screen."
    ),
    Block("In a table", "heading"),
    Block(
        "One row per face and picture; p_happiness to p_surprise are the bars, label is the name, confidence its "
        "probability, uncertain_reason why it is uncertain. The file beside the table explains every column."
    ),
)


LAW = Page(
    "The law",
    (
        Block(
            "This is what the rules of the European Union say about programs like this one, as we read them in "
            "November 2026. It is not legal advice. Other countries have rules of their own."
        ),
        Block("Work and education", "heading"),
        Block(
            "It is prohibited to use AI to infer the emotions of people at work or in education, except for medical "
            "or safety reasons (AI Act, Regulation (EU) 2024/1689, Article 5(1)(f), since 2 February 2025). Lessons, "
            "exams, job interviews, call centers and meetings count. A teacher may not measure the mood or attention "
            "of a class with it, an employer not that of staff or applicants. In a lesson about such programs, try it "
            "on yourself or on films, not on the learners."
        ),
        Block("Elsewhere", "heading"),
        Block(
            "Whoever uses it must inform the people exposed to it, clearly and at the latest when they are "
            "first exposed (Article 50(3) and (5), since 2 August 2026).",
            "item",
        ),
        Block(
            "Emotion recognition that is not prohibited counts as high-risk (Article 6(2), Annex III 1(c)), with "
            "duties from 2 December 2027 on, as postponed by Regulation (EU) 2026/1744.",
            "item",
        ),
        Block(
            "Systems used for scientific research alone and purely private use are not covered (Article 2(6) and "
            "(10)). A study in a real workplace or classroom is not thereby free.",
            "item",
        ),
        Block("Personal data", "heading"),
        Block(
            "Pictures of faces and the rows of a table are personal data (GDPR, Regulation (EU) 2016/679, Article "
            "4(1)). You need a legal basis (Article 6), such as consent that is free, informed and can be withdrawn "
            "(Article 7); between employer and employee it is hardly ever free. What emotions say of health is "
            "specially protected (Article 9).",
            "item",
        ),
        Block(
            "Tell people what is recorded, why and for how long (Article 13), and keep no more than is needed "
            "(Article 5).",
            "item",
        ),
        Block("A text to put up", "heading"),
        Block(
            "“Here a program estimates from camera pictures which emotion faces show. Pictures are not stored [or: "
            "are stored until …]. Who is responsible: … You can object or stay out of the picture: …”"
        ),
        Block("Sources", "heading"),
        Block(
            "eur-lex.europa.eu/eli/reg/2024/1689/oj (AI Act), /2026/1744/oj (its changes), /2016/679/oj (GDPR). "
            "European Commission, Guidelines on prohibited artificial intelligence practices, 29 July 2025. More in "
            "the documentation: docs/law.md."
        ),
    ),
)
"""What the law of the European Union says; the longer text is docs/law.md."""


def keys(rows: Sequence[tuple[str, str]]) -> Page:
    """Return the page of keys, from pairs of a key and what it does."""
    return Page("Keys", tuple(Block(f"{key}\t{what}", "row") for key, what in rows))


def _item(text: str) -> Block:
    return Block(text, "item")
