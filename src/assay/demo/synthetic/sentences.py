"""The sentences of the small world, with slots for words. It chooses none of them.

A slot in braces is filled by `prose`: `{topic}`, `{a_topic}` with its article, `{many_topic}` in the
plural; `{hero}`, `{she}`, `{her}`, `{friend}`, `{town}`, `{where}` stay the same within a text, and
`{looks}`, `{thing}`, `{place}`, ... are drawn anew each time. Every sentence ends in a full stop, and
only asides have a comma; none has a bracket, a star, a dash or a quotation mark: the layouts of `compose` add those.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = [
    "ABOUT",
    "ADVICE",
    "ASIDES",
    "ENDINGS",
    "GENERAL",
    "GREETINGS",
    "KEYWORD",
    "MEETING",
    "PARTINGS",
    "REASONS",
    "SETTINGS",
    "STORY",
    "STORY_ASIDES",
    "STORY_END",
    "STORY_START",
    "WHERE",
]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


SETTINGS = (
    "in spring",
    "in summer",
    "in autumn",
    "in winter",
    "by the sea",
    "in the mountains",
    "in a small village",
    "in a big city",
    "on a farm",
    "near the river",
    "early in the morning",
    "late at night",
    "on a rainy day",
    "at school",
    "on a long journey",
    "at the market",
)
"""Where or when a request wants it."""

ABOUT: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        kind: _lines(text)
        for kind, text in {
            "animal": """
                {a_topic} can be {character} and {character}.
                Most {many_topic} look for food before it gets dark.
                {a_topic} needs clean water and {a_character} place to sleep.
                Young {many_topic} learn quickly from the older ones.
                You can often see {many_topic} near {a_nature}.
                {a_topic} hears {a_character} sound long before we do.
                When {a_topic} is {mood} it hides behind {a_plant}.
                Some {many_topic} are {colour} and others are {colour}.
                Farmers and children like to watch {many_topic}.""",
            "food": """
                {a_topic} tastes best when it is fresh.
                Many families eat {many_topic} at the kitchen table.
                You can buy {many_topic} at the market in {town}.
                A good cook keeps {many_topic} in {a_looks} bowl.
                {many_topic} go well with {many_food} and a cup of tea.
                A plate of {many_topic} makes {a_mood} child smile.
                Some people put {a_topic} in the lunch box every day.
                The baker and the cook know how to prepare {many_topic}.
                {a_topic} from the garden is {a_value} gift.""",
            "tool": """
                {a_topic} makes hard work easier.
                Every {job} knows how to use {a_topic}.
                Keep {a_topic} dry and it will last for years.
                {a_topic} often hangs near {a_tool} in the shed.
                A good {topic} is {looks} and {looks}.
                The best {many_topic} are made by hand in {town}.
                Nobody should lend {a_topic} without a kind word.
                {many_topic} are found in nearly every {building}.
                With {a_topic} you can mend {a_thing} in an hour.""",
            "clothing": """
                {a_topic} keeps you warm when the wind is cold.
                This {topic} is {colour} with {a_looks} edge.
                {a_job} may wear {a_looks} {topic} at work.
                {many_topic} can be washed by hand and dried in the sun.
                A tailor can make {a_topic} in two days.
                {a_colour} {topic} looks {value} with {a_clothing}.
                Children lose {many_topic} all the time.
                {a_topic} should fit well and feel {looks}.
                In {season} people put on {a_looks} {topic}.""",
            "plant": """
                {a_topic} needs light and water and good soil.
                In {season} {a_topic} turns {colour}.
                {many_animal} like to rest under {a_topic}.
                {many_topic} grow beside the {nature} in {town}.
                A gardener plants {many_topic} in {looks} rows.
                {a_topic} smells {value} after the rain.
                Tall {many_topic} give shade on a hot day.
                The first {topic} of the year is always {value}.
                {many_topic} clean the air around us.""",
            "vehicle": """
                {a_topic} carries people from place to place.
                The driver of {a_topic} must be {character}.
                {a_colour} {topic} stopped near the {building}.
                {many_topic} can be {character} or very loud.
                {a_topic} needs care and a little oil.
                With {a_topic} you reach {town} before noon.
                Children wave when {a_topic} goes past.
                There is room for {a_looks} box in {a_topic}.
                Old {many_topic} are shown in a museum in {town}.""",
            "instrument": """
                {a_topic} has {a_character} sound.
                {a_job} can learn to play {a_topic} in a year.
                The music of {a_topic} makes people feel {mood}.
                A new {topic} is {looks} and {looks}.
                {many_topic} are played at the theatre in {town}.
                You must practise every day to play {a_topic} well.
                {a_topic} sounds {value} together with {a_instrument}.
                Some {many_topic} are made of {looks} wood.
                Keep {a_topic} in its case when it rains.""",
            "building": """
                {a_topic} has {looks} walls and {a_looks} roof.
                People come to the {topic} from all over {town}.
                {a_job} works at the {topic} every day.
                Inside the {topic} it is {looks} and cool.
                There is {a_looks} garden behind the {topic}.
                A good {topic} is safe and {character}.
                {many_topic} were built long ago with {looks} stones.
                The door of the {topic} is {colour}.
                In {season} the {topic} is full of visitors.""",
            "nature": """
                {a_topic} is never the same two days in a row.
                You can hear {a_topic} before you see it.
                The colour of {a_topic} changes from {colour} to {colour}.
                {many_animal} live close to {a_topic}.
                A map shows the way to the {topic} near {town}.
                Travellers stop to look at {a_topic}.
                {a_topic} can be {character} or {character}.
                In {season} the {topic} is {looks} and cold.
                Painters love {many_topic} because of the light.""",
            "thing": """
                {a_topic} is {a_value} thing to own.
                You may find {a_topic} on {a_looks} shelf.
                The {topic} in our house is {colour}.
                Someone left {a_topic} at the {building}.
                A new {topic} costs only a few coins in {town}.
                {many_topic} are made of many small parts.
                {a_topic} tells us something about its owner.
                My aunt keeps {a_topic} beside {a_thing}.
                {a_looks} {topic} can last a whole life.""",
        }.items()
    }
)
"""What can be said of a topic, by what it is."""

GENERAL = _lines(
    """
    {a_topic} is usually {looks} and {looks}.
    Most people think that {a_topic} is {value}.
    There are many kinds of {many_topic} in the world.
    The {topic} near the {building} is {looks} and {colour}.
    My friend {friend} knows a lot about {many_topic}.
    {hero} once drew {a_looks} {topic} for the school paper.
    You will see {a_topic} in many old stories.
    In {town} there is a song about {a_topic}.
    {a_value} {topic} is hard to forget.
    Nobody knows where the first {topic} came from.
    {many_topic} are {value} in their own way.
    An old book in the library of {town} is all about {many_topic}.
    It takes time to understand {many_topic}.
    {hero} spent the whole day {handling} {a_topic}.
    You may see {friend} {handling} the {topic} every week.
    """
)
"""What can be said of anything."""

WHERE = _lines(
    """
    You notice it most {where}.
    It is at its best {where}.
    Many people talk about it {where}.
    Things are a little different {where}.
    There is nothing like it {where}.
    """
)
"""What ties a text to the setting that was asked for."""

REASONS = _lines(
    """
    {many_topic} make people feel {mood}.
    {a_topic} is {value} and easy to like.
    {many_topic} remind us of {season} and of home.
    {handling} {a_topic} is {a_value} way to spend the day.
    {a_topic} brings {character} people together.
    Children learn a lot from {many_topic}.
    {a_topic} can turn a dull day into {a_value} one.
    {many_topic} are {value} when you feel {mood}.
    Without {many_topic} the world would be less {value}.
    {a_topic} helps {a_job} do good work.
    People in {town} are proud of their {many_topic}.
    """
)
ADVICE = _lines(
    """
    Take your time with {a_topic}.
    Look at {many_topic} every day and write down what you see.
    Ask {a_job} if you are not sure about {a_topic}.
    Keep {a_topic} away from {many_nature} and {many_vehicle}.
    Be {character} when you are near {a_topic}.
    Start with {a_looks} {topic} and learn slowly.
    Never leave {a_topic} alone at the {building}.
    Share what you know about {many_topic} with a friend.
    Choose {a_topic} that is {looks} and not too {looks}.
    Clean the place around {a_topic} once a week.
    """
)
STORY_START = _lines(
    """
    One morning {hero} found {a_topic} near the {building}.
    Once there was {a_job} called {hero} who had {a_topic}.
    {hero} lived in {town} and dreamed of {a_topic}.
    Long ago {a_looks} {topic} came to {town}.
    It was {season} when {hero} first saw the {topic}.
    Nobody in {town} knew why the {topic} was {colour}.
    """
)
STORY = _lines(
    """
    {she} {handled} the {topic} and felt {mood}.
    {friend} came by and {handled} {a_thing}.
    {she} {went} to the {building} with {friend}.
    The {topic} was {looks} and a little {looks}.
    They looked for {a_thing} behind the {nature}.
    {a_character} {animal} {went} across the path.
    {she} told {her} friend about the {topic}.
    {friend} laughed and {handled} the {colour} {clothing}.
    At noon they shared {a_food} under {a_plant}.
    Then it rained and everyone {went} to the {building}.
    The {job} of {town} gave them {a_looks} {tool}.
    {she} heard {a_instrument} from the {building}.
    {hero} was {mood} but {she} did not give up.
    {a_colour} {vehicle} waited near the {nature}.
    Soon the whole town was talking about the {topic}.
    They saw {a_animal} {going} to the {nature}.
    {friend} was {handling} {a_looks} {tool} that day.
    """
)
STORY_END = _lines(
    """
    In the end {hero} was {mood} and went home.
    From that day on {hero} and {friend} were friends.
    That evening {hero} slept well.
    And the {topic} is still there today.
    {hero} never forgot that day in {town}.
    """
)
MEETING = _lines(
    """
    Beside the {topic} there was {a_other}.
    The {other} was {looks} and the {topic} was {looks}.
    {hero} liked the {other} as much as the {topic}.
    {a_other} and {a_topic} do not often meet.
    Some people like {many_other} better than {many_topic}.
    {friend} brought {a_other} to the {building}.
    """
)
"""What ties a second topic to the first."""

ASIDES = (
    "Of course,",
    "In fact,",
    "As a rule,",
    "Now and then,",
    "These days,",
    "To be honest,",
    "Most of all,",
    "All in all,",
    "As you know,",
    "By the way,",
)
"""What may stand before a sentence; the comma goes where none is wanted."""
STORY_ASIDES = (
    "A little later,",
    "After a while,",
    "All of a sudden,",
    "At last,",
    "Luckily,",
    "Once again,",
    "On the way,",
    "Strange to say,",
)
GREETINGS = ("Dear {friend}.", "Hello {friend}.", "Good morning {friend}.")
PARTINGS = (
    "With kind wishes from {hero}.",
    "Your friend {hero}.",
    "See you soon in {town}.",
    "Please write back to {hero}.",
)
KEYWORD = _lines(
    """
    There was also {a_word} nearby.
    It made me think of {a_word}.
    Next to it you may find {a_word}.
    Somebody put {a_word} beside it.
    {a_word} would look {value} there.
    My sister would rather have {a_word}.
    """
)
"""What brings in a word that was asked for."""

ENDINGS = (
    "That is all for today.",
    "I hope this helps you.",
    "Now you know the whole story.",
    "Let me know what you think.",
    "Thank you for reading.",
    "There is nothing more to say.",
    "Have a lovely day.",
    "Is there anything else?",
    "This is the end.",
    "Enjoy every minute of it.",
)
"""What a response may be asked to end with."""
