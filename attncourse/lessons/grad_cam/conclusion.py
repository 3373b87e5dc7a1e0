"""cam-conclusion: which sentence do one image and the recorded scores allow?"""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "cam-conclusion",
    answer="conclusion",
    title="Write the conclusion",
    points=2,
    task=(
        "Which sentence may stand under the maps of Chelsea and the two records of scores, all before you? Set "
        "`conclusion` to a letter."
    ),
    choices={
        "A": "Attention has taught the networks to mind what matters: of the maps, one covers more of the cat.",
        "B": "The attention with the highest share in the right cell looks best.",
        "C": "In each trained network Grad-CAM of the last stage points at the class asked for more than by chance; "
        "that with an attention it points better, the seeds do not show.",
        "D": "The maps of the five networks are equally good, so attention changes nothing.",
        "E": "Maps like these show nothing about a network: noise draws them as well.",
        "F": "The maps show that the networks recognise a cat as we do.",
    },
    hints=[
        "Take each sentence and ask: which number in the tables would have to be otherwise if it were false?",
        "How many images is Chelsea? How many networks of each kind were trained for the first tables, how many for "
        "the last? What did other seeds move?",
        "Two things are asked: do the maps follow the class (compare with the level of chance), and does one attention "
        "do it better than another (compare trainings, not mosaics)?",
        "A and F say more than was measured, B takes a difference of two trainings for one of two attentions, D calls "
        "equal what differs in every seed, and E forgets what noise got.",
        'In full: `conclusion = "C"`.',
    ],
)


@exercise.reference
def as_far_as_it_was_measured() -> str:
    return "C"


@exercise.misconception
def from_one_picture() -> str:
    """You concluded from the maps of one photograph.

    Another photograph, or the same at another size, gives other maps and other probabilities; and one network of each
    was trained.

    Ask how many images and how many trainings stand behind the sentence.
    """
    return "A"


@exercise.misconception
def highest_mean_wins() -> str:
    """You looked at the means of five networks.

    One of five is always the highest. The intervals speak of other mosaics, shown to these same networks. Over six
    seeds SE, the highest of the five, lies below no attention.

    Choose a sentence about what was repeated.
    """
    return "B"


@exercise.misconception
def not_shown_means_equal() -> str:
    """You took "not shown to be better" for "equal".

    Over six seeds CBAM's share in the right cell is smaller than without attention, in each of them. And equally good
    maps would not mean that attention changes nothing.

    Choose the sentence that says what the seeds show, and no more.
    """
    return "D"


@exercise.misconception
def from_careful_to_nothing() -> str:
    """You went from "claims too much" to "shows nothing".

    The maps of a network whose weights are noise are unlike its own, and of the network's own more lies in the right
    cell than a map that is blind to classes would get. That is something.

    Look at the levels in the table.
    """
    return "E"


@exercise.misconception
def reads_the_mind() -> str:
    """You read a reason into a place.

    A map tells where the score hangs, not what the network sees there: an eye, a texture, a brightness. The same map
    fits many reasons.

    Choose a sentence about places and classes.
    """
    return "F"
