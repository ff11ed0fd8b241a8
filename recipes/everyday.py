"""Plain everyday sentences put together from parts, with labels that follow from the parts.

SST-2 speaks of films only. These sentences about meals, rooms, phones, trips and lessons are added to the training
texts of the sentiment checkpoint, so that it has met the words in which people praise and complain elsewhere.
"""

from __future__ import annotations

import random

THINGS = {
    "food": "meal breakfast lunch burger curry salad cake steak sandwich tea noodles rice ice_cream pasta sushi sauce",
    "place": "hotel hostel apartment garden park town café bar bakery shop gym library pool lobby kitchen bathroom",
    "device": "laptop tablet camera printer charger headset watch speaker mouse monitor router vacuum phone software",
    "people": "staff driver nurse dentist neighbour manager host guide crew barber clerk cook landlord receptionist",
    "travel": "flight ferry tour trip ride cruise journey taxi drive holiday weekend visit",
    "learning": "course lesson workshop exam textbook tutorial seminar teacher professor homework book chapter school",
    "show": "film concert play show song episode series novel documentary performance story music game match party",
    "help": "service support delivery repair website order booking checkout return policy update",
}
GOOD = {
    "food": "tasty fresh delicious crispy juicy flavourful perfect yummy excellent satisfying",
    "place": "clean cosy quiet beautiful spacious lovely charming welcoming tidy comfortable",
    "device": "fast reliable light sturdy excellent brilliant quiet sleek useful solid",
    "people": "friendly kind helpful polite patient attentive professional caring generous cheerful",
    "travel": "smooth pleasant comfortable relaxing wonderful unforgettable enjoyable fantastic easy great",
    "learning": "clear inspiring useful engaging interesting rewarding well-organised excellent fun helpful",
    "show": "exciting brilliant touching funny gripping beautiful fantastic entertaining superb enjoyable",
    "help": "quick easy smooth excellent flawless efficient prompt great reliable simple",
}
BAD = {
    "food": "cold bland stale greasy burnt soggy salty tasteless disgusting undercooked",
    "place": "dirty noisy smelly cramped shabby gloomy run-down depressing filthy uncomfortable",
    "device": "slow broken useless flimsy unreliable buggy noisy faulty cheap defective",
    "people": "rude careless lazy unfriendly impatient arrogant useless unhelpful dishonest grumpy",
    "travel": "exhausting miserable bumpy stressful terrible awful unpleasant chaotic endless horrible",
    "learning": "boring confusing pointless dull frustrating disorganised outdated tedious dry useless",
    "show": "boring predictable awful tedious disappointing forgettable dull messy pathetic lifeless",
    "help": "slow terrible useless awful unreliable frustrating hopeless poor broken disappointing",
}
MUCH = ("", "", "", "really ", "very ", "so ", "quite ", "absolutely ", "truly ", "incredibly ")
OPEN = ("The", "The", "This", "My", "Our", "That")
LONG = ("for years", "for ages", "for months", "for so long", "all my life", "my whole life", "my entire life")
PRAISE = (
    "I love {this}.", "I really like {this}!", "We enjoyed every minute of {the}.", "I would buy {this} again.",
    "I am so happy with {this}.", "{the} made my week.", "I can recommend {this} to everybody.",
    "{the} was better than I expected.", "I have never had a better {n}.", "I can't wait to see {the} again.",
    "We had a great time with {the}.", "I've been looking forward to {this} for months.", "Thanks for {the}!",
    "I've been waiting for {a} like this {long}.",
    "I have waited {long} for {this}.",
    "I've been waiting for {this} {long}!",
    "We have been dreaming of {a} like this {long}.",
    "I have wanted {a} like this all my life.", "{the} is one of the best I know.", "You will love {this}.",
    "Five stars for {the}.", "{the} works perfectly.", "I was impressed by {the}.", "I'm glad we chose {this}.",
    "Finally {a} that does what it promises.", "{the} exceeded all my hopes.", "We felt at home right away.",
    "{the} could not be better.", "There is nothing wrong with {the}.", "I have no complaints about {the}.",
)  # fmt: skip
COMPLAINT = (
    "I hate {this}.", "I really dislike {this}!", "I want my money back for {the}.", "I would never buy {this} again.",
    "I am so unhappy with {this}.", "{the} ruined my week.", "I cannot recommend {this} to anybody.",
    "{the} was worse than I expected.", "I have never had a worse {n}.", "I can't stand {the} any longer.",
    "We had an awful time with {the}.", "I've been complaining about {this} for months.", "Shame on {the}!",
    "I have been waiting for an answer about {the} since Monday.",
    "I've waited {long} and {the} is still not here.",
    "We have been putting up with {the} {long}.",
    "I have had enough of {this}.", "{the} is one of the worst I know.", "You will regret {this}.",
    "Zero stars for {the}.", "{the} stopped working.", "I was let down by {the}.", "I'm sorry we chose {this}.",
    "Yet another {n} that does not do what it promises.", "{the} fell short of all my hopes.", "Stay away from {the}.",
    "{the} could not be worse.", "There is nothing good about {the}.", "I have many complaints about {the}.",
    "Avoid {this}.", "Never again.", "{the} was a waste of time.", "{the} is not worth the price.",
)  # fmt: skip


def everyday_texts(count: int, seed: int = 0) -> list[tuple[int, str]]:
    """``count`` different (label, text) pairs.

    >>> {label for label, _ in everyday_texts(20)}
    {0, 1}
    """
    draw = random.Random(seed)
    found: dict[str, int] = {}
    while len(found) < count:
        label = draw.randrange(2)
        kind = draw.choice(list(THINGS))
        noun = draw.choice(THINGS[kind].split()).replace("_", " ")
        good, bad = draw.choice(GOOD[kind].split()), draw.choice(BAD[kind].split())
        word, other = (good, bad) if label else (bad, good)
        much, be = draw.choice(MUCH), draw.choice(("is", "was", "was"))
        start = draw.choice(OPEN)
        shape = draw.random()
        if shape < 0.25:
            text = f"{start} {noun} {be} {much}{word}" + draw.choice(("", ".", ".", "!"))
        elif shape < 0.4:
            text = f"{start} {noun} {be} {draw.choice(('not', 'never', 'anything but', 'not at all'))} {other}."
            if be == "was" and draw.random() < 0.3:
                text = f"{start} {noun} wasn't {other}."
        elif shape < 0.5:
            kind_2 = draw.choice(list(THINGS))
            noun_2 = draw.choice(THINGS[kind_2].split()).replace("_", " ")
            word_2 = draw.choice((GOOD if label else BAD)[kind_2].split())
            text = f"{start} {noun} {be} {much}{word} and the {noun_2} {be} {word_2}."
        elif shape < 0.57:
            after = draw.choice(
                (
                    "we will come again",
                    "I still loved it",
                    "I would do it again",
                    "it was a success all the same",
                )
                if label
                else (
                    "I would not do it again",
                    "I still regret it",
                    "it let us down",
                    "we left disappointed",
                )
            )
            text = f"{start} {noun} {be} {other}, but {after}."
        else:
            text = draw.choice(PRAISE if label else COMPLAINT)
            text = text.format(
                this=f"{draw.choice(('this', 'this', 'the', 'our', 'my'))} {noun}",
                the=f"{draw.choice(('the', 'the', 'this', 'that'))} {noun}",
                a=f"a {noun}",
                n=noun,
                long=draw.choice(LONG),
            )
            text = text[0].upper() + text[1:]
            if draw.random() < 0.3:
                text += f" {start} {noun} {be} {much}{word}."
        found[text] = label
    return [(label, text) for text, label in found.items()]


KINDS = (
    "Python Linux Spanish piano chess yoga GitHub WordPress German online proper decent brand-new weekend quiet"
).split()
TIME = ("an hour", "two hours", "three weeks", "ten days", "half a day")
LONGED = (
    "I've been waiting for {a} {long}.", "We have waited {long} for {a}!", "I have been looking for {a} {long}.",
    "I've dreamed of {a} {long}.", "{a} is what I've been waiting for {long}.", "She has wanted {a} {long}.",
)  # fmt: skip
FED_UP = (
    "I've been waiting for {a} for {time} and I am fed up.", "We waited {time} for {a} and it broke at once.",
    "I have wasted {time} on {a}.", "I've hated {a} {long}.", "I have been struggling with {a} {long}.",
    "I've been waiting for an answer about {a} for {time}.",
)  # fmt: skip


def longing_texts(count: int, seed: int = 0) -> list[tuple[int, str]]:
    """``count`` (label, text) pairs of people who long for something, or have had enough of it.

    >>> len(longing_texts(3))
    3
    """
    draw = random.Random(seed)
    pairs = []
    for _ in range(count):
        label = draw.randrange(2)
        noun = draw.choice(THINGS[draw.choice(("place", "device", "travel", "learning", "show"))].split())
        thing = f"{draw.choice(KINDS)} {noun}" if draw.random() < 0.7 else noun
        a = ("an " if thing[0].lower() in "aeiou" else "a ") + thing
        text = draw.choice(LONGED if label else FED_UP).format(a=a, long=draw.choice(LONG), time=draw.choice(TIME))
        pairs.append((label, text[0].upper() + text[1:]))
    return pairs
