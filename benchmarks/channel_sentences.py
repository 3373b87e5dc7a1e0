"""What the numbers allow to say of a channel, and what they do not; and the page of the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Which of a network's channels the sentences speak of: fixed beforehand, like the rules.
SPOKEN_OF = (("ears", "stages.1"), ("cats", "stages.2"))
# Both kinds of mistake below this, and one may speak of a detector.
DETECTOR = 0.05


def sentences(found: Mapping[str, Mapping[str, Any]], untrained: str) -> dict[str, list[str]]:
    """Each is made from numbers, and goes to the side on which they put it."""
    made: dict[str, list[str]] = {"allowed": [], "refused": []}
    for name, network in found.items():
        if name != untrained:
            for one in network["channels"]:
                if (one["rule"], one["layer"]) in SPOKEN_OF:
                    who = f"{name}, channel {one['channel']} of {one['layer']}"
                    _of_channel(made, who, one, network, _like(one, found[untrained]))
            for layer, chosen in network["ears_elsewhere"].items():
                if ("ears", layer) in SPOKEN_OF:
                    _of_choice(made, f"{name}, {layer}", chosen)
            for one in network["gates"]:
                if (one["rule"], one["layer"]) in SPOKEN_OF:
                    _of_gate(made, f"{name}, channel {one['channel']} at {one['block']}", one)
    made["refused"].append(
        "'Attention makes (or unmakes) a cat-ear channel': there is one network of each kind, with one seed each, so "
        "that a difference between two of them may be one of seeds."
    )
    return made


def _of_channel(
    made: dict[str, list[str]],
    who: str,
    one: Mapping[str, Any],
    network: Mapping[str, Any],
    control: Mapping[str, Any],
) -> None:
    best = sorted(one["strongest"]["classes"].items(), key=lambda pair: -pair[1])
    cats = one["strongest"]["classes"].get("cat", 0)
    by_chance = one["strongest"]["count"] * one["misses"]["n"] / (one["misses"]["n"] + one["false_alarms"]["n"])
    most = ", ".join(f"{count} {name}" for name, count in best[:3])
    made["allowed"].append(
        f"{who}: the {one['strongest']['count']} test pictures that drive it most are of {len(best)} classes; {cats} "
        f"show cats (by chance {by_chance:.0f}). Most: {most}."
    )
    low, high = one["area"]["interval"]
    made["allowed"].append(
        f"{who}: in {one['area']['value']:.0%} of pairs the cat drives it more than the other picture (95% interval "
        f"{low:.0%} to {high:.0%}; chance 50%). The network's own score for cats: "
        f"{network['cat_score']['area']['value']:.0%}; the channel that the same rule chooses where nothing was "
        f"learnt: {control['area']['value']:.0%}."
    )
    misses, alarms = one["misses"]["share"], one["false_alarms"]["share"]
    counted = (
        f"it misses {misses:.0%} of cats and fires at {alarms:.0%} of the others, at {one['fires']['dog']:.0%} of dogs"
    )
    side = "allowed" if max(misses, alarms) <= DETECTOR else "refused"
    made[side].append(f"'{who} is a detector of cats': {counted}.")
    hidden = one["occlusion"]
    inside, chance = hidden["mean"]["share_inside_ears"], hidden["chance"]
    parts = ", ".join(f"{part} {change:+.2f}" for part, change in hidden["mean"]["parts"].items())
    made["allowed"].append(
        f"{who}: on the one photograph {inside:.0%} of what weakens it when hidden lies at the ears, which are "
        f"{chance:.0%} of the picture. Its answer is {hidden['whole']:.2f}; squares over each part change it: "
        f"{parts}."
    )
    off = one["switched_off"]
    after = network["cat_accuracy"] + off["cat"]["change"]
    side = "allowed" if after <= 0.1 else "refused"
    made[side].append(
        f"'Without it the network cannot recognise cats' ({who}): without it {after:.0%} of cats are recognised, "
        f"with it {network['cat_accuracy']:.0%}; all classes {_points(off['accuracy'])} points; of "
        f"{one['channels']} channels it is number {off['rank']} in what it costs."
    )


def _like(one: Mapping[str, Any], network: Mapping[str, Any]) -> Mapping[str, Any]:
    """The channel of another network that the same rule chooses in the same layer."""
    return next(other for other in network["channels"] if all(other[key] == one[key] for key in ("rule", "layer")))


def _points(off: Mapping[str, Any]) -> str:
    return f"{100 * off['change']:+.1f}"


def _of_choice(made: dict[str, list[str]], who: str, chosen: Mapping[str, int]) -> None:
    channels = list(dict.fromkeys(chosen.values()))
    by = ", ".join(f"{channel} ({list(chosen.values()).count(channel)})" for channel in channels)
    side = "allowed" if len(channels) == 1 else "refused"
    made[side].append(
        f"'{who}: this one answers at ears': of the same photograph at {len(chosen)} sizes and sides the rule chooses "
        f"{len(channels)} channel{'s' * (len(channels) > 1)}: {by}."
    )


def _of_gate(made: dict[str, list[str]], who: str, one: Mapping[str, Any]) -> None:
    up = one["gate_difference"]
    side = "allowed" if up["interval"] and up["interval"][0] > 0 else "refused"
    made[side].append(
        f"'{who}: the gate turns it up for cats': the mean gate is {one['gate_cats']:.3f} for cats and "
        f"{one['gate_others']:.3f} for others, difference {_signed(up)}; its deviation over pictures is "
        f"{one['gate_deviation']:.3f}."
    )
    change = one["difference"]
    side = "allowed" if change["interval"] and change["interval"][0] > 0 else "refused"
    made[side].append(
        f"'{who}: behind the gate it tells cats better': area {one['before']['value']:.3f} before, "
        f"{one['after']['value']:.3f} behind it, difference {_signed(change)}."
    )


def _signed(value: Mapping[str, Any]) -> str:
    if not value["interval"]:
        return f"{value['value']:+.3f} (no interval)"
    low, high = value["interval"]
    return f"{value['value']:+.3f} (95% interval {low:+.3f} to {high:+.3f})"


def page(made: Mapping[str, Any]) -> str:
    """The record as a page."""
    values = made["values"]
    said = ", ".join(f"{name} {value}" for name, value in made["versions"].items() if value)
    machine = ", ".join(f"{key} {value}" for key, value in made["hardware"].items() if value)
    lines = [
        f"# {made['title']}",
        "",
        f"{made['date']}; {machine}; {said}.",
        "",
        *(f"- {note}" for note in made["notes"]),
        "",
        "| network | layer | rule | channel | cats among 100 strongest | area | misses | false alarms | at dogs | "
        "share at ears (chance) | peak at ears | off: accuracy, points | cats | rank |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
        *(_line(name, one) for name, network in values["networks"].items() for one in network["channels"]),
        "",
        "The networks themselves, by their score for cats:",
        "",
        "| network | accuracy | cats | area | misses | false alarms | the photograph |",
        "|---|---|---|---|---|---|---|",
        *(_network(name, network) for name, network in values["networks"].items()),
        "",
        "Before and behind the gate:",
        "",
        "| network | block | rule | channel | area before | behind | difference | mean gate: cats | others | "
        "difference | area of the gate alone | over channels |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        *(_gate(one["network"], one) for one in values["gates"]),
        "",
        "'Over channels' is the rank correlation, over the layer's channels, of how well a channel tells cats before "
        "the gate and how much higher its gate is for cats.",
        "",
        *(line for side, title in TITLES.items() for line in _list(title, values["sentences"][side])),
    ]
    return "\n".join(lines)


TITLES = {"allowed": "## What may be said", "refused": "## What may not be said, with what was measured"}


def _list(title: str, given: Sequence[str]) -> list[str]:
    return [title, "", *(f"- {one}" for one in given), ""]


def _line(name: str, one: Mapping[str, Any]) -> str:
    hidden, off = one["occlusion"], one["switched_off"]
    cells = [
        name,
        one["layer"],
        one["rule"],
        f"{one['channel']} of {one['channels']}",
        str(one["strongest"]["classes"].get("cat", 0)),
        _area(one["area"]),
        _share(one["misses"]),
        _share(one["false_alarms"]),
        f"{one['fires']['dog']:.0%}",
        f"{hidden['mean']['share_inside_ears']:.0%} ({hidden['chance']:.0%})",
        "yes" if hidden["peak_at_ears"] > 0 else "no",
        _points(off["accuracy"]),
        _points(off["cat"]),
        str(off["rank"]),
    ]
    return f"| {' | '.join(cells)} |"


def _network(name: str, network: Mapping[str, Any]) -> str:
    score, seen = network["cat_score"], network["photograph"]
    cells = [
        name,
        f"{network['accuracy']:.1%}",
        f"{network['cat_accuracy']:.1%}",
        _area(score["area"]),
        _share(score["misses"]),
        _share(score["false_alarms"]),
        f"{seen['predicted']} (cat {seen['cat_probability']:.2f})",
    ]
    return f"| {' | '.join(cells)} |"


def _gate(name: str, one: Mapping[str, Any]) -> str:
    cells = [
        name,
        one["block"],
        one["rule"],
        str(one["channel"]),
        _area(one["before"]),
        _area(one["after"]),
        _signed(one["difference"]),
        f"{one['gate_cats']:.3f}",
        f"{one['gate_others']:.3f}",
        _signed(one["gate_difference"]),
        _area(one["gate_area"]),
        f"{one['over_channels']:+.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _area(found: Mapping[str, Any]) -> str:
    return f"{found['value']:.3f}" + (
        " [{:.3f}, {:.3f}]".format(*found["interval"]) if found["interval"] else ""
    )  # fmt: skip


def _share(found: Mapping[str, Any]) -> str:
    low, high = found["interval"]
    return f"{found['share']:.0%} [{low:.0%}, {high:.0%}]"
